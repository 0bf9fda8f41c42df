"""What was found in a file that somebody may import."""

from dataclasses import dataclass, field
from typing import Any

from tocsin.listen.imports.samples import Sample
from tocsin.listen.sources.model import Imported


@dataclass
class Looked:
    """What a file is, how it would be read, and what an import would do.

    Parameters
    ----------
    layout : str or None
        None where its columns fit no layout: a person says what it is.
    columns : list of str
        The file's first row.
    examples : list of list of str
        Some values of each column.
    chosen : dict
        Which of the file's columns each of ours is.
    lacking : list of str
        Our columns that were not found and without which no row can be read.
    fields, samples
        The first rows as they would be read.
    would : Imported or None
        What an import would do; None while a column is lacking.
    rejects : list of (line, reason)
        The first rows that cannot be used.
    """

    layout: str | None
    columns: list[str]
    examples: list[list[str]]
    chosen: dict[str, str] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    would: Imported | None = None
    rejects: list[tuple[int, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As it is kept and given."""
        would = None if self.would is None else self.would.to_json()
        if would is not None:
            would.pop("rejects_file")
        return {
            "layout": self.layout, "columns": self.columns, "examples": self.examples, "chosen": self.chosen,
            "lacking": self.lacking, "fields": self.fields,
            "samples": [{"line": s.line, "values": list(s.values), "problem": s.problem} for s in self.samples],
            "would": would, "rejects": [{"line": line, "reason": why} for line, why in self.rejects],
        }  # fmt: skip
