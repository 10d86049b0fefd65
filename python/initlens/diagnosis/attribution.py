"""Attribution: verdicts get the cause that they come from, and a fix that can be carried out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..nets.network import Network
from ..optimizers import SGD, Optimizer
from .causes import CAUSES, Cause
from .dialect import Dialect
from .fixes import Fix, fitting_rate, start_anew, together, use_rate
from .verdicts import TOPICS, Verdict

__all__ = ["attribute", "fix_for"]

# Of data first, so that what is drawn or judged after it meets the data as they will be.
_OF_DATA: Final = ("inputs", "targets")
_WHOLE: Final = frozenset({"scale of all layers"})  # its fix replaces all weights and biases
_OF_LAYERS: Final = frozenset(
    {"not finite", "biases", "mean of the weights", "copies", "near copies", "scale"}
)
# What weights drawn anew do not mend: the outcome of a run, and steps that are too long.
_OWN_FIX: Final = frozenset({"diverged", "stuck", "rate_too_large"})
# What of the run keeps it from learning anything, whatever the net.
_NOT_OF_THE_NET: Final = frozenset({"targets", "rate", "steps"})
_RATE: Final = "learning rate"  # what the curvature allows follows from all other causes
_SLOW: Final = 0.1  # share of the largest rate below which the rate is what is too small


def attribute(
    verdicts: Sequence[Verdict],
    causes: Sequence[Cause],
    net: Network,
    dialect: Dialect,
    optimizer: Optimizer | None = None,
) -> tuple[Verdict, ...]:
    """Return the verdicts, those of one cause folded under the first of them.

    The first cause that can bring about one of the alarms, by `CAUSES`, takes all alarms that it
    can; the next one takes of what is left. The fix of the first one sets right all causes: a start
    with one of two faults mended is still a bad start. Alarms without a cause get the fix that is
    left, see `fix_for`; one that is about the learning rate keeps the other settings of the
    `optimizer`. A run that cannot learn anything ("idle") has no cause in the net. Verdicts of
    copies keep their own layers and words, and verdicts that are no alarms stay as they are.
    """
    alarms = [v for v in verdicts if v.severity != "note" and "idle" not in v.evidence]
    sgd = optimizer if isinstance(optimizer, SGD) else None
    causes = sorted(causes, key=lambda cause: cause.name == _RATE)
    lead: dict[int, Verdict] = {}
    folded: set[int] = set()
    mended = fix_for("", causes, net, dialect)
    for cause in causes:
        topics = CAUSES[cause.name].topics
        matching = [v for v in alarms if id(v) not in folded and topics & _topics(v.code)]
        if not matching:
            continue
        if "copies" in cause.name:  # each says by itself which units are equal
            for verdict in matching:
                folded.add(id(verdict))
                fix = cause.fix if lead else mended
                lead[id(verdict)] = replace(verdict, cause=cause.name, fix=fix)
            continue
        first, *others = matching
        folded |= {id(v) for v in matching}
        lead[id(first)] = _caused(first, others, cause, cause.fix if lead else mended)
    result: list[Verdict] = []
    for verdict in verdicts:
        if verdict.code == "unknown" and causes and not lead:
            result.append(_caused(verdict, (), causes[0], mended))
        elif id(verdict) in lead:
            result.append(lead[id(verdict)])
        elif id(verdict) in folded:
            continue
        elif verdict.severity == "note" or not _can_be_drawn_anew(verdict):
            fix = verdict.fix or _slower(verdict, dialect, sgd)
            result.append(replace(verdict, fix=fix))
        elif verdict.evidence.get("idle") in _NOT_OF_THE_NET:
            result.append(replace(verdict, fix=_faster(verdict, dialect, sgd) or verdict.fix))
        else:
            fix = _faster(verdict, dialect, sgd) or fix_for(verdict.code, causes, net, dialect)
            result.append(replace(verdict, fix=fix))
    odd = [cause for cause in causes if "copies" not in cause.name]
    if verdicts and verdicts[0].code == "healthy" and odd and not lead:
        result.append(_unusual(odd[0]))
    return tuple(result)


def _slower(verdict: Verdict, dialect: Dialect, optimizer: SGD | None) -> Fix:
    """Return a smaller rate where that alone is too large, else nothing."""
    rate, largest = (verdict.evidence.get(n, math.nan) for n in ("learning_rate", "largest_rate"))
    if verdict.code != "rate_too_large" or optimizer is None or not 0.0 < largest < math.inf:
        return Fix()
    momentum = optimizer.momentum
    fitting = fitting_rate(2.0 * (1.0 + momentum) / largest, momentum)
    return use_rate(fitting, dialect, optimizer) if fitting < rate else Fix()


def _faster(verdict: Verdict, dialect: Dialect, optimizer: SGD | None) -> Fix:
    """Return a larger rate for a start that moves too little by that alone, else nothing."""
    rate, largest = (verdict.evidence.get(n, math.nan) for n in ("learning_rate", "largest_rate"))
    if verdict.code != "too_small" or not rate < _SLOW * largest < math.inf:
        return Fix()
    if verdict.evidence.get("idle") == "targets":
        return Fix()
    momentum = 0.0 if optimizer is None else optimizer.momentum
    fitting = fitting_rate(2.0 * (1.0 + momentum) / largest, momentum)
    if not fitting > rate:
        return Fix()
    more = ", or more steps" if rate else ""
    return replace(
        use_rate(fitting, dialect, optimizer),
        sentence=f"Use a larger learning rate, up to {fitting:.3g}{more}.",
    )


def _unusual(cause: Cause) -> Verdict:
    """Return a note on what is unusual in a start that learns all the same."""
    return Verdict(
        "off_scale",
        cause.layer,
        "note",
        {"deviation": cause.deviation, "cause": dict(cause.evidence)},
        f"{cause.sentence} It need not keep this start from learning.",
        layers=cause.layers,
        cause=cause.name,
    )


def fix_for(code: str, causes: Sequence[Cause], net: Network, dialect: Dialect) -> Fix:
    """Return what sets right all causes; without one in the net itself, and with a code, anew.

    Parameters
    ----------
    code : str
        Of a verdict that none of the causes explains; "" for the causes alone.
    causes : sequence of Cause
        As `find_causes` returns them.
    net : Network
        Whose they are.
    dialect : Dialect
        In which the lines of code are written.

    Returns
    -------
    Fix
    """
    data = [cause.fix for name in _OF_DATA for cause in causes if cause.name == name]
    if code:
        return start_anew(net, dialect, data)
    whole = any(cause.name in _WHOLE for cause in causes)
    rest = [
        cause.fix
        for cause in causes
        if cause.name not in _OF_DATA and not (whole and cause.name in _OF_LAYERS)
    ]
    if len(causes) > 1:  # the curvature is another one once they are mended
        rest = [fix for fix in rest if fix.learning_rate is None]
    return together([*data, *rest])


def _topics(code: str) -> set[str]:
    return {topic for topic, codes in TOPICS.items() if code in codes}


def _can_be_drawn_anew(verdict: Verdict) -> bool:
    ours = bool(verdict.fix) and "learning_rate" in verdict.evidence
    return verdict.code not in _OWN_FIX and (not ours or "idle" in verdict.evidence)


def _caused(verdict: Verdict, others: Sequence[Verdict], cause: Cause, fix: Fix) -> Verdict:
    """Return a verdict that names its cause, with what else follows from it."""
    said = verdict.code == "rate_too_large" and cause.name == _RATE
    sentence = verdict.sentence if said else f"{cause.sentence} {verdict.sentence}"
    if verdict.code == "unknown":
        sentence = f"{verdict.sentence} {cause.sentence}"
    return replace(
        verdict,
        layer=cause.layers[0] if cause.layers else None,
        layers=cause.layers,
        evidence={**verdict.evidence, "deviation": cause.deviation, "cause": dict(cause.evidence)},
        sentence=sentence,
        fix=fix,
        name="",
        cause=cause.name,
        # Mended with it: a second way out would only distract.
        therefore=tuple(replace(v, fix=Fix()) for v in (*verdict.therefore, *others)),
    )
