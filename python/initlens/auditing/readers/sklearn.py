"""Multilayer perceptrons of scikit-learn."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from .arrays import is_a
from .reading import Dense, Function, Opaque, Parameter, Reading

__all__ = ["is_mlp", "read"]

_OUTPUTS = {"logistic": "binary_cross_entropy", "softmax": "cross_entropy", "identity": "mse"}


def is_mlp(model: Any) -> bool:
    """Tell whether `model` is an MLPClassifier or an MLPRegressor."""
    return is_a(model, "sklearn", "BaseMultilayerPerceptron")


def read(model: Any) -> Reading:
    """Read a fitted MLP."""
    name = type(model).__name__
    if not hasattr(model, "coefs_"):
        raise ValueError(
            f"this {name} has no weights yet: call fit, or partial_fit once for a start"
        )
    items: list[Dense | Function | Opaque] = []
    hidden = [str(model.activation)] * (len(model.coefs_) - 1)
    for index, (w, b, function) in enumerate(zip_longest(model.coefs_, model.intercepts_, hidden)):
        weight = Parameter(("coefs_", str(index)), w)
        bias = Parameter(("intercepts_", str(index)), b)
        items.append(Dense(f"coefs_[{index}]", weight, bias, "in_out"))
        if function is not None:
            items.append(Function(function, function))
    loss = _OUTPUTS.get(model.out_activation_)
    notes = ["its loss is half of mse"] if loss == "mse" else []
    if loss is None:
        items.append(Opaque(str(model.out_activation_), "output", "not computed"))
    return Reading(
        f"scikit-learn {name}",
        items,
        loss=loss,
        classes=getattr(model, "classes_", None),
        notes=notes,
    )
