"""What is said of a start, by us and by others, beside what became of it.

- An answer is **right** if it is "error" of a bad start or "healthy" of a fine one. "unknown" is
  not decided. Starts between bad and fine count nowhere.
- A **fix** works if the start is fine once the first verdict's fix is carried out: net and data
  that `Fix.apply` returns, trained as the start was, the median of three (`rng` 0, 1, 2).
- A **cause** is right if the first verdict names one of those that `CAUSES_OF` holds for the fault
  that was planted; its layer if it is the planted one, or, where all layers have the fault, if it
  names none in particular or at least half of them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import initlens as il

from . import outcomes, rivals, starts
from .outcomes import Case, Row
from .starts import Fault

# Of a planted fault; those that are missing here are no single cause of ours.
CAUSES_OF: dict[str, set[str]] = {
    "inputs_scale": {"inputs"},
    "inputs_mean": {"inputs"},
    "inputs_constant": {"inputs"},
    "targets_scale": {"targets"},
    "targets_mean": {"targets"},
    "scale": {"scale"},
    "scale_all": {"scale of all layers"},
    "saturated": {"scale of all layers", "scale"},
    "one_signed": {"mean of the weights"},
    "biases": {"biases"},
    "output_bias": {"biases"},
    "copies": {"copies"},
    "near_copies": {"near copies", "copies"},
    "equal_incoming": {"copies"},
    "signed_zeros": {"copies", "scale of all layers"},
}
# Of families whose scheme is the fault.
CAUSES_OF_FAMILY: dict[str, set[str]] = {
    "zeros": {"copies", "scale of all layers"},
    "constant": {"copies", "scale of all layers", "mean of the weights"},
    "rand": {"mean of the weights"},
    "uniform_biases": {"biases"},
}


@dataclass(frozen=True)
class Finding:
    """One start, what was said and what happened.

    Parameters
    ----------
    row : Row
        The start and its outcome.
    answer : str
        Without a probe: "error", "unknown" or "healthy".
    probed : str
        With one; as `answer` if there was none.
    codes : tuple of str
        Of errors and warnings, with the probe.
    cause, layer, layers
        Of the first verdict, with the probe.
    fixed : float or None
        Progress after its fix; None if there was none to carry out, or the start is not bad.
    verified : bool
        Whether the fix says that it was seen to work.
    alarms : dict
        Of the rules of others.
    """

    row: Row
    answer: str
    probed: str
    codes: tuple[str, ...]
    cause: str | None
    layer: int | None
    layers: tuple[int, ...]
    fixed: float | None
    verified: bool
    alarms: dict[str, bool]

    @property
    def bad(self) -> bool:
        """What became of it."""
        return self.row.truth == "bad"

    @property
    def planted(self) -> Fault | None:
        """Its single fault, if there is one that has a cause."""
        faults = self.row.start.faults
        if not faults and self.row.start.family in CAUSES_OF_FAMILY:
            return Fault(self.row.start.family, None, 0.0)
        return faults[0] if len(faults) == 1 and faults[0].kind in CAUSES_OF else None


def examine(row: Row, probe: float) -> Finding:
    """Ask ours and the others about a start, and carry out the fix if it is bad."""
    case = outcomes.rebuild(row)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = diagnose(case, None)
        probed = diagnose(case, probe) if probe else report
        first = probed.verdict if probed.answer == "error" else None
        mended = mend(case, first) if first is not None and row.truth == "bad" else None
        return Finding(
            row=row,
            answer=report.answer,
            probed=probed.answer,
            codes=tuple(
                dict.fromkeys(v.code for v in probed.verdicts if v.severity in ("error", "warning"))
            ),
            cause=None if first is None else first.cause,
            layer=None if first is None else first.layer,
            layers=() if first is None else tuple(first.layers),
            fixed=mended,
            verified=bool(first is not None and first.fix and first.fix.verified),
            alarms=rivals.alarms(case.net, case.X, case.y),
        )


def diagnose(case: Case, probe: float | None) -> Any:
    """Our report on a start."""
    return il.diagnose(
        case.net,
        case.X,
        case.y,
        optimizer=case.optimizer,
        steps=case.steps,
        batch_size=case.batch_size,
        probe=probe,
    )


def mend(case: Case, verdict: Any) -> float | None:
    """Progress after the verdict's fix; None where there is nothing to carry out."""
    losses: dict[str, float] = {}
    order = []
    for draw in range(outcomes.DRAWS):
        try:
            net, X, y = verdict.fix.apply(case.net, case.X, case.y, rng=draw)
        except ValueError:  # a fix of neither net nor data
            return None
        digest = starts.digest(net, np.asarray(X), np.asarray(y))
        if digest not in losses:
            rate = [case.row.learning_rate]
            losses[digest] = outcomes.train(case.row.task, [net], rate, X, y)[0]
        order.append(losses[digest])
    loss = float(np.median(order))
    return (1 - loss) / (1 - case.row.reference)


def right_cause(found: Finding) -> bool:
    """Whether the first verdict names the planted fault's cause."""
    planted = found.planted
    assert planted is not None
    accepted = CAUSES_OF.get(planted.kind) or CAUSES_OF_FAMILY[planted.kind]
    return found.cause in accepted


def right_layer(found: Finding) -> bool:
    """Whether it names the cause and the layer."""
    planted = found.planted
    assert planted is not None
    if not right_cause(found):
        return False
    if planted.kind in starts.DATA_PLANTS:
        return True
    if planted.kind == "output_bias":
        return found.layer == len(found.row.task.layers) - 1
    if planted.layer is not None:
        return found.layer == planted.layer
    return not found.layers or len(found.layers) >= math.ceil(found.row.task.depth / 2)


def examine_all(rows: Sequence[Row], probe: float) -> list[Finding]:
    """Row after row, those between bad and fine left out."""
    return [examine(row, probe) for row in rows if row.truth != "between"]
