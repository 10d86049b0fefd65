"""The table of activations: what each row says holds of the function that it is about."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import initlens as il
from initlens import _core, activations
from sample_nets import DTYPES, HIDDEN, bits, text

ROWS = {row["name"]: row for row in _core.activation_table()}
WITH_PARAMETER = [name for name, row in ROWS.items() if row["parameter"] is not None]
EVERY = [text(hidden) for hidden in HIDDEN]
UNBOUNDED = ["squared_relu", "exponential"]

ALIASES = {
    "linear": "identity",
    "logistic": "sigmoid",
    "swish": "silu",
    "hardtanh": "hard_tanh",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_swish",
    "hard_silu": "hard_swish",
    "logsigmoid": "log_sigmoid",
    "softshrink": "soft_shrink",
    "hardshrink": "hard_shrink",
    "tanhshrink": "tanh_shrink",
    "relu_squared": "squared_relu",
    "relu2": "squared_relu",
    "exp": "exponential",
    "atan": "arctan",
    "sine": "sin",
}
# PyTorch's, of its functions of these names.
DEFAULTS = {"leaky_relu": 0.01, "elu": 1.0, "celu": 1.0, "soft_shrink": 0.5, "hard_shrink": 0.5}


def grid(dtype: str = "float64", end: float = 40.0) -> np.ndarray:
    """Points of both signs, small ones among them."""
    z = np.concatenate([np.linspace(0.0, end, 40_001), np.geomspace(1e-30, 1.0, 1_000)])
    return np.concatenate([-z, z]).astype(dtype)


def kind_of(name: str) -> str:
    return activations.get(name).kind


def test_every_kind_has_a_twin() -> None:
    assert [name for name, _ in HIDDEN] == list(ROWS)


def test_aliases() -> None:
    assert {alias: name for name in ROWS for alias in ROWS[name]["aliases"].split()} == ALIASES
    assert {alias: kind_of(alias) for alias in ALIASES} == ALIASES


def test_default_parameters() -> None:
    assert {name: activations.get(name).parameter for name in WITH_PARAMETER} == DEFAULTS


@pytest.mark.parametrize("name", ROWS)
def test_text_forms_and_aliases(name: str) -> None:
    row, known = ROWS[name], activations.get(name)
    assert known == activations.Activation(name, row["initial"])
    assert str(known) == name
    for alias in row["aliases"].split():
        assert activations.get(alias) == known
        assert alias not in activations.names()


@pytest.mark.parametrize("name", WITH_PARAMETER)
def test_parameters(name: str) -> None:
    row = ROWS[name]
    word, value = row["parameter"], row["least"] + 0.625
    for form in (f"{name}({value})", f"{name}({word}={value})"):
        found = activations.get(form)
        assert found == activations.Activation(name, value)
        assert activations.get(str(found)) == found
    bad = [row["least"] - 1.0, math.inf, math.nan]
    bad += [row["least"]] if row["above"] else []
    bad += [row["most"] + 1.0] if row["most"] < 1e300 else []
    for value in bad:
        if not math.isnan(value):
            with pytest.raises(ValueError, match=f"{word} must be finite and "):
                activations.get(f"{name}({value})")
        with pytest.raises(ValueError, match="range"):
            _core.activation_apply(name, value, [0.0])
    _core.activation_apply(name, row["least"] + (1e-300 if row["above"] else 0.0), [0.0])
    with pytest.raises(ValueError, match=rf"it is {name}\({word}="):
        activations.get(f"{name}(other=1)")


@pytest.mark.parametrize("name", [name for name in ROWS if name not in WITH_PARAMETER])
def test_others_take_none(name: str) -> None:
    with pytest.raises(ValueError, match="too many positional arguments"):
        activations.get(f"{name}(1)")
    with pytest.raises(ValueError, match="range"):
        _core.activation_apply(name, 1.0, [0.0])


@pytest.mark.parametrize("name", [*EVERY, "elu(1.75)", "celu(3)"])
def test_largest_slope(name: str) -> None:
    g = activations.get(name)
    if g.kind in UNBOUNDED:
        assert g.max_slope == math.inf
        return
    found = np.abs(g.slope(np.linspace(-20.0, 20.0, 4_000_001))).max()
    assert found <= g.max_slope * (1.0 + 1e-14)
    assert found >= g.max_slope * (1.0 - 1e-5)  # a slope may jump down from its largest


@pytest.mark.parametrize("name", [*EVERY, "elu(1.75)", "celu(3)"])
def test_linear_part(name: str) -> None:
    """It is where g is near its tangent on both sides of a point whose slope is near the largest.

    Taken from values around 0, in the straight part of rectifiers, and far out. The functions that
    overshoot are steepest elsewhere, on a hump, or on one side of 0 alone.
    """
    g, h = activations.get(name), 2.0**-10
    left, middle, right = (g(np.array([-700.0, 0.0, 1.0, 700.0]) + at) for at in (-h, 0.0, h))
    secants = np.abs([middle - left, right - middle]) / h
    straight = math.isfinite(g.max_slope) and secants.min(axis=0).max() > 0.9975 * g.max_slope
    net = il.Network([2, 4, 1], activation=name).initialize("normal(0.3)", rng=0)
    flower = il.datasets.flower()
    found = il.diagnose(net, flower.X, flower.y).layers[0].saturation.linear
    assert math.isnan(found) == (not straight)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EVERY)
def test_own_symmetry(name: str, dtype: str) -> None:
    g, z = activations.get(name), grid(dtype)
    odd = np.array_equal(bits(g(-z)), bits(-g(z))) and np.array_equal(g.slope(-z), g.slope(z))
    homogeneous = np.array_equal(g(8 * z), 8 * g(z)) and np.array_equal(g.slope(8 * z), g.slope(z))
    modulo = activations.modulo_of(g)
    assert odd == (modulo == activations.MODULO_SIGN)
    assert (homogeneous and not odd) == (modulo == activations.MODULO_SCALE)


@pytest.mark.parametrize("name", EVERY)
def test_flat_sides(name: str) -> None:
    g, flat = activations.get(name), ROWS[kind_of(name)]["flat"]
    ends = np.abs(g.slope(np.array([-1e9, 1e9]))) < 1e-9
    middle = g.slope([0.0])[0] == 0.0 and not ends.any()
    if g.kind == "sin":  # held
        assert not flat
    else:
        assert flat == ends[0] * 1 + ends[1] * 2 + middle * 4


@pytest.mark.parametrize("name", EVERY)
def test_rectified(name: str) -> None:
    g = activations.get(name)
    z = -np.abs(grid())
    straight = np.array_equal(g(z), g.parameter * z) and g.kind != "identity"
    off = straight and not np.array_equal(g(-z), -g(z))
    assert (g.kind in activations.RELU_FAMILY) == off


@pytest.mark.parametrize("name", EVERY)
def test_kinks(name: str) -> None:
    """One side's slope, or its change, differs from the other's where a kink is, and only there."""
    g = activations.get(name)
    kinks = activations.kinks_of(g)
    if activations.pole_of(g) is None:  # or the parameter moves it
        assert kinks or ROWS[g.kind]["parameter"] is not None
    else:
        assert not kinks
    h = 2.0**-20
    for at in sorted({0.0, -0.25, 0.25, -1.0, 1.0, -3.0, 3.0, 6.0, *kinks}):
        z = at + h * np.array([-3.0, -1.0, 1.0, 3.0])
        slopes = g.slope(z)
        bend = (slopes[1] - slopes[0], slopes[3] - slopes[2])
        much = 1e-3 * max(1.0, np.abs(slopes).max())
        jump = abs(slopes[2] - slopes[1]) > much or abs(bend[1] - bend[0]) > much * h
        smooth = g.kind in ("elu", "celu") and g.parameter == 1.0
        assert jump == (at in kinks) or smooth, at


def test_text_of_what_is_no_kind() -> None:
    nope = activations.Activation("nope")
    assert str(nope) == "nope"
    with pytest.raises(ValueError, match="nope"):
        nope([0.0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_sin_is_held_where_it_ends(dtype: str) -> None:
    g = activations.get("sin")
    end = 2.0**13
    beyond = np.array([end, np.nextafter(end, math.inf, dtype=dtype), 1e6, math.inf], dtype)
    value = g(beyond[:1])[0]
    assert value == pytest.approx(math.sin(end), rel=1e-6)
    np.testing.assert_array_equal(g(beyond), np.full(4, value))
    np.testing.assert_array_equal(g(-beyond), np.full(4, -value))
    np.testing.assert_array_equal(g.slope(beyond)[1:], np.zeros(3))
    assert g.slope(beyond)[0] == pytest.approx(math.cos(end), rel=1e-6)


# Ulp of the result, at most, over [-20, 20] and around its zeros.
ERRORS = {
    "mish": 4.0,
    "hard_sigmoid": 1.5,
    "hard_swish": 2.0,
    "celu": 2.0,
    "log_sigmoid": 2.0,
    "tanh_shrink": 6.0,
    "squared_relu": 0.5,
    "exponential": 1.0,
    "arctan": 2.0,
    "lecun_tanh": 3.0,
    "sin": 2.0,
}


def exact(name: str, z: float) -> mpmath.mpf:
    x = mpmath.mpf(z)
    sixth = min(max(x + 3, mpmath.mpf(0)), mpmath.mpf(6)) / 6
    found = {
        "mish": lambda: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
        "hard_sigmoid": lambda: sixth,
        "hard_swish": lambda: x * sixth,
        "celu": lambda: x if x > 0 else mpmath.expm1(x / 0.75) * 0.75,
        "log_sigmoid": lambda: -mpmath.log1p(mpmath.exp(-x)),
        "tanh_shrink": lambda: x - mpmath.tanh(x),
        "squared_relu": lambda: max(x, mpmath.mpf(0)) ** 2,
        "exponential": lambda: mpmath.exp(x),
        "arctan": lambda: mpmath.atan(x),
        "lecun_tanh": lambda: mpmath.mpf("1.7159") * mpmath.tanh(2 * x / 3),
        "sin": lambda: mpmath.sin(x),
    }
    return found[name]()


def ulps(got: np.ndarray, wanted: list[mpmath.mpf]) -> float:
    ends = np.spacing(np.abs(np.array([float(w) for w in wanted], got.dtype)))
    errors = [
        abs(mpmath.mpf(float(g)) - w) / float(e) for g, w, e in zip(got, wanted, ends, strict=True)
    ]
    return float(max(errors))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_composites(name: str, dtype: str) -> None:
    """The figures of csrc/README.md, Numerics 3.7; libm knows none of these functions."""
    random = np.random.default_rng(11)
    z = np.concatenate([random.uniform(-20.0, 20.0, 1_000), 2.0 ** random.uniform(-20.0, 3.0, 400)])
    zeros = math.pi * np.arange(1, 200) if name == "sin" else []
    z = np.concatenate([z, -z[1_000:], zeros]).astype(dtype)
    g = activations.get("celu(0.75)" if name == "celu" else name)
    with mpmath.workdps(40):
        found = ulps(g(z), [exact(name, float(x)) for x in z])
    assert found <= ERRORS[name]


@pytest.mark.parametrize("name", UNBOUNDED)
def test_saturation_of_an_unbounded_slope_is_not_defined(name: str) -> None:
    flower = il.datasets.flower()
    net = il.Network([2, 4, 1], activation=name).initialize("normal(0.3)", rng=0)
    report = il.diagnose(net, flower.X, flower.y)
    saturation = report.layers[0].saturation
    assert all(math.isnan(x) for x in (saturation.low, saturation.high, saturation.linear))
    assert np.isnan(saturation.by_unit).all()
    assert not math.isnan(report.layers[1].saturation.share)
    assert "saturated" not in report.codes
    history = net.fit(flower.X, flower.y, optimizer=il.SGD(0.01), steps=3, record=1)
    assert np.isnan(history.saturated[:, 0]).all()
    assert not np.isnan(history.saturated[:, 1]).any()
    assert np.isnan(il.diagnosis.relative_slope(name, [0.0, 1.0])).all()


def test_relu6_is_judged_by_its_upper_side() -> None:
    """Off for half of the pairs is what it is made of; beyond 6 it is saturated."""
    flower = il.datasets.flower()
    for scale, wanted in ((1.0, False), (100.0, True)):
        net = il.Network([2, 64, 1], activation="relu6").initialize(f"normal({scale})", rng=0)
        found = il.diagnose(net, flower.X, flower.y).verdicts
        assert any(v.code == "saturated" for v in found) == wanted


def test_a_flat_middle_asks_for_a_larger_scale() -> None:
    flower = il.datasets.flower()
    net = il.Network([2, 8, 1], activation="hard_shrink").initialize("normal(0.05)", rng=0)
    verdict = next(
        v for v in il.diagnose(net, flower.X, flower.y).verdicts if v.code == "saturated"
    )
    assert "too small" in verdict.sentence
    assert verdict.cause == "scale of all layers"
