"""What a posture is associated with: a model of protection with all its uncertainty, and a prior that includes nothing.

Expected deaths in a cell = Σ over actors of the forecast × exp(presence) × (1 - projection), plus what is displaced
from its neighbours. Every parameter is drawn from `protection.toml`; results are intervals over those draws and the
forecast's, and the word is association.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadFile, BadInput
from tocsin.core.geometry import distance_km
from tocsin.core.toml import read_toml
from tocsin.listen.deployments import Unit

Floats = npt.NDArray[np.float64]

DEFAULTS = Path(__file__).with_name("protection.toml")
DRAWN = (
    "troops_rebel", "troops_government", "base_rebel", "base_government", "police_per_100", "displaced", "projection",
    "projection_fades_hours", "further", "civilians_with_others",
)  # fmt: skip
FORCE = frozenset({UnitKind.BASE, UnitKind.TOB, UnitKind.QRF, UnitKind.FPU})
CIVIL = frozenset({UnitKind.IPO, UnitKind.CLA})


@dataclass(frozen=True)
class Prior:
    """Distributions of the parameters, where each comes from, and the range beyond which nothing is said."""

    shapes: dict[str, tuple[str, tuple[float, ...]]]
    sources: dict[str, str]
    near_km: float
    full_size: float
    most_troops: float
    most_police: float

    def draw(self, n: int, rng: np.random.Generator) -> dict[str, Floats]:
        """`n` joint draws of every parameter."""
        found = {}
        for name, (shape, numbers) in self.shapes.items():
            if shape == "normal":
                found[name] = rng.normal(numbers[0], numbers[1], n)
            elif shape == "beta":
                found[name] = rng.beta(numbers[0], numbers[1], n)
            else:
                found[name] = np.full(n, numbers[0])
        return found


def read_prior(path: Path = DEFAULTS) -> Prior:
    """Parameters of the protection model from a TOML file of the form of ``protection.toml``.

    Raises
    ------
    BadFile
        If an entry is missing, has no source, or no distribution we know.
    """
    raw = read_toml(path)
    try:
        return _prior(raw, path)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        raise BadFile(
            "{name} has a value that cannot be ({why}): compare it with the one that ships with the program",
            name=path.name, why=problem,
        ) from problem  # fmt: skip


def _prior(raw: dict[str, Any], path: Path) -> Prior:
    shapes: dict[str, tuple[str, tuple[float, ...]]] = {}
    sources = {}
    for name in DRAWN:
        row = raw.get(name, {})
        kind = next((k for k in ("normal", "beta", "fixed") if k in row), None)
        if kind is None or not row.get("source"):
            raise BadFile("{file}: {name} needs a distribution and a source", file=path.name, name=name)
        numbers = tuple(float(v) for v in (row[kind] if isinstance(row[kind], list) else [row[kind]]))
        if len(numbers) != (1 if kind == "fixed" else 2) or (kind == "normal" and numbers[1] < 0):
            raise BadFile("{file}: {name} has a distribution that cannot be", file=path.name, name=name)
        shapes[name] = (kind, numbers)
        sources[name] = str(row["source"])
    limits = raw.get("limits", {})
    try:
        values = [float(limits[k]) for k in ("near_km", "full_size", "most_troops", "most_police")]
    except (KeyError, TypeError, ValueError) as problem:
        raise BadFile("{file}: the table [limits] is not complete", file=path.name) from problem
    return Prior(shapes, sources, *values)


@dataclass(frozen=True)
class Compared:
    """Expected deaths under two postures: an association, over draws of the model and (if given) the forecast.

    `change` is after less before (below zero: fewer deaths); `better` the share of draws with fewer.
    """

    before: float
    after: float
    change: float
    change_low: float
    change_high: float
    better: float
    displaced: float
    by_actor: dict[str, float]
    words: str


def harm(
    units: Sequence[Unit],
    hours: Floats,
    lon: Floats,
    lat: Floats,
    rebel: Floats,
    government: Floats,
    neighbours: csr_matrix,
    prior: Prior,
    draws: dict[str, Floats],
    reference_troops: int,
    reference_police: int,
) -> tuple[Floats, Floats, Floats]:
    """Expected deaths per draw by rebels, by government forces, and displaced (part of the first).

    Parameters
    ----------
    units : sequence of Unit
        Strengths must be known for units of force and of civilians.
    hours : ndarray, shape (n_units, n_cells)
    rebel, government : ndarray, shape (n_cells,) or (n_draws, n_cells)
        Deaths expected if nothing about the posture mattered.
    neighbours : csr_matrix, shape (n_cells, n_cells)
        Which cells touch (`core.lattice.adjacency`).
    reference_troops, reference_police : int
        In the country under the posture in which the forecast was made.

    Returns
    -------
    rebel, government, displaced : ndarray, shape (n_draws,)
    """
    for row, unit in enumerate(units, start=1):
        if unit.strength is None and unit.kind in FORCE | CIVIL:
            raise BadInput(
                "unit {row} ({name}) has no strength: give one, or leave the unit out", row=row, name=unit.name
            )
    troops = sum(u.strength or 0 for u in units if u.kind in FORCE and u.kind is not UnitKind.FPU)
    police = sum(u.strength or 0 for u in units if u.kind in (UnitKind.FPU, UnitKind.IPO))
    for given, most, what in ((troops, prior.most_troops, "troops"), (police, prior.most_police, "police")):
        if given > most:
            raise BadInput(
                "{given} {what} are more than were ever observed ({most:g}); nothing can be said",
                given=given,
                what=what,
                most=most,
            )
    n_draws = len(draws["further"])
    n_cells = len(lon)
    force = [i for i, u in enumerate(units) if u.kind in FORCE and u.strength]
    civil = [i for i, u in enumerate(units) if u.kind in CIVIL and u.strength]
    size = np.array([min(1.0, (units[i].strength or 0) / prior.full_size) for i in force])
    near = np.zeros((len(force), n_cells))
    if force:
        x, y = (np.array([getattr(units[i], k) for i in force]) for k in ("lon", "lat"))
        near = (distance_km(x[:, None], y[:, None], lon, lat) <= prior.near_km) * size[:, None]
    near = -np.sort(-near, axis=0)[:6]  # the largest first; a seventh adds next to nothing
    worth = draws["further"][:, None] ** np.arange(len(near))
    presence = worth @ near if len(near) else np.zeros((n_draws, n_cells))
    together = np.zeros(n_cells)
    if civil and force:
        x, y = (np.array([getattr(units[i], k) for i in civil]) for k in ("lon", "lat"))
        helped = (distance_km(x[:, None], y[:, None], lon, lat) <= prior.near_km).any(axis=0)
        together = (helped & (near[0] > 0)).astype(float)
    responding = [i for i, u in enumerate(units) if u.kind in FORCE | {UnitKind.HELICOPTER} and u.strength != 0]
    first = np.min(hours[responding], axis=0, initial=np.inf)
    arrival = np.exp(-first[None, :] / draws["projection_fades_hours"][:, None])
    saved = np.clip(draws["projection"], 0, 1)[:, None] * arrival
    country = (troops - reference_troops) / 1000
    police_log = draws["police_per_100"] * (police - reference_police) / 100
    civil_log = draws["civilians_with_others"][:, None] * together
    by_rebel = np.exp(
        draws["base_rebel"][:, None] * presence + civil_log + (draws["troops_rebel"] * country + police_log)[:, None]
    )
    by_state = np.exp(draws["base_government"][:, None] * presence + (draws["troops_government"] * country)[:, None])
    rebel_now = rebel * by_rebel * (1 - saved)
    state_now = government * by_state
    averted = np.maximum(rebel - rebel_now, 0)
    degree = np.asarray(neighbours.sum(axis=1)).ravel()
    moved = draws["displaced"][:, None] * averted * (degree > 0)
    return rebel_now.sum(axis=1) + moved.sum(axis=1), state_now.sum(axis=1), moved.sum(axis=1)


def compare(
    before: tuple[Sequence[Unit], Floats],
    after: tuple[Sequence[Unit], Floats],
    lon: Floats,
    lat: Floats,
    rebel: Floats,
    government: Floats,
    neighbours: csr_matrix,
    rng: np.random.Generator,
    prior: Prior | None = None,
    n_draws: int = 500,
) -> Compared:
    """What a change of posture is associated with: the same draws for both, so that only the change differs.

    The forecast already holds the present posture, so what presence is worth now is taken out first: the deaths of
    `rebel` and `government` are those expected under `before`.

    Parameters
    ----------
    before, after : pairs of units and their hours, shape (n_units, n_cells)
    """
    belief = prior or read_prior()
    draws = belief.draw(n_draws, rng)
    troops = sum(u.strength or 0 for u in before[0] if u.kind in FORCE and u.kind is not UnitKind.FPU)
    police = sum(u.strength or 0 for u in before[0] if u.kind in (UnitKind.FPU, UnitKind.IPO))
    tables = [
        harm(u, h, lon, lat, rebel, government, neighbours, belief, draws, troops, police) for u, h in (before, after)
    ]
    # scale so that the harm under the present posture is the forecast itself
    totals = [max(float(np.sum(v)), 0.0) for v in (rebel, government)]
    ratio = [np.divide(tables[1][k], tables[0][k], out=np.ones(n_draws), where=tables[0][k] > 0) for k in range(2)]
    later = [totals[k] * ratio[k] for k in range(2)]
    change = later[0] + later[1] - sum(totals)
    low, high = (float(v) for v in np.quantile(change, [0.05, 0.95]))
    better = float(np.mean(change < -1e-12))
    extra = (tables[1][2] - tables[0][2]) * np.divide(
        totals[0], tables[0][0], out=np.zeros(n_draws), where=tables[0][0] > 0
    )
    words = (
        f"Associated with {float(change.mean()):+.1f} deaths (90 % interval {low:+.1f} to {high:+.1f}); "
        f"fewer deaths in {100 * better:.0f} % of draws. An association, not a proven effect."
    )
    return Compared(
        sum(totals),
        float(sum(v.mean() for v in later)),
        float(change.mean()),
        low,
        high,
        better,
        float(extra.mean()),
        {"rebel": float(later[0].mean() - totals[0]), "government": float(later[1].mean() - totals[1])},
        words,
    )
