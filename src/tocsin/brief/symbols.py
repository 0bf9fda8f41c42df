"""Signs on the map: one shape per family of units, the numbered discs, and the two colours they are drawn in."""

from tocsin.core.codes import UnitKind
from tocsin.core.words import mark

INK = "#1d1b19"
PAPER = "#ffffff"
UNIT_BLUE = "#0b3d78"

# Family → (a kind of it, its name). Kinds that a reader of a two-page brief would not tell apart share a shape.
FAMILIES: dict[str, tuple[UnitKind, str]] = {
    "hq": (UnitKind.HQ, mark("Headquarters")),
    "base": (UnitKind.BASE, mark("Base")),
    "tob": (UnitKind.TOB, mark("Temporary operating base")),
    "qrf": (UnitKind.QRF, mark("Quick reaction force")),
    "helicopter": (UnitKind.HELICOPTER, mark("Helicopters")),
    "police": (UnitKind.FPU, mark("Police")),
    "observer": (UnitKind.OBSERVER, mark("Military observers")),
    "medical": (UnitKind.MEDICAL, mark("Medical")),
    "engineer": (UnitKind.ENGINEER, mark("Engineers")),
    "cla": (UnitKind.CLA, mark("Community liaison assistants")),
    "other": (UnitKind.OTHER, mark("Other unit")),
}

FAMILY: dict[UnitKind, str] = {
    UnitKind.BASE: "base",
    UnitKind.TOB: "tob",
    UnitKind.QRF: "qrf",
    UnitKind.HELICOPTER: "helicopter",
    UnitKind.FPU: "police",
    UnitKind.IPO: "police",
    UnitKind.OBSERVER: "observer",
    UnitKind.MEDICAL: "medical",
    UnitKind.ENGINEER: "engineer",
    UnitKind.CLA: "cla",
    UnitKind.HQ: "hq",
    UnitKind.OTHER: "other",
}

_SHAPES = {
    "base": "M-4.5-4.5H4.5V4.5H-4.5Z",
    "tob": "M0-5.8L5.6 4.6H-5.6Z",
    "qrf": "M-5-5L0-5L5.5 0L0 5L-5 5L0 0Z",
    "helicopter": "M-5.5-3L-3-5.5L0-2.5L3-5.5L5.5-3L2.5 0L5.5 3L3 5.5L0 2.5L-3 5.5L-5.5 3L-2.5 0Z",
    "police": "M0-6.2L5 0L0 6.2L-5 0Z",
    "observer": "M0 5.8L5.6-4.6H-5.6Z",
    "medical": "M-2-5.5H2V-2H5.5V2H2V5.5H-2V2H-5.5V-2H-2Z",
    "engineer": "M-2.9-5L2.9-5L5.8 0L2.9 5L-2.9 5L-5.8 0Z",
    "cla": "M0-5A5 5 0 1 1 0 5A5 5 0 1 1 0-5Z",
    "hq": "M0-6.8L2-2.2L6.8-1.9L3.1 1.3L4.3 6.2L0 3.5L-4.3 6.2L-3.1 1.3L-6.8-1.9L-2-2.2Z",
    "other": "M-5.5-2.8H5.5V2.8H-5.5Z",
}


def symbol(kind: UnitKind, x: float, y: float, known: bool) -> str:
    """The sign of a unit at a pixel position: filled where its strength is known, hollow where it is not."""
    shape = _SHAPES[FAMILY[kind]]
    place = f'transform="translate({x:.1f} {y:.1f})"'
    edge = f'<path class="unit-edge" {place} d="{shape}" fill="none" stroke="{PAPER}" stroke-width="3.4"/>'
    css, fill = ("unit", UNIT_BLUE) if known else ("unit unknown", PAPER)
    return edge + (
        f'<path class="{css}" {place} d="{shape}" fill="{fill}" stroke="{UNIT_BLUE}" stroke-width="1.3" '
        'stroke-linejoin="round"/>'
    )


def disc(x: float, y: float, words: str) -> str:
    """A numbered black disc with a white edge."""
    return (
        f'<circle class="disc" cx="{x:.1f}" cy="{y:.1f}" r="8.2" fill="{INK}" stroke="{PAPER}" stroke-width="1.4"/>'
        f'<text class="disc-number" x="{x:.1f}" y="{y + 3.7:.1f}" font-size="10.5" font-weight="bold" '
        f'text-anchor="middle" fill="{PAPER}">{words}</text>'
    )
