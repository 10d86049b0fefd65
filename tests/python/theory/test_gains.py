"""Gains, moments and truncation against independent integration and published figures."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import initlens as il
from initlens._core import activation_table
from initlens.activations import Activation, get, kinks_of
from initlens.gains import gain, random_walk_gain
from initlens.theory.expectations import moments, moments_of
from initlens.theory.nonlinearity import Nonlinearity, resolve
from initlens.theory.quadrature import _cuts, sample
from initlens.truncation import truncated_std
from reference import ACTIVATIONS

Function = Callable[[Any], Any]
INF = math.inf

SELU_ALPHA = mpf("1.6732632423543772848170429916717")
SELU_SCALE = mpf("1.0507009873554804934193349852946")
GELU_SCALE = mpmath.sqrt(2 / mpmath.pi)
GELU_CUBIC = mpf("0.044715")


def sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


def sigmoid_slope(z: Any) -> Any:
    return sigmoid(z) * sigmoid(-z)


def softplus(z: Any) -> Any:
    return mpmath.log1p(mpmath.exp(-abs(z))) + max(z, 0)


def gelu_tanh_slope(z: Any) -> Any:
    inner = GELU_SCALE * (z + GELU_CUBIC * z**3)
    growth = GELU_SCALE * (1 + 3 * GELU_CUBIC * z**2)
    return (1 + mpmath.tanh(inner)) / 2 + z / 2 * mpmath.sech(inner) ** 2 * growth


def mish_slope(z: Any) -> Any:
    return mpmath.tanh(softplus(z)) + z * mpmath.sech(softplus(z)) ** 2 * sigmoid(z)


def negative_exponential(alpha: Any, scale: Any = 1) -> tuple[Function, Function, tuple[int, ...]]:
    """ELU and SELU, their slopes and their kink."""
    return (
        lambda z: scale * (z if z > 0 else alpha * mpmath.expm1(z)),
        lambda z: scale * (1 if z > 0 else alpha * mpmath.exp(z)),
        (0,),
    )


def ramp(low: int, high: int, slope: Any, middle: Any) -> tuple[Function, Function, Any]:
    """`middle` + `slope` z between two kinks, constant beyond."""
    return (
        lambda z: middle + slope * min(max(z, low), high),
        lambda z: slope if low < z < high else 0,
        (low, high),
    )


# phi, phi' and kinks from the definitions.
EXACT: dict[str, tuple[Function, Function, tuple[int, ...]]] = {
    "identity": (lambda z: z, lambda z: 1, ()),
    "tanh": (mpmath.tanh, lambda z: mpmath.sech(z) ** 2, ()),
    "sigmoid": (sigmoid, sigmoid_slope, ()),
    "relu": (lambda z: max(z, 0), lambda z: int(z > 0), (0,)),
    "leaky_relu(0.2)": (lambda z: max(z, z / 5), lambda z: 1 if z > 0 else mpf(1) / 5, (0,)),
    "elu": negative_exponential(1),
    "elu(0.5)": negative_exponential(mpf(1) / 2),
    "selu": negative_exponential(SELU_ALPHA, SELU_SCALE),
    "gelu": (lambda z: z * mpmath.ncdf(z), lambda z: mpmath.ncdf(z) + z * mpmath.npdf(z), ()),
    "gelu_tanh": (
        lambda z: z / 2 * (1 + mpmath.tanh(GELU_SCALE * (z + GELU_CUBIC * z**3))),
        gelu_tanh_slope,
        (),
    ),
    "silu": (lambda z: z * sigmoid(z), lambda z: sigmoid(z) + z * sigmoid_slope(z), ()),
    "softplus": (softplus, sigmoid, ()),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2, (0,)),
    "hard_tanh": ramp(-1, 1, 1, 0),
    "erf": (mpmath.erf, lambda z: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(z**2)), ()),
    "mish": (lambda z: z * mpmath.tanh(softplus(z)), mish_slope, ()),
    "arctan": (mpmath.atan, lambda z: 1 / (1 + z**2), ()),
    "sin": (mpmath.sin, mpmath.cos, ()),
    "lecun_tanh": (
        lambda z: mpf("1.7159") * mpmath.tanh(2 * z / 3),
        lambda z: mpf("1.7159") * 2 / 3 * mpmath.sech(2 * z / 3) ** 2,
        (),
    ),
    "hard_sigmoid": ramp(-3, 3, mpf(1) / 6, mpf(1) / 2),
    "relu6": ramp(0, 6, 1, 0),
    "hard_swish": (
        lambda z: z * min(max(z + 3, 0), 6) / 6,
        lambda z: 0 if z <= -3 else 1 if z >= 3 else z / 3 + mpf(1) / 2,
        (-3, 3),
    ),
    "celu(0.5)": (
        lambda z: max(z, 0) + mpmath.expm1(2 * min(z, 0)) / 2,
        lambda z: mpmath.exp(2 * min(z, 0)),
        (0,),
    ),
    "log_sigmoid": (lambda z: -softplus(-z), lambda z: sigmoid(-z), ()),
    "soft_shrink(1)": (
        lambda z: mpmath.sign(z) * max(abs(z) - 1, 0),
        lambda z: int(abs(z) > 1),
        (-1, 1),
    ),
    "tanh_shrink": (lambda z: z - mpmath.tanh(z), lambda z: mpmath.tanh(z) ** 2, ()),
    "squared_relu": (lambda z: max(z, 0) ** 2, lambda z: 2 * max(z, 0), (0,)),
}


def expectation(f: Function, q: float, kinks: tuple[int, ...]) -> float:
    """E f(z) for z ~ N(0, q), by mpmath's tanh-sinh rule between the kinks."""
    root = mpmath.sqrt(q)
    ends = {kink / root for kink in (*kinks, 0)} | {mpf(end) for end in (-3, -1, 1, 3)}
    inside = sorted(end for end in ends if abs(end) < 10)
    return float(mpmath.quad(lambda z: f(root * z) * mpmath.npdf(z), [-10, *inside, 10]))


@pytest.mark.parametrize("q", [0.3, 9.0])
@pytest.mark.parametrize("name", EXACT)
def test_moments_agree_with_independent_integration(name: str, q: float) -> None:
    *functions, kinks = EXACT[name]
    phi, slope = (functools.cache(function) for function in functions)
    found = moments(name, q)
    mean = expectation(phi, q, kinks)
    close = {"rel": 1e-12, "abs": 1e-14}
    assert found.q == q
    assert found.mean == pytest.approx(mean, **close)
    assert found.second == pytest.approx(expectation(lambda z: phi(z) ** 2, q, kinks), **close)
    assert found.variance == pytest.approx(found.second - mean**2, **close)
    assert found.slope_second == pytest.approx(
        expectation(lambda z: slope(z) ** 2, q, kinks), **close
    )
    assert found.second_by_q == pytest.approx(
        expectation(lambda z: z * phi(z) * slope(z), q, kinks) / q, **close
    )


LEAST = {row["name"]: row["least"] for row in activation_table()}
EVERY = [
    Activation(name, parameter)
    for name, twin in ACTIVATIONS.items()
    for near_least in [LEAST[name] + 0.1 * (twin.parameter - LEAST[name])]
    for parameter in sorted({twin.parameter, get(name).parameter, near_least})
]


def twin_moments(g: Activation, q: float) -> tuple[float, float]:
    """E phi^2 and E phi'^2 of the twin in NumPy, by Gauss' rule on panels of 1/16 and less."""
    twin, root = ACTIVATIONS[g.kind], math.sqrt(q)
    cuts = np.unique([*np.arange(-24.0, 24.001, 0.0625), *(np.array(kinks_of(g)) / root)])
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = 0.5 * np.diff(cuts)[:, None]
    z = cuts[:-1, None] + half * (1.0 + nodes)
    weight = half * weights * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    value, slope = twin.value(root * z, g.parameter), twin.slope(root * z, g.parameter)
    return float((weight * value**2).sum()), float((weight * slope**2).sum())


def moments_are_the_twins(phi: Nonlinearity, g: Activation) -> bool:
    """Tell it at a small and a large q: the larger, the finer the step that the pole asks for."""
    found = {q: moments_of(phi, q) for q in (1.0, 25.0)}
    got = [(m.second, m.slope_second) for m in found.values()]
    return np.allclose(got, [twin_moments(g, q) for q in found], rtol=1e-11, atol=0.0)


@pytest.mark.parametrize("g", EVERY, ids=str)
def test_moments_are_those_of_the_twin(g: Activation) -> None:
    """Of every kind and parameter: the pole and the kinks of its row set the rule's points."""
    assert moments_are_the_twins(resolve(g), g)


CLOSED_FORMS = ["identity", "sin", "exponential"]  # whose pole is not used


@pytest.mark.parametrize("g", EVERY, ids=str)
def test_a_pole_too_far_out_shows(g: Activation) -> None:
    phi = resolve(g)
    if phi.pole is not None and g.kind not in CLOSED_FORMS:
        assert not moments_are_the_twins(replace(phi, pole=50.0), g)


def test_moments_of_exponential_have_closed_forms() -> None:
    for q in (0.3, 9.0, 100.0):
        found = moments("exponential", q)
        root = mpmath.sqrt(q)
        middle = 2 * root  # of phi^2; of z phi phi' a little beyond
        ends = [middle - 12, middle, middle + 12]
        second = mpmath.quad(lambda z, s=root: mpmath.exp(2 * s * z) * mpmath.npdf(z), ends)
        by_q = mpmath.quad(lambda z, s=root: z * s * mpmath.exp(2 * s * z) * mpmath.npdf(z), ends)
        assert found.second == found.slope_second == pytest.approx(float(second), rel=1e-12)
        assert found.second_by_q == pytest.approx(float(by_q / q), rel=1e-12)
        assert found.variance == pytest.approx(found.second - found.mean**2, rel=1e-12)
    with pytest.raises(ValueError, match="exponential at q = 1000 overflows"):
        moments("exponential", 1e3)


def test_moments_of_hard_shrink_have_closed_forms() -> None:
    """A jump adds to the derivative of E phi^2."""
    for q in (0.1, 1.0, 9.0):
        root = mpmath.sqrt(q)
        ends = (
            [mpmath.mpf("0.5") / root, 1, 3, 12] if q > 0.3 else [mpmath.mpf("0.5") / root, 3, 12]
        )
        found = moments("hard_shrink", q)
        second = 2 * q * mpmath.quad(lambda z: z * z * mpmath.npdf(z), ends)
        slope = 2 * mpmath.quad(mpmath.npdf, ends)
        assert found.mean == 0.0
        assert found.second == found.variance == pytest.approx(float(second), rel=1e-12)
        assert found.slope_second == pytest.approx(float(slope), rel=1e-12)
        up, down = (
            moments("hard_shrink", q * 1.001).second,
            moments("hard_shrink", q * 0.999).second,
        )
        assert found.second_by_q == pytest.approx((up - down) / (0.002 * q), rel=1e-4)


@pytest.mark.parametrize("q", [1e-300, 1e-12, 1e-3, 1.0, 1e3, 1e5, 1e9, 1e15, 1e300])
def test_moments_keep_their_closed_forms_at_any_scale(q: float) -> None:
    erf = moments("erf", q)
    with mpmath.workdps(400):
        second = float(2 / mpmath.pi * mpmath.asin(2 * mpf(q) / (1 + 2 * mpf(q))))
    assert erf.second == pytest.approx(second, rel=1e-12, abs=0)
    assert erf.slope_second == pytest.approx(4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-12, abs=0)
    hard_tanh = moments("hard_tanh", q)
    inside = math.erf(1 / math.sqrt(2 * q))
    assert hard_tanh.slope_second == pytest.approx(inside, rel=1e-12, abs=0)


def test_moments_of_erf_and_tanh_join_where_the_rule_changes() -> None:
    """Past some q the trapezoid rule gives way to graded panels; softplus' slope is sigmoid."""
    for q in np.geomspace(1e3, 1e7, 25):
        assert moments("softplus", q).slope_second == pytest.approx(
            moments("sigmoid", q).second, rel=1e-12
        )
        half, full = moments("tanh", q / 4), moments("sigmoid", q)
        assert full.second == pytest.approx(0.25 + half.second / 4, rel=1e-12)
        assert full.slope_second == pytest.approx(half.slope_second / 16, rel=1e-11)


def test_known_functions_take_few_evaluations() -> None:
    """Panels that end at the kinks need no search for them; wide arguments no fine steps."""
    kinked = len(sample(resolve("hard_sigmoid"), 2.0).z)
    assert kinked < len(sample(resolve(CALLABLES["hard_sigmoid"]), 2.0).z) / 2
    assert len(sample(resolve("tanh"), 1e10).z) < 2000


# Published or computed to 25 digits elsewhere.
@pytest.mark.parametrize(
    ("name", "kind", "figure"),
    [
        ("tanh", "forward", 1.592537420),
        ("sigmoid", "forward", 1.846228545),
        ("selu", "forward", 1.0),
        ("gelu", "forward", 1.533530441),
        ("silu", "forward", 1.676532470),
        ("softplus", "forward", 1.041866836),
        ("softsign", "forward", 2.337533363),
        ("elu", "forward", 1.245198301),
        ("erf", "forward", 1.467166951),
        ("hard_tanh", "forward", 1.392036140),
        ("mish", "forward", 1.486847581),
        ("arctan", "forward", 1.491207618),
        ("lecun_tanh", "forward", 1.154369454),
        ("hard_sigmoid", "forward", 1.897840425),
        ("relu6", "forward", 1.414213565),
        ("gelu_tanh", "forward", 1.533580522),
        ("leaky_relu(0.2)", "forward", 1.386750491),
        ("relu", "std", 1.712858550),
        ("sigmoid", "std", 4.801313372),
        ("hard_sigmoid", "std", 6.015034487),
        ("mish", "std", 1.592025381),
        ("selu", "std", 1.0),
        ("tanh", "backward", 1.467413592),
        ("selu", "backward", 0.966025777),
        ("gelu", "backward", 1.481114413),
        ("sigmoid", "kumar", 3.577708764),
        ("tanh", "kumar", 1.0),
        ("silu", "kumar", 2.0),
        ("gelu", "kumar", 2.0),
        ("softplus", "kumar", 1.643738326),
        ("mish", "kumar", 1.666666667),
        ("hard_sigmoid", "kumar", 5.366563146),
        ("lecun_tanh", "kumar", 0.874176817),
        ("elu", "kumar", 1.0),
        ("softsign", "kumar", 1.0),
        ("relu", "kumar", 1.414213562),
    ],
)
def test_gain_is_the_reference_figure(name: str, kind: str, figure: float) -> None:
    assert gain(name, kind) == pytest.approx(figure, abs=1e-9, rel=0)


def test_gain_is_of_the_variance_given() -> None:
    for q in (0.3, 9.0):
        found = moments("sigmoid", q)
        assert gain("sigmoid", q=q) == pytest.approx(found.second**-0.5, rel=1e-15)
        assert gain("sigmoid", "std", q) == pytest.approx(found.variance**-0.5, rel=1e-15)
        assert gain("sigmoid", "backward", q) == pytest.approx(found.slope_second**-0.5, rel=1e-15)


def test_gains_of_homogeneous_functions_are_exact() -> None:
    assert gain("identity") == gain("linear", "backward") == gain("identity", "std") == 1.0
    for q in (0.25, 1.0, 16.0):
        assert gain("relu", q=q) * math.sqrt(q) == pytest.approx(math.sqrt(2.0), rel=1e-15)
        assert gain("relu", "backward", q=q) == 1 / math.sqrt(0.5)
    assert gain("leaky_relu(0.01)") == pytest.approx(1.4141428569978354, rel=1e-15)


def test_torch_gains_are_the_table_of_pytorch() -> None:
    table = {
        "identity": 1.0,
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 1.6666666666666667,
        "relu": 1.4142135623730951,
        "leaky_relu": 1.4141428569978354,
        "leaky_relu(0.2)": math.sqrt(2 / 1.04),
        "selu": 0.75,
    }
    for name, figure in table.items():
        assert gain(name, "torch") == pytest.approx(figure, rel=1e-15)
    for other in ("gelu", "mish", "elu", np.tanh):
        with pytest.raises(ValueError, match="identity, sigmoid, tanh, relu, leaky_relu and selu"):
            gain(other, "torch")


@pytest.mark.parametrize("name", ["leaky_relu", "selu", "elu(0.5)", "relu6"])
def test_kumar_refuses_a_kink_at_zero(name: str) -> None:
    with pytest.raises(ValueError, match=r"no Kumar gain: its slope at 0 is .* from the left"):
        gain(name, "kumar")


def test_kumar_of_a_callable_comes_from_its_values() -> None:
    for scale in (1e-9, 1.0, 1000.0):  # 1000: all that matters is within 0.001 of 0
        assert gain(lambda z, s=scale: np.tanh(s * z), "kumar") == pytest.approx(
            1 / scale, rel=1e-10
        )
    assert gain(lambda z: 1 / (1 + np.exp(-z)), "kumar") == pytest.approx(3.577708764, abs=1e-9)
    assert gain(np.sinh, "kumar", derivative=np.cosh) == 1.0
    assert gain(lambda z: 1e6 + np.tanh(z), "kumar") == pytest.approx(1e-6, rel=1e-6)
    for kinked in (np.abs, lambda z: np.maximum(z, 0)):
        with pytest.raises(ValueError, match="no Kumar gain"):
            gain(kinked, "kumar")
    with pytest.raises(ValueError, match=r"phi'\(0\) is 0"):
        gain(np.square, "kumar")
    for flat in ("squared_relu", "tanh_shrink", "soft_shrink"):
        with pytest.raises(ValueError, match=r"phi'\(0\) is 0"):
            gain(flat, "kumar")


CALLABLES: dict[str, Function] = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 0.5 + 0.5 * np.tanh(0.5 * z),
    "relu": lambda z: np.maximum(z, 0),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "hard_tanh": lambda z: np.clip(z, -1, 1),
    "hard_sigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "sin": np.sin,
}


@pytest.mark.parametrize("q", [1e-3, 0.3, 1.0, 9.0, 1e3])
@pytest.mark.parametrize("name", CALLABLES)
def test_callable_has_the_moments_of_the_same_named_function(name: str, q: float) -> None:
    """Kinks are found, and slopes do not blur them, where only values are known."""
    named, found = moments(name, q), moments(CALLABLES[name], q)
    for field in ("mean", "second", "variance", "slope_second", "second_by_q"):
        assert getattr(found, field) == pytest.approx(getattr(named, field), rel=1e-10, abs=1e-13)


def test_kink_at_an_odd_place_is_found() -> None:
    for kink in (0.3, -1.7, math.pi):
        inside = 0.5 * math.erfc(kink / math.sqrt(2))
        assert moments(lambda z, k=kink: np.maximum(z - k, 0)).slope_second == pytest.approx(
            inside, rel=1e-11
        )


def test_derivative_of_a_callable_is_used() -> None:
    assert gain(np.sin, "backward", derivative=np.cos) == pytest.approx(
        gain("sin", "backward"), rel=1e-13
    )
    assert gain(np.sin, "backward", derivative=lambda z: np.full_like(z, 2.0)) == pytest.approx(0.5)
    # A step has no slope to take from values, and needs none for the forward gain.
    step = moments(lambda z: np.sign(z - 0.3), derivative=np.zeros_like)
    assert step.second == pytest.approx(1.0, rel=1e-12)
    assert step.mean == pytest.approx(-math.erf(0.3 / math.sqrt(2)), rel=1e-11)
    with pytest.raises(ValueError, match="where it jumps, pass its derivative"):
        moments(lambda z: np.sign(z - 0.3))


def test_callable_may_return_integers() -> None:
    step = gain(lambda z: (z > 0).astype(int), derivative=np.zeros_like)
    assert step == pytest.approx(math.sqrt(2), rel=1e-12)


@pytest.mark.parametrize("q", [0.0, -1.0, INF, -INF, math.nan])
@pytest.mark.parametrize("kind", ["forward", "std", "backward", "kumar", "torch"])
def test_bad_q_is_refused(kind: str, q: float) -> None:
    with pytest.raises(ValueError, match="q must be finite and above 0"):
        gain("tanh", kind, q)
    with pytest.raises(ValueError, match="q must be finite and above 0"):
        moments("tanh", q)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown kind 'forwards'. Did you mean 'forward'\?"):
        gain("tanh", "forwards")
    with pytest.raises(TypeError, match="kind must be one of"):
        gain("tanh", 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"unknown activation 'tahn'.*'tanh'.*gelu.*mish"):
        gain("tahn")
    with pytest.raises(ValueError, match="slope must be"):
        gain("leaky_relu(2)")
    with pytest.raises(TypeError, match="activation must be a name"):
        gain(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="q must be a real number"):
        gain("tanh", q="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="derivative goes with a callable"):
        gain("tanh", derivative=np.cos)
    with pytest.raises(TypeError, match="derivative must be callable"):
        gain(np.sin, derivative=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda z: 0.5, "must keep the shape"),
        (lambda z: z.sum(), "must keep the shape"),
        (lambda z: np.concatenate([z, z]), "must keep the shape"),
        (lambda z: z * 1j, "must return float64 for float64, got complex128"),
        (lambda z: z.astype(np.float32), "must return float64 for float64, got float32"),
        (lambda z: z.astype(str), "must return float64"),
        (lambda z: np.where(z > 2, np.nan, z), r"must be finite, got nan at [2-5]\."),
        (lambda z: np.where(z > 2, np.inf, z), "must be finite, got inf"),
    ],
)
def test_bad_callable_is_refused(bad: Function, message: str) -> None:
    for kind in ("forward", "std", "backward"):
        with pytest.raises(ValueError, match=f"activation {message}"):
            gain(bad, kind)
        with pytest.raises(ValueError, match=f"derivative {message}"):
            gain(np.tanh, kind, derivative=bad)


def test_functions_without_such_a_gain_are_refused() -> None:
    with pytest.raises(ValueError, match=r"E phi\^2 is 0"):
        gain(lambda z: 0 * z)
    for constant in (0.1, 1e6):
        with pytest.raises(ValueError, match="Var phi is 0"):
            gain(lambda z, c=constant: 0 * z + c, "std")
        with pytest.raises(ValueError, match=r"E phi'\^2 is 0"):
            gain(lambda z, c=constant: 0 * z + c, "backward")
    with pytest.raises(ValueError, match="do not converge"):
        gain(lambda z: np.sin(1e7 * z))
    with pytest.raises(ValueError, match="grows too fast"):
        gain("gelu", q=1.7e308)


def test_growth_is_followed_as_far_as_it_can_be() -> None:
    """E exp(z)^2 = exp(2 q) comes from z about 2 q, beyond 12 sqrt(q) for q > 36."""
    assert moments(np.exp, 4.0).second == pytest.approx(math.exp(8), rel=1e-12)
    for q in (16.0, 100.0, 2000.0):
        with pytest.raises(ValueError, match="grows too fast"):
            moments(np.exp, q)
    with pytest.raises(ValueError, match="must be finite, got inf"):
        moments(np.exp, 1e4)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (-2, 2),
        (-1, 1),
        (-3, 3),
        (-1, 5),
        (0, INF),
        (-INF, -2),
        (5, INF),
        (-31, -30),
        (-INF, -100),
        (30, INF),
        (1e5, INF),
        (1, 1.001),
        (-1e-5, 1e-5),
        (1e-9, 2e-9),
        (-INF, INF),
    ],
)
def test_truncated_std_is_the_closed_form(low: float, high: float) -> None:
    """In 80 digits: the closed form loses up to 40 of them here."""
    with mpmath.workdps(80):
        a, b = mpf(low), mpf(high)
        sign = -1 if b <= 0 else 1
        a, b = (a, b) if sign == 1 else (-b, -a)
        # Everything over the density at a, or at 0, so that nothing underflows.
        nearest = max(a, 0)
        density = [
            mpmath.exp((nearest**2 - x**2) / 2) if mpmath.isfinite(x) else mpf(0) for x in (a, b)
        ]
        edge = [
            x * p if mpmath.isfinite(x) else mpf(0) for x, p in zip((a, b), density, strict=True)
        ]
        mass = [
            mpmath.sqrt(mpmath.pi / 2)
            * mpmath.erfc(x / mpmath.sqrt(2))
            * mpmath.exp(nearest**2 / 2)
            for x in (a, b)
        ]
        total = mass[0] - mass[1]
        variance = 1 + (edge[0] - edge[1]) / total - ((density[0] - density[1]) / total) ** 2
        exact = float(mpmath.sqrt(variance))
    assert truncated_std(low, high) == pytest.approx(exact, rel=3e-15, abs=0)


def test_truncated_std_figures() -> None:
    assert truncated_std() == pytest.approx(0.87962566103423975041, rel=2e-16)
    assert truncated_std(-1.5, 1.5) == pytest.approx(0.74264689843932648995, rel=4e-16)
    assert truncated_std(1e200, INF) == pytest.approx(1e-200, rel=1e-14)


@pytest.mark.parametrize(
    ("low", "high"),
    [(2, -2), (1, 1), (INF, INF), (-INF, -INF), (math.nan, 1), (0, math.nan)],
)
def test_truncation_refuses_bad_bounds(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        truncated_std(low, high)
    with pytest.raises(TypeError, match="low must be a real number"):
        truncated_std("-2", 2)


@pytest.mark.parametrize("width", [1, 2, 3, 10, 33, 100])
def test_random_walk_gain_is_the_exact_mean(width: int) -> None:
    shift = mpmath.log(mpf(2) / width)
    linear = mpmath.exp(-(mpmath.digamma(mpf(width) / 2) + shift) / 2)
    mean = sum(
        mpmath.binomial(width, active) * mpmath.digamma(mpf(active) / 2)
        for active in range(1, width + 1)
    ) / (mpf(2) ** width - 1)
    assert random_walk_gain("linear", width) == pytest.approx(float(linear), rel=1e-14)
    assert random_walk_gain("relu", width) == pytest.approx(
        float(mpmath.exp(-(mean + shift) / 2)), rel=1e-14
    )


def test_random_walk_gain_figures() -> None:
    assert random_walk_gain("identity", 32) == pytest.approx(1.015912981, abs=1e-9)
    assert random_walk_gain("relu", 32) == pytest.approx(1.473799403, abs=1e-9)
    assert random_walk_gain("relu", 1000) == pytest.approx(1.415985334, abs=1e-9)
    large = random_walk_gain("relu", 1_000_000)
    assert large == pytest.approx(math.sqrt(2) * (1 + 1.25e-6), rel=1e-9)


def test_random_walk_gain_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="must be 'identity' or 'relu'"):
        random_walk_gain("tanh", 10)
    with pytest.raises(ValueError, match="width must be at least 1"):
        random_walk_gain("relu", 0)
    with pytest.raises(TypeError, match="width must be an integer"):
        random_walk_gain("relu", 10.0)


@pytest.mark.parametrize("name", il.activations.names())
def test_panels_end_once_at_each_kink(name: str) -> None:
    """0 is the end of panels of every function, and a kink of many."""
    phi = resolve(name)
    for q in (1e-4, 1.0, 9.0, 1e4):
        cuts = _cuts(phi, math.sqrt(q))
        assert (np.diff(cuts) > 0.0).all()
        assert 0.0 in cuts
        kinks = np.array(phi.kinks) / math.sqrt(q)
        assert np.isin(kinks[np.abs(kinks) <= 12.0], cuts).all()
