"""`tocsin why CELL --model M`: what the forecast of any model rests on, part by part, in plain words."""

from dataclasses import dataclass
from typing import Any

from tocsin.assess.forecast import MODELS, main_model, usual_models
from tocsin.assess.forecast.cells import LEAST_HISTORY
from tocsin.assess.forecast.model import Part
from tocsin.assess.panel import Panel
from tocsin.assess.why import NAMES
from tocsin.core.errors import BadInput
from tocsin.core.time import month_text
from tocsin.core.words import Translator

SHOWN = 8


@dataclass(frozen=True)
class Rests:
    """What one model's forecast of a cell and month rests on; shares of `parts` add up to 1, the largest first."""

    gid: int
    as_of: int
    step: int
    target: str
    model: str
    parts: tuple[Part, ...]

    def as_dict(self) -> dict[str, Any]:
        """For machines: the same, as plain values."""
        return {
            "priogrid_gid": self.gid,
            "as_of": month_text(self.as_of),
            "months_ahead": self.step,
            "target": self.target,
            "model": self.model,
            "parts": [
                {"what": p.what, "share": p.share, "priogrid_gid": p.gid,
                 "month": None if p.month is None else month_text(p.month), "factor": p.factor}
                for p in self.parts
            ],
        }  # fmt: skip


def goes_by(panel: Panel) -> str | None:
    """The model to tell of where nobody names one: None for `combined`, which has reasons of its own (`why`).

    A young mission has too few months for it, and is told what the model rests on that its plans go by.
    """
    return main_model(usual_models(panel.n_months, len(panel.gids))) if panel.n_months < LEAST_HISTORY else None


def rests_on(panel: Panel, target: str, cell: int, step: int, model: str) -> Rests:
    """Fit a model on a panel and take the forecast of a cell (index) apart.

    Raises
    ------
    BadInput
        If there is no such model.
    """
    if model not in MODELS:
        raise BadInput("'{name}' is not a model; there are: {known}", name=model, known=", ".join(MODELS))
    parts = MODELS[model]().fit(panel, target).explain(cell, step)
    return Rests(int(panel.gids[cell]), panel.as_of, step, target, model, tuple(parts))


def by_place(parts: tuple[Part, ...]) -> list[tuple[str, int | None, list[Part]]]:
    """Parts of one kind and place together, those with the largest share first."""
    found: dict[tuple[str, int | None], list[Part]] = {}
    for part in parts:
        found.setdefault((part.what, part.gid), []).append(part)
    rows = [(what, gid, mine) for (what, gid), mine in found.items()]
    return sorted(rows, key=lambda row: -sum(part.share for part in row[2]))


def in_words(found: Rests, _: Translator) -> list[str]:
    """The largest parts, months of one place together, as lines of text in a language."""
    lines = [_("What the forecast for {month} by the model {model} rests on:",
               month=_.month(found.as_of + found.step), model=found.model)]  # fmt: skip
    grouped = by_place(found.parts)
    for what, gid, parts in grouped[:SHOWN]:
        part, share = parts[0], _.percent(sum(one.share for one in parts), 1)
        months = sorted(one.month for one in parts if one.month is not None)
        if months:
            values = {"share": share, "n": _.number(len(months)), "gid": str(gid),
                      "first": _.month(months[0]), "last": _.month(months[-1])}  # fmt: skip
            if what == "month":
                line = _("{share}: one of {n} months of cell {gid}, {first} to {last}, may come again", **values)
            else:
                line = _(
                    "{share}: what followed {n} months of place {gid}, {first} to {last}, may follow here", **values
                )
        elif part.what == "pool":
            line = _("{share}: any month of any cell may come", share=share)
        elif part.what == "nothing":
            line = _("{share}: on no month at all", share=share)
        else:
            up = (part.factor or 1) >= 1
            times = _.number((part.factor or 1) if up else 1 / (part.factor or 1), 1)
            values = {"share": share, "name": _(NAMES[part.what]), "times": times}
            if up:
                line = _("{share}: {name}, {times} times higher than in a typical cell", **values)
            else:
                line = _("{share}: {name}, {times} times lower than in a typical cell", **values)
        lines.append("  " + line)
    rest = sum(part.share for _what, _gid, parts in grouped[SHOWN:] for part in parts)
    if rest > 0:
        lines.append("  " + _("{share}: {n} more of the same kind",
                              share=_.percent(rest, 1), n=_.number(len(grouped) - SHOWN)))  # fmt: skip
    lines.append(_("These are associations in the model, not causes."))
    return lines
