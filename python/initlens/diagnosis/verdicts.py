"""Verdicts: what is wrong with a net, in words, with its numbers and a way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from textwrap import wrap
from typing import Any, Final, Literal, TypeAlias

from .._tools.text import join, jsonable, unknown
from ..report.reported import Reported
from ..tables import Table
from .fixes import Fix

__all__ = [
    "CODES",
    "LEADS",
    "TOPICS",
    "Answer",
    "Judged",
    "Severity",
    "Verdict",
    "every",
    "in_order",
    "layer_label",
    "layer_name",
    "layer_numbers",
    "verdict_lines",
    "verdict_table",
    "wrapped",
]

Answer: TypeAlias = Literal["error", "unknown", "healthy"]
Severity: TypeAlias = Literal["error", "warning", "note"]

# In the order in which causes hide each other: the first verdict is the one to act on.
CODES: Final = (
    "non_finite",
    "diverged",
    "dead",
    "zero_gradient",
    "symmetric",
    "rate_too_large",
    "exploding",
    "saturated",
    "confident_wrong",
    "off_scale",
    "too_small",
    "lost_signal",
    "stuck",
    "unknown",
    "healthy",
)
LEADS: Final = ("healthy", "unknown")  # codes of the note that gives an answer; no failures
TOPICS: Final[Mapping[str, frozenset[str]]] = {
    "symmetry": frozenset({"symmetric"}),
    "saturation": frozenset({"saturated", "dead"}),
    "gradient": frozenset({"zero_gradient", "dead", "too_small", "lost_signal", "exploding"}),
    "scale": frozenset(
        {"too_small", "lost_signal", "saturated", "exploding", "confident_wrong", "off_scale"}
    ),
    "loss": frozenset({"confident_wrong", "off_scale", "rate_too_large", "stuck", "diverged"}),
    "rate": frozenset({"rate_too_large", "diverged"}),
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
        Which layer, from 1, the first of several; None for the whole net.
    severity : str
        "error": the net, or a whole layer, will not learn as it should. "warning": part of it is
        wasted, or slow. "note": worth knowing, no alarm.
    evidence : dict
        The numbers it rests on: those of `layer`. Where it concerns several layers, "by_layer"
        holds those of each.
    sentence : str
        What is the matter.
    fix : Fix
        What to do; falsy where there is nothing to do.
    name : str
        The model's own name of `layer`; empty where it has none.
    layers : tuple of int
        All layers that it concerns; `layer` alone by default.
    cause : str or None
        What it comes from, where that was found.
    therefore : tuple of Verdict
        What follows from it, and is mended with it.
    """

    code: str
    layer: int | None
    severity: Severity
    evidence: Mapping[str, Any]
    sentence: str
    fix: Fix = field(default_factory=Fix)
    name: str = ""
    layers: tuple[int, ...] = ()
    cause: str | None = None
    therefore: tuple[Verdict, ...] = ()

    def __post_init__(self) -> None:
        """Name the one layer among all."""
        if not self.layers and self.layer is not None:
            object.__setattr__(self, "layers", (self.layer,))

    def __str__(self) -> str:
        """Return one line, and an indented one for each verdict that follows from it."""
        head = f"{self.severity}: {self.code}{self._where()}: {self.sentence}"
        fix = f" {self.fix}" if self.fix else ""
        lines = [head + fix]
        for verdict in self.therefore:
            first, *rest = str(verdict).split("\n")
            lines += [f"  therefore: {first}", *(f"  {line}" for line in rest)]
        return "\n".join(lines)

    def _where(self) -> str:
        if not self.layers:
            return ""
        word = "layer" if len(self.layers) == 1 else "layers"
        name = f" {self.name}" if self.name and len(self.layers) == 1 else ""
        return f" ({word} {layer_numbers(self.layers)}{name})"

    def to_dict(self) -> dict[str, Any]:
        """Return it in values that JSON can hold."""
        return {
            "code": self.code,
            "layer": self.layer,
            "layers": list(self.layers),
            "name": self.name,
            "severity": self.severity,
            "cause": self.cause,
            "evidence": jsonable(self.evidence),
            "sentence": self.sentence,
            "fix": str(self.fix),
            "fix_code": self.fix.code,
            "therefore": [verdict.to_dict() for verdict in self.therefore],
        }


def every(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Yield the verdicts, each followed by those that are folded under it."""
    for verdict in verdicts:
        yield verdict
        yield from every(verdict.therefore)


class Judged(Reported):
    """What a result with verdicts says of itself: the base of `Diagnosis` and `Audit`."""

    verdicts: tuple[Verdict, ...]

    @property
    def answer(self) -> Answer:
        """Whether the start is fit to train: "error", "healthy", or "unknown".

        "error": an error was found. "healthy": the rules found what a start needs; warnings beside
        it tell what is wasted. "unknown": neither, or too little was given or read to tell.
        """
        if not self.ok:
            return "error"
        healthy = any(verdict.code == "healthy" for verdict in self.verdicts)
        return "healthy" if healthy else "unknown"

    @property
    def ok(self) -> bool:
        """Whether no error was found. It is no claim of health: see `answer`."""
        return not any(verdict.severity == "error" for verdict in every(self.verdicts))

    @property
    def _answer_text(self) -> str:
        """The answer as titles show it: "healthy", "error (symmetric)"."""
        return f"error ({self.verdict.code})" if self.answer == "error" else self.answer

    @property
    def verdict(self) -> Verdict:
        """The first one: the answer where there is no error, else the error to act on."""
        return self.verdicts[0]

    @property
    def alarms(self) -> tuple[Verdict, ...]:
        """Errors and warnings; what follows from one is in its `therefore`."""
        return tuple(verdict for verdict in self.verdicts if verdict.severity != "note")

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the alarms and of what follows from them, each once; without any, the answer."""
        found = (v.code for v in every(self.verdicts) if v.severity != "note")
        return tuple(dict.fromkeys(found)) or (self.answer,)

    def passes(self, topic: str) -> bool:
        """Tell whether a topic has no error and no warning.

        Parameters
        ----------
        topic : str
            "symmetry", "saturation", "gradient", "scale", "loss", "rate", "finite", or a
            verdict's code.

        Returns
        -------
        bool

        Raises
        ------
        ValueError
            If there is no such topic.
        """
        failures = [code for code in CODES if code not in LEADS]
        if topic not in TOPICS and topic not in failures:
            raise ValueError(unknown("topic", str(topic), [*TOPICS, *failures]))
        codes = TOPICS.get(topic, frozenset({topic}))
        return not any(v.code in codes and v.severity != "note" for v in every(self.verdicts))


def in_order(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return them sorted: the answer before all, else by severity, code and layer."""
    severities = ("error", "warning", "note")

    def rank(verdict: Verdict) -> tuple[bool, int, int, int]:
        index = severities.index(verdict.severity)
        return verdict.code not in LEADS, index, CODES.index(verdict.code), verdict.layer or 0

    return tuple(sorted(verdicts, key=rank))


def verdict_lines(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return the lines of the verdicts, as notes below a table."""
    return tuple(line for verdict in verdicts for line in str(verdict).split("\n"))


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
    rows = [row for verdict in verdicts for row in _rows(verdict, names, "")]
    if width is not None:
        rows = [line for row in rows for line in wrapped(row, width)]
    return Table(title, ("severity", "layer", "verdict", "evidence", "fix"), tuple(rows))


def _rows(verdict: Verdict, names: Mapping[int, str], before: str) -> Iterator[tuple[str, ...]]:
    """Yield the row of a verdict, and those of what follows from it."""
    label = layer_label(verdict.layer, verdict.name or names.get(verdict.layer or 0, ""))
    if len(verdict.layers) > 1:
        label = layer_numbers(verdict.layers)
    yield (verdict.severity, label, before + verdict.code, verdict.sentence, str(verdict.fix))
    for follower in verdict.therefore:
        yield from _rows(follower, names, "therefore: ")


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


def layer_numbers(layers: Sequence[int]) -> str:
    """Write "2", "2 and 3", "2-7", or "1, 3-5 and 8"."""
    runs: list[list[int]] = []
    for number in sorted(layers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [str(n) for run in runs for n in ((f"{run[0]}-{run[-1]}",) if len(run) > 2 else run)]
    return join(parts)
