"""Schemes: their text, their numbers, their sources of randomness, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens import initializers
from initlens._tools import rng as _rng
from initlens.initializers import Constant, Custom, Normal, Uniform, VarianceScaling

SCHEMES = [
    Constant(0.0),
    Constant(1.0),
    Constant(-0.5),
    Normal(),
    Normal(0.01),
    Normal(std=0.1, mean=-2.0),
    Normal(1e-17),
    Uniform(-0.1, 0.1),
    Uniform(-1.0, 2.5),
    VarianceScaling(),
    VarianceScaling(1.5, "fan_out", "uniform"),
    VarianceScaling(2.0, "fan_in", "uniform"),
    VarianceScaling(1.0, "fan_avg", "normal"),
]


# ---- text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_text_and_repr_round_trip(scheme: initializers.Scheme) -> None:
    assert initializers.get(str(scheme)) == scheme
    assert eval(repr(scheme), vars(initializers)) == scheme


@pytest.mark.parametrize("name", initializers.names())
def test_every_name_round_trips(name: str) -> None:
    text = f"{name}(0.5)" if name in ("constant", "uniform") else name
    scheme = initializers.get(text)
    assert initializers.get(str(scheme)) == scheme


@pytest.mark.parametrize(
    ("text", "scheme", "canonical"),
    [
        ("zeros", Constant(0.0), "zeros"),
        ("constant(0)", Constant(0.0), "zeros"),
        ("constant(value=-0.0)", Constant(0.0), "zeros"),
        ("ones()", Constant(1.0), "ones"),
        ("constant( 0.5 )", Constant(0.5), "constant(0.5)"),
        ("normal(std=0.01)", Normal(0.01), "normal(0.01)"),
        ("normal(1, mean=2)", Normal(1.0, 2.0), "normal(1, mean=2)"),
        ("uniform(0.25)", Uniform(-0.25, 0.25), "uniform(0.25)"),
        ("uniform(limit=0.25)", Uniform(-0.25, 0.25), "uniform(0.25)"),
        ("uniform(-1, high=2)", Uniform(-1.0, 2.0), "uniform(-1, 2)"),
        ("He_Normal", VarianceScaling(2.0, "fan_in", "normal"), "he_normal"),
        ("variance_scaling(2, 'fan_in', 'normal')", VarianceScaling(2.0), "he_normal"),
        ("xavier_uniform", VarianceScaling(1.0, "fan_avg", "uniform"), "glorot_uniform"),
        ("xavier_normal", VarianceScaling(1.0, "fan_avg", "normal"), "glorot_normal"),
        ("kaiming_uniform", VarianceScaling(2.0, "fan_in", "uniform"), "he_uniform"),
        ("kaiming_normal", VarianceScaling(2.0, "fan_in", "normal"), "he_normal"),
        ("lecun_normal", VarianceScaling(1.0, "fan_in", "normal"), "lecun_normal"),
    ],
)
def test_meaning_of_a_text(text: str, scheme: initializers.Scheme, canonical: str) -> None:
    found = initializers.get(text)
    assert found == scheme
    assert str(found) == canonical


def test_unknown_name_says_the_nearest_and_all() -> None:
    with pytest.raises(ValueError, match="Did you mean 'he_normal'") as caught:
        initializers.get("he_norml")
    listed = str(caught.value).partition("Valid: ")[2].split(", ")
    assert listed == initializers.names()  # no other library's names for the same


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("he", "he_normal"),
        ("glorot", "glorot_normal"),
        ("glrot", "glorot_normal"),
        ("glorotuniformm", "glorot_uniform"),
        ("xavier", "xavier_normal"),
        ("mupp", "mup"),
    ],
)
def test_a_first_word_says_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"unknown scheme {name!r}. Did you mean {meant!r}"):
        initializers.get(name)


@pytest.mark.parametrize(
    "text",
    [
        "normal(",
        "normal(std)",
        "normal(1).x",
        "normal(*[1])",
        "normal(**{'std': 1})",
        "normal(__import__('os').getpid())",
        "normal(" * 5000,
    ],
)
def test_unreadable_text(text: str) -> None:
    with pytest.raises(ValueError, match="cannot read the scheme"):
        initializers.get(text)


@pytest.mark.parametrize("text", ["", "1", "normal\x00", "flower.csv", "__import__('os').getcwd()"])
def test_text_that_begins_with_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"unknown scheme .*Valid: constant, "):
        initializers.get(text)


def test_a_class_is_no_scheme() -> None:
    with pytest.raises(TypeError, match=r"got the class Orthogonal: write Orthogonal\(\)"):
        initializers.get(initializers.Orthogonal)


def test_from_config_of_a_text() -> None:
    with pytest.raises(TypeError, match=r"config must be a dict.*got 'he_normal'"):
        initializers.from_config("he_normal")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["normal(scale=1)", "normal(1, 2, 3)", "normal(1, std=2)", "zeros(1)", "constant", "uniform()"],
)
def test_wrong_arguments(text: str) -> None:
    with pytest.raises(ValueError, match=r"scheme|uniform"):
        initializers.get(text)


def test_wrong_arguments_show_the_right_ones() -> None:
    with pytest.raises(ValueError, match=r"normal\(std=1.0, mean=0.0\)"):
        initializers.get("normal(scale=1)")


# ---- checks at construction ------------------------------------------------------------------

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(NAN),
        lambda: Constant(-INF),
        lambda: Normal(-0.1),
        lambda: Normal(NAN),
        lambda: Normal(INF),
        lambda: Normal(1.0, INF),
        lambda: Uniform(1.0, 0.5),
        lambda: Uniform(-1e308, 1e308),
        lambda: Uniform(0.0, INF),
        lambda: VarianceScaling(-1.0),
        lambda: VarianceScaling(NAN),
        lambda: VarianceScaling(1.0, "fan"),
        lambda: VarianceScaling(1.0, "fan_in", "gaussian"),
        lambda: VarianceScaling(10**400),
        lambda: initializers.get("uniform(-0.5)"),
    ],
)
def test_out_of_range(make: Any) -> None:
    with pytest.raises(ValueError, match=r"must be|unknown"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Normal("0.1"),
        lambda: Normal(True),
        lambda: Normal(1j),
        lambda: Normal(None),
        lambda: VarianceScaling(1.0, 3),
        lambda: Custom("x", 3),
        lambda: initializers.get(3),
        lambda: initializers.get(None),
    ],
)
def test_wrong_type(make: Any) -> None:
    with pytest.raises(TypeError):
        make()


# ---- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_normal", 2 / (300 + 200)),
        ("glorot_uniform", 2 / (300 + 200)),
        ("he_normal", 2 / 300),
        ("he_uniform", 2 / 300),
        ("lecun_normal", 1 / 300),
        ("lecun_uniform", 1 / 300),
        ("variance_scaling(3, 'fan_out', 'normal')", 3 / 200),
        ("normal(0.7)", 0.49),
        ("uniform(0.3)", 0.03),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mean_and_variance(name: str, variance: float, dtype: str) -> None:
    w = initializers.get(name)((300, 200), rng=5, dtype=dtype)
    assert w.shape == (300, 200)
    assert w.dtype == dtype
    # Five standard errors; the variance's is largest for the normal distribution.
    assert abs(w.mean(dtype=float)) < 5 * np.sqrt(variance / w.size)
    assert abs(w.var(dtype=float) / variance - 1) < 5 * np.sqrt(2 / w.size)
    if "uniform" in name:
        limit = np.sqrt(3 * variance)
        assert 0.99 * limit < np.abs(w).max() <= limit * (1 + 1e-6)


def test_constants_and_shifts() -> None:
    assert np.all(initializers.get("constant(0.3)")((3, 4), rng=0) == 0.3)
    shifted = Normal(0.5, mean=2.0)((30, 40), rng=0)
    np.testing.assert_allclose(shifted - 2.0, Normal(0.5)((30, 40), rng=0), rtol=0, atol=1e-15)
    w = Uniform(2.0, 3.0)((30, 40), rng=0)
    assert 2.0 < w.min() < 2.05
    assert 2.95 < w.max() < 3.0


def test_both_precisions_are_the_same_numbers() -> None:
    scheme = initializers.get("he_normal")
    wide = scheme((50, 60), rng=3)
    np.testing.assert_allclose(scheme((50, 60), rng=3, dtype="float32"), wide, rtol=1e-4, atol=1e-7)


def test_layout_moves_axes_and_no_numbers() -> None:
    scheme = initializers.get("he_normal")
    in_out = scheme((5, 3), rng=1)
    out_in = scheme((3, 5), rng=1, layout="out_in")
    assert out_in.shape == (3, 5)
    assert out_in.flags.c_contiguous
    assert np.array_equal(out_in, in_out.T)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_alone_is_the_first_layer_of_a_net(dtype: str) -> None:
    net = il.Network([7, 5, 1], dtype=dtype).initialize("glorot_normal", rng=11)
    w = initializers.get("glorot_normal")((7, 5), rng=11, dtype=dtype)
    assert np.array_equal(net.weights[0], w)
    assert not np.array_equal(net.weights[1].ravel(), w.ravel()[:5])


# ---- rng -------------------------------------------------------------------------------------


def test_int_and_seed_sequence_make_the_documented_key() -> None:
    expected = int(np.random.SeedSequence(7).generate_state(1, np.uint64)[0])
    for rng in (7, np.int64(7), np.uint8(7), np.random.SeedSequence(7)):
        assert _rng.resolve_key(rng).key == expected
    assert il.Network([1, 1]).initialize("zeros", rng=7)._get_progress()["key"] == expected
    assert _rng.resolve_key(2**200).seed == 2**200


def test_generators_advance() -> None:
    scheme = Normal()
    generator = np.random.default_rng(4)
    first, second = scheme((3, 3), rng=generator), scheme((3, 3), rng=generator)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, scheme((3, 3), rng=np.random.default_rng(4)))
    assert np.array_equal(first, scheme((3, 3), rng=np.random.PCG64(4)))


def test_a_generator_gives_all_64_bits() -> None:
    twister = np.random.MT19937(0)
    assert any(_rng.resolve_key(twister).key >> 32 for _ in range(3))


def test_none_is_fresh_and_the_net_tells_the_seed() -> None:
    assert not np.array_equal(Normal()((4, 4)), Normal()((4, 4)))
    net = il.Network([3, 2]).initialize("normal")
    assert net.seed is not None
    again = il.Network([3, 2]).initialize("normal", rng=net.seed)
    assert np.array_equal(again.weights[0], net.weights[0])


@pytest.mark.parametrize(
    ("rng", "error"),
    [(True, TypeError), (-1, ValueError), (1.0, TypeError), ("3", TypeError), ([1], TypeError)],
)
def test_refused_rng(rng: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="rng must"):
        Normal()((2, 2), rng=rng)
    net = il.Network([2, 2])
    with pytest.raises(error, match="rng must"):
        net.initialize("ones", rng=rng)
    assert not net.weights[0].any()


# ---- the legacy stream -----------------------------------------------------------------------


def test_legacy_normal_is_randn_transposed() -> None:
    w = Normal(0.01)((2, 4), rng=np.random.RandomState(3))
    assert np.array_equal(w, (np.random.RandomState(3).randn(4, 2) * 0.01).T)


def test_legacy_draws_layer_by_layer() -> None:
    net = il.Network([2, 4, 3, 1]).initialize("he_normal", rng=np.random.RandomState(3))
    source = np.random.RandomState(3)
    for n_in, n_out, w, b in zip((2, 4, 3), (4, 3, 1), net.weights, net.biases, strict=True):
        expected = (source.randn(n_out, n_in) * np.sqrt(2 / n_in)).T
        np.testing.assert_allclose(w, expected, rtol=1e-15)
        assert not b.any()


def test_legacy_uniform() -> None:
    limit = np.sqrt(6 / 8)
    for text, low, high in (("uniform(-1, 3)", -1, 3), ("glorot_uniform", -limit, limit)):
        w = initializers.get(text)((5, 3), rng=np.random.RandomState(0))
        expected = np.random.RandomState(0).uniform(low, high, (3, 5)).T
        np.testing.assert_allclose(w, expected, rtol=1e-15)


def test_legacy_constants_draw_nothing() -> None:
    source = np.random.RandomState(3)
    il.Network([2, 4, 1]).initialize(["zeros", "ones"], bias="constant(2)", rng=source)
    assert source.randn() == np.random.RandomState(3).randn()


def test_legacy_draws_no_biases() -> None:
    net = il.Network([2, 4, 1])
    with pytest.raises(ValueError, match="bias"):
        net.initialize("ones", bias="normal", rng=np.random.RandomState(0))
    assert not net.weights[0].any()


# ---- schemes of one's own --------------------------------------------------------------------


def test_custom_gets_shape_and_a_generator_of_its_own() -> None:
    seen = []

    def mine(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        seen.append(shape)
        return rng.standard_normal(shape)

    net = il.Network([2, 3, 4, 1]).initialize(mine, bias=mine, rng=1)
    assert seen == [(2, 3), (3, 4), (4, 1), (3,), (4,), (1,)]
    numbers = np.concatenate([array.ravel() for array in [*net.weights, *net.biases]])
    assert len(set(numbers.tolist())) == numbers.size  # no layer repeats another's numbers
    assert np.array_equal(initializers.get(mine)((2, 3), rng=1), net.weights[0])
    assert str(initializers.get(mine)) == "mine"


def test_custom_between_core_schemes() -> None:
    schemes = ["normal", lambda shape, rng: np.full(shape, 7), "normal"]
    net = il.Network([2, 3, 4, 1]).initialize(schemes, rng=1)
    plain = il.Network([2, 3, 4, 1]).initialize("normal", rng=1)
    assert np.all(net.weights[1] == 7)
    assert np.array_equal(net.weights[0], plain.weights[0])
    assert np.array_equal(net.weights[2], plain.weights[2])


@pytest.mark.parametrize(
    ("function", "error", "match"),
    [
        (lambda shape, rng: np.zeros(shape[::-1]), ValueError, "shape"),
        (lambda shape, rng: np.full(shape, np.nan), ValueError, "NaN"),
        (lambda shape, rng: np.full(shape, 1j), TypeError, "dtype"),
        (lambda shape, rng: np.full(shape, "a"), TypeError, "dtype"),
    ],
)
def test_bad_custom_leaves_the_net_alone(function: Any, error: type[Exception], match: str) -> None:
    net = il.Network([2, 4, 1]).initialize("ones", rng=5)
    with pytest.raises(error, match=match):
        net.initialize(["zeros", Custom("mine", function)], rng=6)
    assert np.all(net.weights[0] == 1)
    assert net.seed == 5


@pytest.mark.parametrize(
    "function", [lambda shape: np.zeros(shape), lambda: 0, lambda s, *, rng: 0]
)
def test_a_function_of_another_signature_is_refused(function: Any) -> None:
    with pytest.raises(TypeError, match=r"^scheme 'mine' must take \(shape, rng\), and takes \("):
        Custom("mine", function)


def test_a_function_that_does_not_tell_its_signature_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def untold(function: Any) -> None:
        raise ValueError("no signature found")

    monkeypatch.setattr("inspect.signature", untold)
    ones = Custom("mine", lambda shape, rng: np.ones(shape))
    assert np.array_equal(ones((2, 3), rng=0), np.ones((2, 3)))


# ---- bad calls -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        ((3,), ValueError),
        (3, ValueError),
        ((3, 4, 5), ValueError),
        ((-1, 2), ValueError),
        ((3, True), TypeError),
        ((3.0, 2), TypeError),
        ("ab", TypeError),
    ],
)
def test_bad_shape(shape: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="shape"):
        Normal()(shape, rng=0)


@pytest.mark.parametrize("dtype", ["int32", "float16", "complex128", "nonsense", None])
def test_bad_dtype(dtype: Any) -> None:
    with pytest.raises(TypeError, match="dtype must be"):
        Normal()((2, 2), rng=0, dtype=dtype)


def test_bad_layout() -> None:
    with pytest.raises(ValueError, match="in_out"):
        Normal()((2, 2), rng=0, layout="rows")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["scheme", "bias"])
def test_one_scheme_a_layer(name: str) -> None:
    net = il.Network([2, 4, 1])
    arguments: dict[str, Any] = {"scheme": "zeros"} | {name: ["zeros"] * 3}
    with pytest.raises(ValueError, match=f"{name} must be one, or one for each of the 2 layers"):
        net.initialize(**arguments, rng=0)
