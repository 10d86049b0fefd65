"""The Python call that gives a result again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .. import datasets, initializers
from .._config import version
from .._core import NUMERICS_VERSION
from .problem import digest
from .._tools.seeds import are_consecutive
from .._tools.text import join
from ..activations import Activation
from ..datasets import Dataset
from ..initializers import LSUV, Scheme

if TYPE_CHECKING:
    from ..auditing.result import Audit
    from .result import Comparison
    from ..diagnosis.result import Diagnosis

__all__ = ["Call", "audit_call", "compare_call", "diagnose_call"]


@dataclass(frozen=True)
class Call:
    """A call as text.

    Parameters
    ----------
    function : str
        Such as "il.compare".
    arguments : sequence of str
        Positional ones, in Python.
    keywords : dict of str to str
        Keyword arguments, in Python.
    stand_ins : dict of str to str
        Names that the caller has to define, and what they stand for: what has no text form.
    before : str
        A statement that comes first.
    """

    function: str
    arguments: Sequence[str]
    keywords: Mapping[str, str]
    stand_ins: Mapping[str, str]
    before: str = ""

    @property
    def source(self) -> str:
        """The text, to be run as it stands once the stand-ins are defined."""
        given = [*self.arguments, *(f"{name}={text}" for name, text in self.keywords.items())]
        lines = [f"    {line}" for text in given for line in f"{text},".split("\n")]
        return "\n".join(
            (
                f"# initlens {version()}, numerics version {NUMERICS_VERSION}",
                "import initlens as il",
                "",
                *([self.before] if self.before else []),
                f"result = {self.function}(",
                *lines,
                ")",
                "print(result)",
                "",
            )
        )

    @property
    def sentence(self) -> str:
        """What to know before it is run."""
        if not self.stand_ins:
            return "This runs as it stands."
        names = join(f"{name} ({what})" for name, what in self.stand_ins.items())
        return f"Define first what cannot be written as text: {names}."


def compare_call(result: Comparison) -> Call:
    """Return the call of `compare`."""
    known = _dataset_of(result.data)
    settings, held_out = result.settings, result.data["held_out"]
    schemes, stand_ins = _schemes(result.schemes, result._samples[0])
    keywords = {
        "data": repr(known[0]) if known else "(X, y)",
        "layers": repr(list(settings.layers)),
        "activation": repr(list(settings.activation)),
        "loss": repr(settings.loss),
        "optimizer": f"il.{result.optimizer!r}",
        "steps": repr(result.steps),
        "batch_size": repr(result.batch_size),
        "seeds": _seeds(result.seeds),
        "dtype": repr(settings.dtype),
        "record": repr(result.record),
    }
    if known is None:
        stand_ins["X and y"] = "the data"
    if held_out is not None and not (known and _holds_out(known[1], held_out["sha256"])):
        keywords["test"] = "(X_test, y_test)"
        stand_ins["X_test and y_test"] = "the held-out samples"
    return Call("il.compare", [schemes], keywords, stand_ins)


def diagnose_call(result: Diagnosis) -> Call:
    """Return the call of `diagnose`."""
    given = _data_names(result)
    return Call(
        "il.diagnose",
        ["net", *given],
        _judged_by(result),
        {"net": "the network"} | ({" and ".join(given): "the data"} if given else {}),
    )


def audit_call(result: Audit, file: str | None, data: str | None) -> Call:
    """Return the call of `audit`, with the files that model and data were read from."""
    activation, layout = result._options
    given = [] if result.diagnosis is None else _data_names(result.diagnosis)
    keywords: dict[str, str] = {}
    if isinstance(activation, str | Activation):
        keywords["activation"] = repr(str(activation))
    elif activation is not None:
        keywords["activation"] = repr(list(map(str, activation)))
    if layout is not None:
        keywords["layout"] = repr(layout)
    if result.network is not None:
        keywords["loss"] = repr(result.network.settings.loss)
    if result.diagnosis is not None:
        keywords |= _judged_by(result.diagnosis)
    stand_ins = {} if file is not None else {"model": "the model"}
    before = ""
    if given and data is not None:
        before = f"X, y = il.auditing.read_data({data!r})"
    elif given:
        stand_ins[" and ".join(given)] = "the data"
    model = "model" if file is None else repr(file)
    return Call("il.audit", [model, *given], keywords, stand_ins, before)


def _judged_by(result: Diagnosis) -> dict[str, str]:
    values = {
        "learning_rate": result.learning_rate,
        "steps": result.steps,
        "threshold": result.threshold,
    }
    return {name: repr(value) for name, value in values.items() if value is not None}


def _data_names(result: Diagnosis) -> list[str]:
    if not result.samples:
        return []
    return ["X"] if math.isnan(result.loss.chance) else ["X", "y"]


def _dataset_of(data: Mapping[str, Any]) -> tuple[str, Dataset] | None:
    """Return a text that gives the data of a comparison, with them; None if there is none."""
    text = data["text"] or data["name"]
    if data["text"] is None and text not in datasets.names():
        return None
    found = datasets.get(text)
    return (text, found) if digest(found.X, found.y) == data["sha256"] else None


def _holds_out(dataset: Dataset, sha256: str) -> bool:
    if dataset.X_test is None or dataset.y_test is None:
        return False
    return digest(dataset.X_test, dataset.y_test) == sha256


def _schemes(schemes: Mapping[str, Scheme], X: NDArray[Any]) -> tuple[str, dict[str, str]]:
    """Write schemes as a list of texts, or as a dict where labels or stand-ins are needed."""
    texts = {label: _scheme_text(scheme, X) for label, scheme in schemes.items()}
    if all(label == text for label, text in texts.items()):
        return "\n".join(("[", *(f"    {text!r}," for text in texts.values()), "]")), {}
    lines, stand_ins = [], {}
    for number, (label, text) in enumerate(texts.items(), start=1):
        name = f"scheme_{number}"
        if text is None:
            stand_ins[name] = f"the scheme {label!r}"
        lines.append(f"    {label!r}: {name if text is None else repr(text)},")
    return "\n".join(("{", *lines, "}")), stand_ins


def _scheme_text(scheme: Scheme, X: NDArray[Any]) -> str | None:
    """Return the text of a scheme if it gives the scheme again, in a comparison on X."""
    text = str(scheme)
    try:
        again = initializers.get(text)
    except ValueError:
        return None
    if isinstance(again, LSUV):
        again = again.on(X)
    return text if again == scheme else None


def _seeds(seeds: Sequence[int]) -> str:
    return repr(range(seeds[0], seeds[-1] + 1) if are_consecutive(seeds) else list(seeds))
