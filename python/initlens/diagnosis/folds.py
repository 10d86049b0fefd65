"""Folds: one finding is said once for all of its layers, and what follows from it under it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeAlias

from .._tools.text import join
from .fixes import Fix
from .verdicts import Severity, Verdict, layer_name, layer_numbers

__all__ = ["FOLLOWS", "Finding", "Place", "Words", "fold_consequences", "fold_layers", "spread"]

MOST_NAMES: Final = 3  # of layers in one sentence

# What a verdict brings about by itself: repair the first, and these go too. A whole layer that is
# off lets no gradient through; a signal that grows makes the outputs extreme; a run that ended at
# chance is the outcome of each of these faults.
FOLLOWS: Final[Mapping[str, frozenset[str]]] = {
    "non_finite": frozenset({"diverged", "stuck"}),
    "dead": frozenset({"zero_gradient", "too_small", "lost_signal", "stuck"}),
    "zero_gradient": frozenset({"too_small", "lost_signal", "stuck"}),
    "symmetric": frozenset({"too_small", "lost_signal", "stuck"}),
    "rate_too_large": frozenset({"exploding", "diverged", "stuck"}),
    "exploding": frozenset({"confident_wrong", "diverged", "stuck"}),
    "saturated": frozenset({"stuck"}),
    "confident_wrong": frozenset({"stuck"}),
    "off_scale": frozenset({"stuck"}),
    "too_small": frozenset({"stuck"}),
    "lost_signal": frozenset({"stuck"}),
}
_SEVERITIES: Final = ("note", "warning", "error")


class Finding(NamedTuple):
    """What a rule found in one layer, before it is put in words."""

    layer: int
    severity: Severity
    evidence: Mapping[str, Any]


class Place(NamedTuple):
    """The layers that a sentence is about, and the names that the model gives to layers."""

    layers: tuple[int, ...]
    names: Mapping[int, str]

    @property
    def many(self) -> bool:
        """Whether there are several."""
        return len(self.layers) > 1

    @property
    def name(self) -> str:
        """The model's own name of the first layer; empty where it has none."""
        name = self.names.get(self.layers[0], "")
        return "" if name == layer_name(self.layers[0]) else name

    @property
    def start(self) -> str:
        """How a sentence begins with them: "Layer 1", "Layers 2-7"."""
        text = str(self)
        return text[0].upper() + text[1:]

    def __str__(self) -> str:
        """Write "layer 1", "layer 1 (fc1)", "layers 2-7", "layers 2-7 (fc2 to fc7)"."""
        word = "layers" if self.many else "layer"
        given = [Place((layer,), self.names).name for layer in self.layers]
        names = ""
        if all(given):
            few = len(given) <= MOST_NAMES
            names = f" ({join(given) if few else f'{given[0]} to {given[-1]}'})"
        return f"{word} {layer_numbers(self.layers)}{names}"


Words: TypeAlias = Callable[[Place, Sequence[Mapping[str, Any]]], tuple[str, Fix]]


def fold_layers(
    code: str, findings: Iterable[Finding], names: Mapping[int, str], words: Words
) -> list[Verdict]:
    """Return one verdict for all layers in which the same was found with the same severity.

    Parameters
    ----------
    code : str
        Of the verdicts.
    findings : iterable of Finding
        One per layer.
    names : mapping of int to str
        The model's own names of its layers.
    words : callable
        Gets the layers and their evidence; returns the sentence and the fix.

    Returns
    -------
    list of Verdict
        In the order in which the severities were found.
    """
    groups: dict[Severity, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.severity, []).append(finding)
    verdicts = []
    for severity, group in groups.items():
        place = Place(tuple(finding.layer for finding in group), names)
        each = [finding.evidence for finding in group]
        sentence, fix = words(place, each)
        evidence = dict(each[0])
        if place.many:
            evidence["by_layer"] = dict(zip(place.layers, each, strict=True))
        first = place.layers[0]
        verdicts.append(
            Verdict(code, first, severity, evidence, sentence, fix, place.name, place.layers)
        )
    return verdicts


def fold_consequences(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Put each verdict that follows from another one under it, as `FOLLOWS` says.

    Parameters
    ----------
    verdicts : iterable of Verdict
        In the order of `in_order`.

    Returns
    -------
    tuple of Verdict
        In the same order. A verdict goes under the first that brings it about and is at least as
        severe; notes and what has nothing to follow from stay where they are.
    """
    kept = list(verdicts)
    for follower in [v for v in kept if v.severity != "note"]:
        place = next((i for i, v in enumerate(kept) if _brings(v, follower)), None)
        if place is not None:
            cause = kept[place]
            kept[place] = replace(cause, therefore=(*cause.therefore, follower))
            kept = [v for v in kept if v is not follower]
    return tuple(kept)


def _brings(cause: Verdict, follower: Verdict) -> bool:
    """Tell whether one verdict brings about another one."""
    severe = _SEVERITIES.index(cause.severity) >= _SEVERITIES.index(follower.severity)
    return severe and follower.code in FOLLOWS.get(cause.code, frozenset())


def spread(values: Iterable[float], form: str = "{:,}") -> str:
    """Write one number for all of them, or the smallest and the largest: "6", "6 to 8"."""
    found = list(values)
    low, high = form.format(min(found)), form.format(max(found))
    return low if low == high else f"{low} to {high}"
