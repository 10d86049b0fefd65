"""Verdicts: what is wrong with a net, in words, with its numbers and a way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap
from typing import Any, Final, Literal, TypeAlias

from .._tools.text import jsonable, unknown
from ..report.reported import Reported
from ..tables import Table

__all__ = [
    "CODES",
    "TOPICS",
    "Judged",
    "Severity",
    "Verdict",
    "in_order",
    "layer_label",
    "layer_name",
    "verdict_table",
    "wrapped",
]

Severity: TypeAlias = Literal["error", "warning", "note"]

# In the order in which causes hide each other: the first verdict is the one to act on.
CODES: Final = (
    "non_finite",
    "diverged",
    "zero_gradient",
    "dead",
    "symmetric",
    "exploding",
    "saturated",
    "confident_wrong",
    "too_small",
    "stuck",
    "healthy",
)
TOPICS: Final[Mapping[str, frozenset[str]]] = {
    "symmetry": frozenset({"symmetric"}),
    "saturation": frozenset({"saturated", "dead"}),
    "gradient": frozenset({"zero_gradient", "dead", "too_small", "exploding"}),
    "scale": frozenset({"too_small", "saturated", "exploding", "confident_wrong"}),
    "loss": frozenset({"confident_wrong", "stuck", "diverged"}),
    "finite": frozenset({"non_finite", "diverged"}),
}


@dataclass(frozen=True)
class Verdict:
    """One finding.

    Parameters
    ----------
    code : str
        What it is, one of `CODES`.
    layer : int or None
        Which layer, from 1; None for the whole net.
    severity : str
        "error": the net, or a whole layer, will not learn as it should. "warning": part of it is
        wasted, or slow. "note": worth knowing, no alarm.
    evidence : dict
        The numbers it rests on.
    sentence : str
        What is the matter.
    fix : str
        What to do; empty where there is nothing to do.
    """

    code: str
    layer: int | None
    severity: Severity
    evidence: Mapping[str, Any]
    sentence: str
    fix: str = ""

    def __str__(self) -> str:
        """Return one line."""
        where = "" if self.layer is None else f" (layer {self.layer})"
        fix = f" {self.fix}" if self.fix else ""
        return f"{self.severity}: {self.code}{where}: {self.sentence}{fix}"

    def to_dict(self) -> dict[str, Any]:
        """Return it in values that JSON can hold."""
        return {
            "code": self.code,
            "layer": self.layer,
            "severity": self.severity,
            "evidence": jsonable(self.evidence),
            "sentence": self.sentence,
            "fix": self.fix,
        }


class Judged(Reported):
    """What a result with verdicts says of itself: the base of `Diagnosis` and `Audit`."""

    verdicts: tuple[Verdict, ...]

    @property
    def verdict(self) -> Verdict:
        """The first one: the one to act on."""
        return self.verdicts[0]

    @property
    def alarms(self) -> tuple[Verdict, ...]:
        """Errors and warnings."""
        return tuple(verdict for verdict in self.verdicts if verdict.severity != "note")

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the alarms, each once; ("healthy",) if there are none."""
        return tuple(dict.fromkeys(verdict.code for verdict in self.alarms)) or ("healthy",)

    def ok(self, topic: str | None = None) -> bool:
        """Tell whether a topic has no error and no warning.

        Parameters
        ----------
        topic : str, optional
            "symmetry", "saturation", "gradient", "scale", "loss", "finite", or a verdict's code;
            all by default.

        Returns
        -------
        bool

        Raises
        ------
        ValueError
            If there is no such topic.
        """
        alarms = {verdict.code for verdict in self.alarms}
        if topic is None or topic == "healthy":
            return not alarms
        if topic not in TOPICS and topic not in CODES:
            raise ValueError(unknown("topic", topic, [*TOPICS, *CODES]))
        return not alarms & TOPICS.get(topic, frozenset({topic}))


def in_order(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return them sorted: "healthy" before all, else by severity and cause."""
    severities = ("error", "warning", "note")

    def rank(verdict: Verdict) -> tuple[bool, int, int]:
        index = severities.index(verdict.severity)
        return verdict.code != "healthy", index, CODES.index(verdict.code)

    return tuple(sorted(verdicts, key=rank))


def verdict_table(
    title: str, verdicts: Iterable[Verdict], names: dict[int, str], width: int | None = None
) -> Table:
    """Return one row per verdict.

    Parameters
    ----------
    title : str
        Line above it.
    verdicts : iterable of Verdict
        The rows.
    names : dict of int to str
        Names of the layers by their number.
    width : int, optional
        Break evidence and fix into lines of this many characters, each a row.

    Returns
    -------
    Table
    """
    rows: list[tuple[str, ...]] = [
        (
            verdict.severity,
            layer_label(verdict.layer, names.get(verdict.layer or 0, "")),
            verdict.code,
            verdict.sentence,
            verdict.fix,
        )
        for verdict in verdicts
    ]
    if width is not None:
        rows = [line for row in rows for line in wrapped(row, width)]
    return Table(title, ("severity", "layer", "verdict", "evidence", "fix"), tuple(rows))


def wrapped(row: Sequence[str], width: int) -> list[tuple[str, ...]]:
    """Break the cells of a row into lines of at most `width` characters, one row per line."""
    columns = [wrap(cell, width) for cell in row]
    return list(zip_longest(*columns, fillvalue=""))


def layer_label(number: int | None, name: str) -> str:
    """Write the number of a layer, with its name where it has one; "net" for None."""
    if number is None:
        return "net"
    return f"{number} ({name})" if name and name != layer_name(number) else str(number)


def layer_name(number: int) -> str:
    """Return the name of a layer that has none."""
    return f"layer {number}"
