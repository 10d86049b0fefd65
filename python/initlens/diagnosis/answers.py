"""Answers: whether a start is fit to train, and the verdict that says so first.

Bounds are not here: the rules have judged already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._tools.text import join
from .verdicts import Answer, Verdict, every

__all__ = ["answer_of", "unknown_verdict"]


def answer_of(found: Iterable[Verdict], *, decided: bool) -> Answer:
    """Return the answer that some findings give.

    Parameters
    ----------
    found : iterable of Verdict
        What the rules found.
    decided : bool
        Whether `decide` said healthy, X and y were given, and all of the net was read.

    Returns
    -------
    {"error", "unknown", "healthy"}
        "error" if one is; else "healthy" if that was decided. Warnings are evidence beside it.
    """
    if any(verdict.severity == "error" for verdict in every(found)):
        return "error"
    return "healthy" if decided else "unknown"


def unknown_verdict(
    missing: Sequence[str], good: Sequence[str], bad: Sequence[Verdict], weak: Sequence[str] = ()
) -> Verdict:
    """Return the verdict that leads where nothing is decided: what is known on each side.

    Parameters
    ----------
    missing : sequence of str
        What was not given or not read.
    good : sequence of str
        What speaks for the start.
    bad : sequence of Verdict
        Warnings, which speak against it.
    weak : sequence of str
        What else speaks against it.

    Returns
    -------
    Verdict
    """
    against = [*dict.fromkeys(verdict.code for verdict in bad), *weak]
    parts = ["No error was found, but this does not show that the net will learn"]
    if missing:
        parts.append(f"Not given or not read: {join(missing)}")
    if good:
        parts.append(f"In its favour: {'; '.join(good)}")
    parts.append(f"Against it: {'; '.join(against) or 'nothing found'}")
    evidence = {"missing": list(missing), "in_favour": list(good), "against": against}
    return Verdict("unknown", None, "note", evidence, ". ".join(parts) + ".")
