"""Starts and data at the ends of floating point: a verdict or a named error, never a warning."""

import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from initlens import Network, diagnose
from initlens.diagnosis.causes import find_causes
from initlens.diagnosis.first_step import measure_first_step
from initlens.diagnosis.rules import Case, judge
from initlens.diagnosis.training import Training
from initlens.nets.targets import chance_loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 5))
Y = X.sum(1, keepdims=True)


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def start(dtype: str = "float64", scale: float = 1.0, activation: str = "relu") -> Network:
    net = Network([5, 16, 1], activation, loss="mse", dtype=dtype)
    net.initialize("he_normal", rng=0)
    for weights in net.weights:
        weights *= scale
    return net


@pytest.mark.parametrize("optimizer", [None, "sgd(0.1)", "sgd(0.1, momentum=0.9)", "adam(0.001)"])
@pytest.mark.parametrize(
    ("dtype", "inputs", "scale"),
    [
        ("float32", 1e20, 1.0),
        ("float32", 1e30, 1.0),
        ("float64", 1e100, 1.0),
        ("float64", 1e160, 1.0),
        ("float32", 1.0, 1e25),
        ("float64", 1.0, 1e100),
        ("float64", 1e100, 1e25),
    ],
)
def test_large_inputs_and_weights_get_a_verdict(
    dtype: str, inputs: float, scale: float, optimizer: str | None
) -> None:
    report = diagnose(start(dtype, scale), X * inputs, Y, optimizer=optimizer)
    assert report.answer in ("error", "unknown")
    text = " ".join(map(str, report.verdicts))
    assert not re.search(r"\binf\b|\bnan\b|at most 0\.(?!\d)", text), text


@pytest.mark.parametrize("optimizer", [None, "sgd(0.1)", "adam(0.001)"])
@pytest.mark.parametrize("factor", [1e200, 1e307])
def test_targets_whose_variance_overflows_are_refused_by_name(
    factor: float, optimizer: str | None
) -> None:
    with pytest.raises(ValueError, match=r"^y is too large: its variance overflows"):
        diagnose(start(), X, Y * factor, optimizer=optimizer)


def test_large_targets_in_float32_are_judged() -> None:
    report = diagnose(start("float32"), X, (Y * 1e30).astype(np.float32), optimizer="sgd(0.1)")
    assert report.verdict.cause == "targets"


def test_chance_overflows_to_infinity() -> None:
    assert chance_loss(Y * 1e200, "mse") == math.inf
    assert chance_loss(np.array([[1e308], [1e308], [-1e308]]), "mse") == math.inf


def test_a_curvature_that_overflows_names_no_rate() -> None:
    assert find_causes(start(), rate=0.1, sharpness=math.inf) == []
    net = start()
    measured, loss = diagnose(net, X, Y).layers, diagnose(net, X, Y).loss
    training = Training.of("sgd(0.1)", None, None, None)
    step = measure_first_step(net, X, Y, training.optimizer)
    wild = replace(step, sharpness=math.inf)
    assert wild.largest_rate == 0.0
    for shown, codes in ((replace(step, sharpness=1e3), ["rate_too_large"]), (wild, [])):
        found = judge(Case(measured, loss, (), training, step=shown))
        assert [v.code for v in found if v.severity != "note"] == codes


def test_constant_targets_are_no_cause() -> None:
    for value in (0.1, 0.3, 1e5 / 3, 1e200):
        assert find_causes(start(), X, np.full((64, 1), value)) == []
