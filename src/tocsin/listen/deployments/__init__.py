"""Who is deployed where: Geo-PKO and a mission's own units."""

from tocsin.listen.deployments.model import Unit

__all__ = ["Unit"]
