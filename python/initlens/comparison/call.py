"""The Python call that gives a comparison again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from .._tools.seeds import are_consecutive
from ..datasets import Dataset
from ..datasets import get as get_dataset
from ..datasets import names as dataset_names
from ..initializers import LSUV, Scheme
from ..initializers import get as get_scheme
from ..nets.network import Settings
from ..optimizers import Optimizer
from ..report.call import Call
from .problem import digest

__all__ = ["Recipe", "compare_call"]


class Recipe(Protocol):
    """What the call needs to know of a `Comparison`; all but the samples are its parameters."""

    @property
    def schemes(self) -> Mapping[str, Scheme]:
        """By label."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of each scheme."""

    @property
    def settings(self) -> Settings:
        """Of every net."""

    @property
    def optimizer(self) -> Optimizer:
        """Its settings."""

    @property
    def steps(self) -> int:
        """As given."""

    @property
    def batch_size(self) -> int | None:
        """As given."""

    @property
    def record(self) -> int:
        """As given."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Name, sizes and hash of the data."""

    @property
    def _samples(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """X and y."""


def compare_call(result: Recipe) -> Call:
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


def _dataset_of(data: Mapping[str, Any]) -> tuple[str, Dataset] | None:
    """Return a text that gives the data of a comparison, with them; None if there is none."""
    text = data["text"] or data["name"]
    if data["text"] is None and text not in dataset_names():
        return None
    found = get_dataset(text)
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
        again = get_scheme(text)
    except ValueError:
        return None
    if isinstance(again, LSUV):
        again = again.on(X)
    return text if again == scheme else None


def _seeds(seeds: Sequence[int]) -> str:
    return repr(range(seeds[0], seeds[-1] + 1) if are_consecutive(seeds) else list(seeds))
