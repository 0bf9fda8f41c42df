"""The panel: what was counted in each cell and month, and where nothing is known."""

from tocsin.assess.panel.model import ASKED, TARGETS, TOTAL, Panel

__all__ = ["ASKED", "TARGETS", "TOTAL", "Panel"]
