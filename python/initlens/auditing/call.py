"""The Python call that gives an audit again."""

from __future__ import annotations

from ..activations import Activation, Activations
from ..diagnosis.call import data_names, judged_by, unwritten
from ..diagnosis.result import Diagnosis
from ..diagnosis.training import Training
from ..diagnosis.trial import Trial
from ..report.call import Call
from .readers.reading import Layout

__all__ = ["audit_call"]


def audit_call(
    activation: Activations | None,
    layout: Layout | None,
    loss: str | None,
    diagnosis: Diagnosis | None,
    training: Training,
    trial: Trial | None,
    *,
    file: str | None,
    data: str | None,
) -> Call:
    """Return the call of `audit`, with the files that model and data were read from."""
    given = [] if diagnosis is None else data_names(diagnosis)
    keywords: dict[str, str] = {}
    if isinstance(activation, str | Activation):
        keywords["activation"] = repr(str(activation))
    elif activation is not None:
        keywords["activation"] = repr(list(map(str, activation)))
    if layout is not None:
        keywords["layout"] = repr(layout)
    if loss is not None:
        keywords["loss"] = repr(loss)
    keywords |= judged_by(training, trial, None if diagnosis is None else diagnosis.threshold)
    stand_ins = {} if file is not None else {"model": "the model"}
    stand_ins |= unwritten(training)
    before = ""
    if given and data is not None:
        before = f"X, y = il.auditing.read_data({data!r})"
    elif given:
        stand_ins[" and ".join(given)] = "the data"
    model = "model" if file is None else repr(file)
    return Call("il.audit", [model, *given], keywords, stand_ins, before)
