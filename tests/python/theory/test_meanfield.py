"""Mean-field quantities against published figures, their definitions and wide random nets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import mpmath
import numpy as np
import pytest

from initlens.meanfield import chi, critical, depth_scale, fixed_point, q_map


# Computed elsewhere to 25 digits: activation, sigma_b2, sigma_w2, q.
@pytest.mark.parametrize(
    ("name", "sigma_b2", "sigma_w2", "q"),
    [
        ("tanh", 0.05, 1.760954640, 0.570047882),
        ("tanh", 0.01, 1.424205, 0.27330),
        ("tanh", 0.04, 1.700796, 0.51208),
        ("tanh", 0.1, 1.986073, 0.80580),
        ("tanh", 0.2, 2.285152, 1.16450),
        ("erf", 0.05, 1.375839007, None),
        ("elu", 0.05, 1.533718332, None),
        ("elu", 0.04, 1.511058, None),
        ("arctan", 0.04, 1.711641, None),
        ("softsign", 0.04, 2.991615, None),
        ("hard_tanh", 0.04, 1.141925, None),
        ("sin", 0.04, 1.469752, None),
    ],
)
def test_critical_point_for_a_bias_is_the_reference_figure(
    name: str, sigma_b2: float, sigma_w2: float, q: float | None
) -> None:
    point = critical(name, sigma_b2=sigma_b2)
    assert point.sigma_w2 == pytest.approx(sigma_w2, abs=1e-6, rel=0)
    assert point.sigma_b2 == sigma_b2
    assert q is None or point.q == pytest.approx(q, abs=5e-6, rel=0)
    assert point.chi == 1.0
    assert point.stable
    assert point.depth_gradient == math.inf


def test_critical_point_for_a_variance_is_the_reference_figure() -> None:
    tanh = critical("tanh", q=1)
    assert (tanh.sigma_w2, tanh.sigma_b2) == pytest.approx((2.153303, 0.150965), abs=1e-6)
    selu = critical("selu", q=1.0)
    assert (selu.sigma_w2, selu.sigma_b2) == pytest.approx((0.933206, 0.066794), abs=1e-6)
    for q in (0.1, 1.0, 7.0):
        sin = critical("sin", q=q)  # closed form: sigma_w2 = q + 1 - sigma_b2
        assert sin.sigma_w2 == pytest.approx(q + 1 - sin.sigma_b2, rel=1e-13)


def test_critical_point_meets_its_definition_by_independent_integration() -> None:
    point = critical("tanh", sigma_b2=0.3)
    root = math.sqrt(point.q)
    ends = [-10, -3, 0, 3, 10]
    second = mpmath.quad(lambda z: mpmath.tanh(root * z) ** 2 * mpmath.npdf(z), ends)
    slope = mpmath.quad(lambda z: mpmath.sech(root * z) ** 4 * mpmath.npdf(z), ends)
    assert point.sigma_w2 * float(slope) == pytest.approx(1.0, rel=1e-12)
    assert point.sigma_w2 * float(second) + 0.3 == pytest.approx(point.q, rel=1e-12)


@pytest.mark.parametrize("name", ["tanh", "erf", "elu", "selu", "softsign", "hard_tanh", "mish"])
def test_critical_by_variance_and_by_bias_agree(name: str) -> None:
    first = critical(name, q=5.0)
    second = critical(name, sigma_b2=first.sigma_b2)
    assert second.q == pytest.approx(5.0, rel=1e-9)
    assert second.sigma_w2 == pytest.approx(first.sigma_w2, rel=1e-9)
    settled = fixed_point(name, second.sigma_w2, second.sigma_b2)
    assert settled.q == pytest.approx(5.0, rel=1e-6)
    assert settled.chi == pytest.approx(1.0, rel=1e-6)


def test_critical_points_without_biases() -> None:
    relu = critical("relu")
    assert (relu.sigma_w2, relu.sigma_b2, relu.chi) == (2.0, 0.0, 1.0)
    assert critical("relu", sigma_b2=0) == critical("relu", q=1.0) == relu
    assert critical("leaky_relu(0.2)").sigma_w2 == pytest.approx(2 / 1.04, rel=1e-15)
    for name in ("tanh", "sin", "elu", "hard_tanh", "softsign"):  # slope 1 at 0
        point = critical(name)
        assert point.sigma_w2 == pytest.approx(1.0, rel=1e-12)
        assert (point.sigma_b2, point.q, point.chi) == (0.0, 0.0, 1.0)
    assert critical("erf").sigma_w2 == pytest.approx(math.pi / 4, rel=1e-12)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "hard_sigmoid"])
def test_critical_is_refused_where_none_exists(name: str) -> None:
    for arguments in ({}, {"sigma_b2": 0.0}, {"q": 1.0}):
        with pytest.raises(ValueError, match=f"{name} has no edge of chaos at q = [01]: .* -"):
            critical(name, **arguments)
    for sigma_b2 in (1e-3, 0.05, 1.0):
        with pytest.raises(ValueError, match=f"{name} has no edge of chaos with sigma_b2"):
            critical(name, sigma_b2=sigma_b2)


@pytest.mark.parametrize("name", ["squared_relu", "tanh_shrink"])
def test_critical_is_refused_where_the_slope_vanishes_at_zero(name: str) -> None:
    with pytest.raises(ValueError, match=r"no edge of chaos at q = 0, .* falls to 0 there"):
        critical(name)


def test_critical_is_refused_out_of_reach() -> None:
    for name in ("relu", "identity", "leaky_relu"):
        with pytest.raises(ValueError, match="has no edge of chaos with sigma_b2 ="):
            critical(name, sigma_b2=0.05)
    with pytest.raises(ValueError, match="between 1e-06 and 40"):
        critical("tanh", sigma_b2=100.0)
    assert critical("tanh", q=100.0).sigma_b2 > 80.0  # by q it is in reach
    with pytest.raises(ValueError, match=r"E phi'\^2 is 0"):
        critical(lambda z: 0 * z + 1, q=1.0)


@pytest.mark.parametrize("name", ["gelu", "silu", "mish"])
def test_critical_is_refused_where_it_is_unstable(name: str) -> None:
    for arguments in ({}, {"sigma_b2": 0.01}, {"q": 0.3}):
        with pytest.raises(ValueError, match=r"is unstable: .* grows by 1\.\d+ per layer"):
            critical(name, **arguments)
    assert critical(name, sigma_b2=0.65).stable


def test_the_unstable_point_is_the_known_one() -> None:
    """The figures for gelu and silu that others use are right, but q does not stay there."""
    with pytest.raises(ValueError, match=r"sigma_w2 = 2\.39324, sigma_b2 = 0\.04\) is unstable"):
        critical("gelu", sigma_b2=0.04)
    with pytest.raises(ValueError, match=r"sigma_w2 = 2\.82083, sigma_b2 = 0\.04\) is unstable"):
        critical("silu", sigma_b2=0.04)


# activation, sigma_w2, q, chi: computed elsewhere to 25 digits.
@pytest.mark.parametrize(
    ("name", "sigma_w2", "q", "growth"),
    [
        ("tanh", 25 / 9, 1.17848049039, 1.20983132038),
        ("tanh", 1.5925374197228312**2, 1.0, 1.1778072323),
        ("lecun_tanh", 1.0, 0.38244080129766, 1.01924950391),
        ("selu", 1.0, 1.0, 1.0715749925),
        ("selu", 9 / 16, 0.023034, 1.00367),
        ("sigmoid", 1.0, 0.26469, 0.05572),
        ("sigmoid", 12.8, 4.53498, 0.35381),
    ],
)
def test_fixed_point_is_the_reference_figure(
    name: str, sigma_w2: float, q: float, growth: float
) -> None:
    point = fixed_point(name, sigma_w2)
    digits = 1e-10 if round(q, 6) != q or q == 1.0 else 5e-6
    assert point.q == pytest.approx(q, abs=digits, rel=0)
    assert point.chi == pytest.approx(growth, abs=max(digits, 1e-9), rel=0)
    assert (point.sigma_w2, point.sigma_b2) == (sigma_w2, 0.0)
    assert point.stable


@pytest.mark.parametrize(
    ("name", "sigma_w2", "sigma_b2", "start"),
    [
        ("tanh", 3.0, 0.05, 1.0),
        ("tanh", 0.8, 0.2, 50.0),
        ("gelu", 3.0, 0.01, 0.05),
        ("elu", 1.2, 0.1, 1e-6),
        ("softsign", 9.0, 0.0, 100.0),
        (np.cos, 1.5, 0.1, 1.0),
    ],
)
def test_fixed_point_is_the_limit_of_the_map(
    name: Any, sigma_w2: float, sigma_b2: float, start: float
) -> None:
    point = fixed_point(name, sigma_w2, sigma_b2, start=start)
    q = start
    for _ in range(300):
        q = q_map(name, q, sigma_w2, sigma_b2)
    assert point.q == pytest.approx(q, rel=1e-11)
    assert point.chi == pytest.approx(chi(name, q, sigma_w2), rel=1e-11)
    step = 1e-4 * q
    rise = q_map(name, q + step, sigma_w2, sigma_b2) - q_map(name, q - step, sigma_w2, sigma_b2)
    assert point.q_slope == pytest.approx(rise / (2 * step), rel=1e-6)


def test_fixed_point_at_zero_is_a_limit() -> None:
    for sigma_w2 in (0.0, 0.5, 1.0):
        point = fixed_point("tanh", sigma_w2)
        assert point.q == 0.0
        assert (point.chi, point.q_slope) == pytest.approx((sigma_w2, sigma_w2), rel=1e-12)
    assert fixed_point("relu", 1.0).q == 0.0
    assert fixed_point("relu", 1.0).chi == 0.5
    barely = fixed_point("tanh", 1.0 + 1e-8)  # q = (sigma_w2 - 1) / 2, to first order
    assert barely.q == pytest.approx(5e-9, rel=1e-6)


def test_fixed_point_of_relu_is_linear_algebra() -> None:
    assert fixed_point("relu", 1.0, 2.0).q == pytest.approx(4.0, rel=1e-14)
    assert fixed_point("relu", 1.9, 0.3, start=1e5).q == pytest.approx(6.0, rel=1e-12)
    assert fixed_point("relu", 2.0, start=3.0).q == 3.0
    assert fixed_point("tanh", 0.0, 0.3).q == pytest.approx(0.3, rel=1e-15)


def test_fixed_point_depends_on_the_start_where_there_are_several() -> None:
    assert fixed_point("gelu", 3.0, start=0.01).q == 0.0
    with pytest.raises(ValueError, match="q grows without bound: gelu has no fixed point above 1"):
        fixed_point("gelu", 3.0)


@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [(2.1, 0.0), (2.0, 0.1), (5.0, 1.0)])
def test_divergence_is_refused(sigma_w2: float, sigma_b2: float) -> None:
    with pytest.raises(ValueError, match="q grows without bound"):
        fixed_point("relu", sigma_w2, sigma_b2)


def test_wide_random_net_does_what_the_theory_says() -> None:
    """tanh with PyTorch's gain of 5/3: the variance settles, gradients grow by 21 % a layer."""
    width, depth, generator = 1000, 12, np.random.default_rng(0)
    point = fixed_point("tanh", 25 / 9)
    weights = [generator.normal(0, 5 / 3 / math.sqrt(width), (width, width)) for _ in range(depth)]
    a, outputs, variances = generator.normal(0, 0.65, (50, width)), [], []
    for matrix in weights:
        z = a @ matrix
        a = np.tanh(z)
        outputs.append(a)
        variances.append((z**2).mean())
    gradient, growths = generator.normal(size=(50, width)), []
    for matrix, a in zip(reversed(weights[1:]), reversed(outputs[:-1]), strict=True):
        before = (gradient**2).mean()
        gradient = (gradient @ matrix.T) * (1 - a**2)
        growths.append((gradient**2).mean() / before)
    assert np.mean(variances[4:]) == pytest.approx(point.q, rel=0.02)
    assert np.mean(growths) == pytest.approx(point.chi, rel=0.02)


def test_depth_scale_is_the_reach_of_a_deviation() -> None:
    assert depth_scale(math.exp(-0.25)) == pytest.approx(4.0, rel=1e-14)
    assert depth_scale(math.exp(0.25)) == pytest.approx(4.0, rel=1e-14)
    assert depth_scale(1) == math.inf
    assert depth_scale(0) == 0.0
    point = fixed_point("tanh", 3.0, 0.05)
    assert point.depth_gradient == pytest.approx(1 / math.log(point.chi), rel=1e-14)
    deviations, q = [], point.q + 1e-4
    for _ in range(4):
        deviations.append(q - point.q)
        q = q_map("tanh", q, 3.0, 0.05)
    per_layer = math.log(deviations[0] / deviations[3]) / 3
    assert point.depth_q == pytest.approx(1 / per_layer, rel=1e-3)


BAD = [-1.0, math.nan, math.inf, -math.inf]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("q", lambda bad: q_map("tanh", bad, 1.0)),
        ("sigma_w2", lambda bad: q_map("tanh", 1.0, bad)),
        ("sigma_b2", lambda bad: q_map("tanh", 1.0, 1.0, bad)),
        ("q", lambda bad: chi("tanh", bad, 1.0)),
        ("sigma_w2", lambda bad: chi("tanh", 1.0, bad)),
        ("sigma_w2", lambda bad: fixed_point("tanh", bad)),
        ("sigma_b2", lambda bad: fixed_point("tanh", 1.0, bad)),
        ("start", lambda bad: fixed_point("tanh", 1.0, start=bad)),
        ("q", lambda bad: critical("tanh", q=bad)),
        ("sigma_b2", lambda bad: critical("tanh", sigma_b2=bad)),
        ("rate", depth_scale),
    ],
)
def test_bad_numbers_are_refused(name: str, call: Callable[[Any], object]) -> None:
    zero = [0.0] if name in ("q", "start") else []
    for bad in BAD + zero:
        with pytest.raises(ValueError, match=f"{name} must be finite and"):
            call(bad)
    for bad in ("1", True, 1j):
        with pytest.raises(TypeError, match=f"{name} must be a real number"):
            call(bad)


def test_bad_activations_are_refused() -> None:
    for call in (
        lambda bad: q_map(bad, 1.0, 1.0),
        lambda bad: chi(bad, 1.0, 1.0),
        lambda bad: fixed_point(bad, 1.0),
        lambda bad: critical(bad, q=1.0),
    ):
        with pytest.raises(ValueError, match="unknown activation 'tahn'"):
            call("tahn")
        with pytest.raises(ValueError, match="activation must be finite, got nan"):
            call(lambda z: z * np.nan)
        with pytest.raises(TypeError, match="activation must be a name"):
            call(None)


def test_critical_takes_q_or_a_bias() -> None:
    with pytest.raises(ValueError, match="give q or sigma_b2, not both"):
        critical("tanh", q=1.0, sigma_b2=0.05)


def test_fixed_points_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        critical("relu").q = 2.0  # type: ignore[misc]
