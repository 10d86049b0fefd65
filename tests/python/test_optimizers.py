"""Settings of optimizers: checks, texts, dicts. Their formulas are tested in training."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

import initlens as il
from initlens import optimizers

EXAMPLES = [
    il.SGD(1.2),
    il.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
    il.Adam(),
    il.Adam(0.01, beta1=0.8, beta2=0.99, epsilon=1e-6, weight_decay=0.1),
    il.RMSProp(),
    il.RMSProp(0.001, alpha=0.9, epsilon=1e-7, momentum=0.5, weight_decay=0.2),
]


@pytest.mark.parametrize("optimizer", EXAMPLES, ids=repr)
def test_repr_round_trips(optimizer: optimizers.Optimizer) -> None:
    assert eval(repr(optimizer), vars(optimizers)) == optimizer
    assert optimizers.get(optimizer) is optimizer


@pytest.mark.parametrize("optimizer", EXAMPLES, ids=repr)
def test_dict_is_json_and_holds_every_setting(optimizer: optimizers.Optimizer) -> None:
    content = json.loads(json.dumps(optimizer.to_dict()))
    assert content.pop("name") in optimizers.names()
    assert type(optimizer)(**content) == optimizer


def test_frozen_and_equal_by_value() -> None:
    assert il.SGD(1) == il.SGD(1.0, momentum=0)
    assert il.SGD(1) != il.SGD(1, weight_decay=0.1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        il.SGD(1).learning_rate = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sgd(1.2)", il.SGD(1.2)),
        ("sgd(0.1, momentum=0.9, nesterov=True)", il.SGD(0.1, 0.9, True)),
        ("SGD(learning_rate=0.5)", il.SGD(0.5)),
        ("adam", il.Adam()),
        ("rmsprop(alpha=0.5)", il.RMSProp(alpha=0.5)),
    ],
)
def test_text(text: str, expected: optimizers.Optimizer) -> None:
    assert optimizers.get(text) == expected


def test_learning_rate_beside_a_text() -> None:
    assert optimizers.get("adam", learning_rate=0.5) == il.Adam(0.5)
    assert optimizers.get("sgd(momentum=0.5)", learning_rate=0.5) == il.SGD(0.5, momentum=0.5)
    assert optimizers.get("sgd(0.1)", learning_rate=0.5) == il.SGD(0.1)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("sgdd", "Did you mean 'sgd'"),
        ("sgd", "learning_rate"),
        ("adam(momentum=0.9)", "momentum"),
        ("adam(", "cannot read the optimizer"),
    ],
)
def test_bad_text(text: str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        optimizers.get(text)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (il.SGD, {"learning_rate": -0.1}),
        (il.SGD, {"learning_rate": float("nan")}),
        (il.SGD, {"learning_rate": float("inf")}),
        (il.SGD, {"learning_rate": 0.1, "momentum": 1.0}),
        (il.SGD, {"learning_rate": 0.1, "momentum": -0.1}),
        (il.SGD, {"learning_rate": 0.1, "nesterov": True}),
        (il.SGD, {"learning_rate": 0.1, "weight_decay": -1e-9}),
        (il.Adam, {"learning_rate": -1.0}),
        (il.Adam, {"beta1": 1.0}),
        (il.Adam, {"beta2": -0.5}),
        (il.Adam, {"epsilon": 0.0}),
        (il.RMSProp, {"learning_rate": -1.0}),
        (il.RMSProp, {"alpha": 1.0}),
        (il.RMSProp, {"epsilon": -1.0}),
        (il.RMSProp, {"momentum": 1.5}),
    ],
)
def test_out_of_range_names_the_setting(kind: Any, settings: dict[str, Any]) -> None:
    *_, wrong = settings
    with pytest.raises(ValueError, match=wrong):
        kind(**settings)


@pytest.mark.parametrize(
    "make",
    [
        lambda: il.SGD("0.1"),
        lambda: il.SGD(True),
        lambda: il.SGD(0.1, momentum=0.9, nesterov=1),
        lambda: il.Adam(None),
        lambda: optimizers.get(0.1),
    ],
)
def test_wrong_type(make: Any) -> None:
    with pytest.raises(TypeError):
        make()


def test_words() -> None:
    assert str(il.SGD(1.2)) == "SGD, learning rate 1.2"
    assert str(il.SGD(0.1, 0.9)) == "SGD with momentum 0.9, learning rate 0.1"
    nesterov = il.SGD(0.1, 0.9, True, 0.01)
    assert str(nesterov) == "SGD with Nesterov momentum 0.9, learning rate 0.1, weight decay 0.01"
    assert str(il.Adam()) == "Adam, learning rate 0.001"
