"""Bad input: a clear error that names the argument, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import initlens as il
from sample_nets import assert_same_bits

X = np.random.default_rng(0).standard_normal((6, 2))
LABELS = {
    "binary_cross_entropy": np.array([0, 1, 0, 1, 1, 0]),
    "cross_entropy": np.array([0, 1, 2, 1, 1, 0]),
    "mse": np.zeros((6, 1)),
}


def make(loss: str = "binary_cross_entropy", dtype: str = "float64") -> il.Network:
    net = il.Network(
        [2, 4, 3 if loss == "cross_entropy" else 1], activation="tanh", loss=loss, dtype=dtype
    )
    return net.initialize("normal(1)", rng=0)


USES: dict[str, Callable[[il.Network, Any, Any], object]] = {
    "loss": lambda net, X, y: net.loss(X, y),
    "gradients": lambda net, X, y: net.gradients(X, y),
    "fit": lambda net, X, y: net.fit(X, y, optimizer=il.SGD(0.1), steps=3),
}
USES_OF_X: dict[str, Callable[[il.Network, Any, Any], object]] = {
    "forward": lambda net, X, y: net.forward(X),
    "activations": lambda net, X, y: net.activations(X),
    **USES,
}

ROWS = np.zeros((400, 2))
MISPLACED: dict[str, Callable[[], object]] = {
    "net": lambda: il.diagnose(ROWS, LABELS["mse"]),  # type: ignore[arg-type]
    "schemes": lambda: il.compare({1, *map(str, ROWS[:, 0]), *range(400)}),  # type: ignore[arg-type]
    "steps": lambda: il.compare(["zeros"], steps=ROWS),  # type: ignore[arg-type]
    "learning_rate": lambda: il.SGD(ROWS),  # type: ignore[arg-type]
    "loss": lambda: il.Network([2, 1], loss=ROWS),  # type: ignore[arg-type]
    "nets": lambda: il.plotting.plot_boundaries(ROWS, ROWS, LABELS["mse"]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("argument", MISPLACED)
def test_a_message_shows_no_array(argument: str) -> None:
    with pytest.raises(TypeError, match=f"^{argument} must be ") as caught:
        MISPLACED[argument]()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 160
    assert text.endswith("a set" if argument == "schemes" else "an ndarray of shape (400, 2)")


# ---- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "error"),
    [
        ([2, 0, 1], ValueError),
        ([2, -3, 1], ValueError),
        ([2, True, 1], TypeError),
        ([2, 4.0, 1], TypeError),
        ([2, "4", 1], TypeError),
        ([2], ValueError),
        ([], ValueError),
        (3, TypeError),
    ],
)
def test_widths(layers: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"layers|width"):
        il.Network(layers, activation="tanh", loss="mse")


@pytest.mark.parametrize(
    "layers", [[2**62, 2**62, 1], [2**40, 2**40], [2**64, 1], [2**31] * 3, [2, 2**70]]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sizes_that_overflow(layers: list[int], dtype: str) -> None:
    with pytest.raises((MemoryError, ValueError), match="layers"):
        il.Network(layers, activation="tanh", loss="mse", dtype=dtype)


def test_a_net_that_does_not_fit_says_its_size() -> None:
    # 3 * 2**40 weights and 2**41 + 2**21 biases, each of 8 bytes.
    match = r"\[1, 2199023255552, 1\] need 6,597,069,766,657 parameters .*float64 \(52,776\.6 GB\)"
    with pytest.raises(MemoryError, match=match):
        il.Network([1, 2**41, 1])


def test_unknown_names_list_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r"(?s)tahn.*tanh.*") as caught:
        il.Network([2, 3, 1], activation="tahn", loss="mse")
    assert all(name in str(caught.value) for name in ("relu", "leaky_relu", "gelu_tanh", "erf"))
    with pytest.raises(ValueError, match=r"(?s)hinge.*mse") as caught:
        il.Network([2, 3, 1], activation="tanh", loss="hinge")
    assert all(n in str(caught.value) for n in ("binary_cross_entropy", "cross_entropy", "mse"))
    with pytest.raises(ValueError, match="he_nromal") as caught:
        make().initialize("he_nromal")
    assert all(n in str(caught.value) for n in ("he_normal", "zeros", "glorot_uniform"))


@pytest.mark.parametrize(
    "dtype", ["float16", "int32", "complex64", "object", "U3", "nonsense", None]
)
def test_dtype(dtype: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="dtype"):
        il.Network([2, 3, 1], activation="tanh", loss="mse", dtype=dtype)


@pytest.mark.parametrize("activation", [["tanh"], ["tanh"] * 3, []])
def test_number_of_activations(activation: list[str]) -> None:
    with pytest.raises(ValueError, match="activation"):
        il.Network([2, 3, 3, 1], activation=activation, loss="mse")


@pytest.mark.parametrize(
    "text",
    [
        *("leaky_relu(2)", "leaky_relu(-0.1)", "elu(0)", "elu(nan)", "tanh(3)", "relu(", "relu)x"),
        *("celu(0)", "celu(-1)", "soft_shrink(-0.1)", "hard_shrink(inf)", "sin(30)", "mish(1)"),
    ],
)
def test_activation_parameters(text: str) -> None:
    with pytest.raises(ValueError, match=r"slope|alpha|threshold|activation"):
        il.Network([2, 3, 1], activation=text, loss="mse")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("normal(-1)", "std must be finite and at least 0, got -1"),
        ("normal(inf)", "std must be finite"),
        ("uniform(-1)", "limit must be finite and at least 0, got -1"),
        ("constant(nan)", r"cannot read the scheme 'constant\(nan\)'"),
        ("constant", "missing a required argument: 'value'"),
        ("normal(1, 2, 3)", r"too many positional arguments; it is normal\(std=1.0, mean=0.0\)"),
        ("normal(scale=2)", "unexpected keyword argument 'scale'"),
        ("normal(std=1, std=2)", "std twice"),
        ("normal(**2)", "cannot read the scheme"),
        ("zeros(1)", "too many positional arguments"),
        ("normal(", "cannot read the scheme"),
        ("__import__('os')", "unknown scheme '__import__'"),
    ],
)
def test_schemes(text: str, match: str) -> None:
    net, before = make(), make()
    with pytest.raises(ValueError, match=match):
        net.initialize(text)
    assert_same_bits(net, before)


@pytest.mark.parametrize("rng", [0, np.random.RandomState(0)], ids=["seed", "legacy"])
@pytest.mark.parametrize(
    "scheme",
    [
        "normal(1e39)",
        "normal(1, mean=1e39)",
        "constant(1e39)",
        "uniform(1e39)",
        "orthogonal(1e39)",
        "looks_linear(gain=1e39)",
        "truncated_normal(1e39)",
        "variance_scaling(1e80)",
        pytest.param(lambda shape, rng: np.full(shape, 1e39), id="function"),
        pytest.param(np.full((2, 4), -1e39), id="array"),
    ],
)
def test_weights_too_large_for_float32(scheme: Any, rng: Any) -> None:
    """An error, not infinity, and no warning of NumPy's; float64 holds them."""
    net, before = make(dtype="float32"), make(dtype="float32")
    with pytest.raises(ValueError, match=r"too large for float32; use dtype='float64'"):
        net.initialize([scheme, "zeros"], rng=rng)
    assert_same_bits(net, before)
    wide = make().initialize([scheme, "zeros"], rng=rng)
    assert np.isfinite(wide.weights[0]).all()
    assert np.abs(wide.weights[0]).max() > np.finfo("float32").max


def test_biases_too_large_for_float32() -> None:
    net, before = make(dtype="float32"), make(dtype="float32")
    for rng in (0, np.random.RandomState(0)):
        with pytest.raises(ValueError, match="too large for float32"):
            net.initialize("zeros", bias="constant(-1e39)", rng=rng)
    assert_same_bits(net, before)


def test_an_array_too_large_for_float32_is_not_filled() -> None:
    out = np.ones((2, 4), "float32")
    normal = il.initializers.get("normal(1e39)")
    with pytest.raises(ValueError, match="too large for float32"):
        normal((2, 4), rng=0, out=out)
    np.testing.assert_array_equal(out, np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"too large for float64$"):
        il.initializers.get("normal(1e308)")((20, 40), rng=0)
    # Near the end of the range, but inside it: the numbers of the wide ones.
    drawn = il.initializers.get("normal(3e37)")((20, 40), rng=0, dtype="float32")
    np.testing.assert_allclose(
        drawn, il.initializers.get("normal(3e37)")((20, 40), rng=0), rtol=1e-4
    )


def test_schemes_one_a_layer() -> None:
    net, before = make(), make()
    for schemes in (["zeros"], ["zeros"] * 3, ["zeros", "nonsense"]):
        with pytest.raises(ValueError, match=r"scheme|layer"):
            net.initialize(schemes)
    assert_same_bits(net, before)


@pytest.mark.parametrize("rng", [-1, 1.5, True, "seed", [1, 2]])
def test_rng(rng: Any) -> None:
    net, before = make(), make()
    with pytest.raises((TypeError, ValueError), match="rng"):
        net.initialize("he_normal", rng=rng)
    assert_same_bits(net, before)


@pytest.mark.parametrize(
    "make_optimizer",
    [
        lambda: il.SGD(-0.1),
        lambda: il.SGD(float("nan")),
        lambda: il.SGD(float("inf")),
        lambda: il.SGD("fast"),
        lambda: il.SGD(0.1, momentum=1.0),
        lambda: il.SGD(0.1, momentum=-0.1),
        lambda: il.SGD(0.1, nesterov=True),
        lambda: il.SGD(0.1, weight_decay=-1),
        lambda: il.Adam(-1),
        lambda: il.Adam(beta1=1.0),
        lambda: il.Adam(beta2=-0.1),
        lambda: il.Adam(epsilon=0.0),
        lambda: il.RMSProp(-1),
        lambda: il.RMSProp(alpha=1.5),
        lambda: il.RMSProp(epsilon=-1e-8),
    ],
)
def test_optimizer_settings(make_optimizer: Callable[[], object]) -> None:
    names = "learning_rate|momentum|nesterov|weight_decay|beta1|beta2|epsilon|alpha"
    with pytest.raises((ValueError, TypeError), match=names):
        make_optimizer()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"steps": -1}, "steps"),
        ({"steps": 1.5}, "steps"),
        ({"steps": True}, "steps"),
        ({"steps": 3, "batch_size": -1}, "batch_size"),
        ({"steps": 3, "batch_size": 0}, "batch_size"),
        ({"steps": 3, "batch_size": 2.0}, "batch_size"),
        ({"steps": 3, "record": -1}, "record"),
        ({"steps": 3, "record": 0.5}, "record"),
        ({"steps": 3, "callback": 7}, "callback"),
        ({"steps": 3, "n_jobs": 10**30}, "n_jobs must be at most"),
        ({"steps": 3, "batch_size": 10**30}, "batch_size must be at most"),
    ],
)
def test_fit_options(options: dict[str, Any], name: str) -> None:
    net, before = make(), make()
    with pytest.raises((ValueError, TypeError), match=name):
        net.fit(X, LABELS["binary_cross_entropy"], optimizer=il.SGD(0.1), **options)
    assert_same_bits(net, before)


def test_a_record_that_does_not_fit() -> None:
    """2**64 rows, one more than the core can count, and a number that it can."""
    net, before = make(), make()
    y = LABELS["binary_cross_entropy"]
    for steps in (2**64 - 1, 2**62):
        match = "a record of [0-9]+ rows does not fit in memory; record less often"
        with pytest.raises(MemoryError, match=match):
            net.fit(X, y, optimizer=il.SGD(0.1), steps=steps, record=1)
        with pytest.raises(MemoryError, match=match):
            il.fit_many([net, net.copy()], X, y, optimizer=il.SGD(0.1), steps=steps, record=1)
        with pytest.raises(MemoryError, match=match):
            il.compare(["zeros"], data=(X, y), steps=steps, record=1, seeds=2)
    assert_same_bits(net, before)


def test_optimizer_of_another_kind() -> None:
    with pytest.raises(TypeError, match="optimizer"):
        make().fit(X, LABELS["binary_cross_entropy"], optimizer=0.1, steps=3)


# ---- data ------------------------------------------------------------------------------------


def with_value(value: float) -> np.ndarray:
    bad = X.copy()
    bad[3, 1] = value
    return bad


BAD_X = {
    "NaN": (with_value(np.nan), ValueError),
    "inf": (with_value(np.inf), ValueError),
    "-inf": (with_value(-np.inf), ValueError),
    "too wide": (np.zeros((6, 3)), ValueError),
    "too narrow": (np.zeros((6, 1)), ValueError),
    "a vector": (np.zeros(2), ValueError),
    "a scalar": (np.float64(1), ValueError),
    "a cube": (np.zeros((6, 2, 1)), ValueError),
    "zero rows": (np.zeros((0, 2)), ValueError),
    "zero columns": (np.zeros((6, 0)), ValueError),
    "ragged": ([[1.0, 2.0], [3.0]], ValueError),
    "complex": (X.astype(complex), TypeError),
    "object": (X.astype(object), TypeError),
    "text": (X.astype(str), TypeError),
    "dates": (np.zeros((6, 2), dtype="datetime64[s]"), TypeError),
    "None": (None, TypeError),
}
MASKED = np.ma.masked_greater(np.where(X.max() == X, 1e6, X), 1e5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("use", list(USES_OF_X))
@pytest.mark.parametrize("kind", list(BAD_X))
def test_x(kind: str, use: str, dtype: str) -> None:
    bad, error = BAD_X[kind]
    net, before = make(dtype=dtype), make(dtype=dtype)
    with pytest.raises(error, match=r"\bX\b"):
        USES_OF_X[use](net, bad, LABELS["binary_cross_entropy"])
    assert_same_bits(net, before)


@pytest.mark.parametrize("use", list(USES_OF_X))
def test_masked_entries(use: str) -> None:
    """numpy.asarray keeps what is below the mask."""
    net, before = make(), make()
    y = LABELS["binary_cross_entropy"]
    with pytest.raises(ValueError, match=r"X holds masked entries; .*X\.filled\(0\)"):
        USES_OF_X[use](net, MASKED, y)
    assert_same_bits(net, before)
    USES_OF_X[use](net, np.ma.array(X), y)  # no entry is masked


def test_masked_entries_elsewhere() -> None:
    net, y = make(), LABELS["binary_cross_entropy"]
    masked = np.ma.array(y, mask=y == 1)
    for call in (
        lambda: net.loss(X, masked),
        lambda: il.diagnose(net, X, masked),
        lambda: il.diagnose(net, MASKED, y),
        lambda: il.initializers.LSUV(MASKED),
        lambda: il.audit(net, MASKED, y),
        lambda: il.compare("zeros", data=(MASKED, y), steps=1, seeds=1),
        lambda: il.compare("zeros", data=(X, y), test=(X, masked), steps=1, seeds=1),
    ):
        with pytest.raises(ValueError, match=r"\b[Xy] holds masked entries"):
            call()
    weights = np.ma.array(np.ones((2, 3)), mask=np.eye(2, 3))
    for scheme in (weights, lambda shape, rng: np.ma.masked_less(rng.random(shape), 0.5)):
        with pytest.raises(ValueError, match="masked entries"):
            il.Network([2, 3]).initialize(scheme)


class Loader:
    """Batches, as a DataLoader of PyTorch gives them."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        yield X, LABELS["mse"]


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (Loader(), "a Loader; pass one batch of it"),
        (np.array(Loader(), object), "a Loader; pass one batch of it"),
        ({"X": X}, "a dict"),
        (print, "a builtin_function_or_method"),
    ],
)
def test_what_is_no_array_is_named(value: Any, got: str) -> None:
    y = LABELS["binary_cross_entropy"]
    uses: list[Callable[[], object]] = [
        lambda: il.diagnose(make(), value, y),
        lambda: il.audit(make(), value, y),
        lambda: il.audit(None, value),  # before a model is run on it
        lambda: il.compare("zeros", data=(value, y), steps=1),
        lambda: make().fit(value, y, steps=1),
    ]
    for use in uses:
        with pytest.raises(TypeError, match=f"^X must be an array, got {got}$"):
            use()


def test_other_arrays_with_a_mask() -> None:
    """Neither a method nor a field of that name is the mask of numpy.ma."""

    class Image(np.ndarray):
        def mask(self) -> None: ...

    net = make()
    np.testing.assert_array_equal(net.forward(X.view(Image)), net.forward(X))
    fields = np.rec.fromarrays([[1.0], [0.0]], names="value,mask")
    with pytest.raises(TypeError, match="X must hold real numbers"):
        net.forward(fields)


def test_x_that_overflows_float32() -> None:
    """Finite as given, infinite in the net's precision."""
    with pytest.raises(ValueError, match="X"):
        make(dtype="float32").forward(with_value(1e300))


BAD_Y: list[tuple[str, Any, type[Exception]]] = [
    ("binary_cross_entropy", [0, 1], ValueError),
    ("binary_cross_entropy", [0, 1, 0, 1, 1, 2], ValueError),
    ("binary_cross_entropy", [0, 1, 0, 1, 1, 0.5], ValueError),
    ("binary_cross_entropy", [0, 1, 0, 1, 1, np.nan], ValueError),
    ("binary_cross_entropy", np.zeros((6, 2)), ValueError),
    ("binary_cross_entropy", np.zeros(6, dtype=complex), TypeError),
    ("binary_cross_entropy", ["a", "b", "a", "b", "b", "a"], TypeError),
    ("binary_cross_entropy", None, TypeError),
    ("cross_entropy", [0, 1, 2], ValueError),
    ("cross_entropy", [0, 1, 2, 3, 0, 0], ValueError),
    ("cross_entropy", [0, 1, 2, -1, 0, 0], ValueError),
    ("cross_entropy", [0, 1, 2, 0.5, 0, 0], ValueError),
    ("cross_entropy", np.full((6, 3), 0.2), ValueError),
    ("cross_entropy", np.eye(4)[[0, 1, 2, 1, 1, 0]], ValueError),
    ("cross_entropy", np.zeros((6, 3)), ValueError),
    ("cross_entropy", np.zeros(6, dtype=object), TypeError),
    ("mse", np.zeros((5, 1)), ValueError),
    ("mse", np.zeros((6, 2)), ValueError),
    ("mse", np.full((6, 1), np.inf), ValueError),
    ("mse", np.zeros((6, 1, 1)), ValueError),
    ("mse", np.zeros((6, 1), dtype=complex), TypeError),
]


@pytest.mark.parametrize("use", list(USES))
@pytest.mark.parametrize(("loss", "y", "error"), BAD_Y)
def test_y(loss: str, y: Any, error: type[Exception], use: str) -> None:
    net, before = make(loss), make(loss)
    with pytest.raises(error, match=r"\by\b"):
        USES[use](net, X, y)
    assert_same_bits(net, before)


@pytest.mark.parametrize(
    ("loss", "y", "match"),
    [
        ("binary_cross_entropy", list("abaaba"), r"'a' in row 0; labels .*np\.unique"),
        ("cross_entropy", np.array(["a", 1, "c"] * 2, object), r"'a' in row 0; .*np\.unique"),
        ("binary_cross_entropy", [1, 1, -1, 1, 1, -1], r"got -1 in row 2; labels .*np\.unique"),
        ("binary_cross_entropy", [1, 0, 2, 1, 0, 2], "got 2 in row 2; more than 2 classes need"),
        ("binary_cross_entropy", [1, 0, 1, 0, 1, np.nan], "y holds nan in row 5; remove"),
        ("cross_entropy", [1, 2, 3, 1, 2, 3], r"got 3 in row 2; labels .*np\.unique"),
        ("mse", [[0], [0], [-np.inf], [0], [0], [0]], "y holds -inf in row 2; remove"),
        ("mse", [[0], [0], [0, 1], [0], [0], [0]], "y cannot be made an array: give rows of one"),
        ("mse", np.zeros((6, 2)), r"y has 2 columns and the net 1 output \(y\.shape \(6, 2\)\)"),
        ("cross_entropy", [[0, 1]] * 6, r"y has 2 columns and the net 3 outputs"),
        ("mse", None, "^y must be an array, got None$"),
    ],
)
def test_y_names_the_value_and_the_way_out(loss: str, y: Any, match: str) -> None:
    with pytest.raises((ValueError, TypeError), match=match):
        make(loss).loss(X, y)


# ---- what holds after an error ---------------------------------------------------------------


def test_a_refused_fit_keeps_the_optimizer_state() -> None:
    y = LABELS["binary_cross_entropy"]
    adam = il.Adam(0.01)
    net, other = make(), make()
    for n in (net, other):
        n.fit(X, y, optimizer=adam, steps=5, batch_size=4)
    with pytest.raises(ValueError, match="X"):
        net.fit(with_value(np.nan), y, optimizer=il.SGD(0.1), steps=5)
    for n in (net, other):
        n.fit(X, y, optimizer=adam, steps=5, batch_size=4)
    assert_same_bits(net, other)
