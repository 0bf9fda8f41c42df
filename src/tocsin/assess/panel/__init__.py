"""The panel: what was counted in each cell and month, and where nothing is known."""

from tocsin.assess.panel.model import TARGETS, Panel

__all__ = ["TARGETS", "Panel"]
