"""What all schemes share: text, config, shapes, `out=`, slices, seeds, bad input; and LSUV."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens import _core, initializers
from initlens.initializers import LSUV, fans, get

NAN, INF = float("nan"), float("inf")

TEXTS = [
    *(name for name in initializers.names() if name not in ("constant", "uniform", "lsuv")),
    "constant(0.5)",
    "uniform(0.3)",
    "uniform(-1, 2)",
    "normal(0.1, mean=3)",
    "truncated_normal(0.1, low=-1, high=3)",
    "truncated_normal(0.1, low=0, high=1, absolute=True)",
    "truncated_normal(0.1, low=0, high=inf)",
    "truncated_normal(0.1, low=-inf, high=0)",
    "truncated_normal(0.1, low=5, high=9, keep_std=True)",
    "variance_scaling(3, mode='fan_geo_avg', distribution='truncated_normal')",
    "gain('leaky_relu(0.2)', kind='std', distribution='uniform')",
    "kumar('sigmoid')",
    "mean_field_critical('erf', sigma_b2=0.05)",
    "mean_field_critical('tanh', q=1)",
    "orthogonal(gain=1.5)",
    "sparse(sparsity=0.5, line='input')",
    "looks_linear(form='crelu')",
    "siren(w0=10, position='hidden')",
    "nguyen_widrow(active=2)",
    "random_walk('identity')",
    "mup(2, base_width=32)",
    "sklearn_mlp('logistic')",
]


@pytest.mark.parametrize("text", TEXTS)
def test_round_trips(text: str) -> None:
    scheme = get(text)
    config = json.loads(json.dumps(scheme.to_config(), allow_nan=False))
    for again in (
        get(str(scheme)),
        eval(repr(scheme), {"inf": INF, **vars(initializers)}),
        initializers.from_config(config),
    ):
        assert again == scheme
        assert hash(again) == hash(scheme)
        assert np.array_equal(again((6, 6), rng=4), scheme((6, 6), rng=4))


@pytest.mark.parametrize("text", TEXTS)
def test_shape_dtype_layout_and_net(text: str) -> None:
    scheme = get(text)
    w = scheme((8, 6), rng=1)
    narrow = scheme((8, 6), rng=1, dtype="float32")
    assert w.shape == (8, 6)
    assert w.dtype == "float64"
    assert narrow.dtype == "float32"
    assert np.isfinite(w).all()
    np.testing.assert_allclose(narrow, w, rtol=1e-4, atol=1e-6)
    assert np.array_equal(scheme((6, 8), rng=1, layout="out_in"), w.T)
    net = il.Network([8, 6, 1]).initialize(scheme, rng=1)
    assert np.array_equal(net.weights[0], w)
    if get(text).variance(8, 6) and "zero" not in text:
        assert not np.array_equal(scheme((8, 6), rng=2), w)


@pytest.mark.parametrize("text", TEXTS)
def test_describe(text: str) -> None:
    table = get(text).describe(784, 128)
    assert table.title.endswith("for 784 inputs and 128 units")
    assert {"weights", "biases"} <= {row[0] for row in table.rows}
    variance = get(text).variance(784, 128)
    if variance is not None:
        w = get(text)((784, 128), rng=3)
        # Fixed matrices and constants aside, the mean square is the variance plus that of the mean.
        assert abs(w.var() - variance) <= 0.05 * variance


def test_describe_says_what_data_will_do() -> None:
    rows = dict(get("lsuv").describe(3, 4).rows)
    assert rows["weights"].startswith("orthogonal, divided by the standard deviation of the pre-")
    assert "of the activations" in dict(get("lsuv(measure='a')").describe(3, 4).rows)["weights"]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("looks_linear(1.5)", "[O, -O], O 1.5 times"),
        ("looks_linear(position='hidden')", "[[O, -O], [-O, O]], O 1 times"),
        ("looks_linear(position='last')", "[[O], [-O]], O 1 times"),
        ("looks_linear(form='crelu')", "[O], O 1 times"),
    ],
)
def test_describe_says_how_a_mirror_is_made(text: str, blocks: str) -> None:
    assert dict(get(text).describe(4, 6).rows)["weights"].startswith(blocks)


@pytest.mark.parametrize("text", ["he_normal", "nguyen_widrow", "looks_linear", "lsuv"])
@pytest.mark.parametrize("name", ["variance", "describe"])
def test_a_layer_to_describe_has_units(text: str, name: str) -> None:
    method = getattr(get(text), name)
    for sizes in ((0, 4), (4, 0), (-1, 4)):
        with pytest.raises(ValueError, match="must be at least 1"):
            method(*sizes)
    with pytest.raises(TypeError, match="n_in must be an integer"):
        method(2.0, 4)


def test_list_holds_every_name() -> None:
    table = initializers.list_initializers()
    assert sorted(row[0] for row in table.rows) == initializers.names()
    assert all(all(row) for row in table.rows)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("xavier_uniform_", "glorot_uniform"),
        ("kaiming_normal_", "he_normal"),
        ("kaiming_normal", "he_normal"),
        ("eye_", "identity"),
        ("GlorotUniform", "glorot_uniform"),
        ("Orthogonal(2.0)", "orthogonal(gain=2)"),
        ("normal_(1, 2)", "normal(2, mean=1)"),
        ("uniform_", "uniform(0, 1)"),
        ("RandomNormal(stddev=0.1)", "normal(0.1)"),
        ("random_uniform", "uniform(0.05)"),
        ("TruncatedNormal", "truncated_normal(0.05)"),
        ("TruncatedNormal(1, 0.1)", "truncated_normal(0.1, mean=1)"),
        ("OrthogonalInitializer(gain=2.0)", "orthogonal(gain=2)"),
        ("IdentityInitializer", "identity"),
        ("trunc_normal_(std=0.02)", "truncated_normal(0.02, absolute=True)"),
        ("variance_scaling(gain=2)", "variance_scaling(4)"),
        ("kaiming_uniform_(mode='fan_out')", "variance_scaling(2, 'fan_out', 'uniform')"),
    ],
)
def test_names_of_others(text: str, wanted: str) -> None:
    assert get(text) == get(wanted)


@pytest.mark.parametrize("author", ["he", "glorot", "lecun"])
def test_kerass_truncated_classes_are_no_silent_alias(author: str) -> None:
    hint = f"truncated: that is {author}_truncated_normal here; {author}_normal is the whole"
    for text in (f"{author.capitalize()}Normal", f"{author}normal(seed=1)"):
        with pytest.raises(ValueError, match=hint):
            get(text)
    assert get(f"{author}_normal").distribution == "normal"  # type: ignore[attr-defined]


def test_kerass_variance_scaling_truncates_by_default() -> None:
    assert get("VarianceScaling(2.0)") == get("he_truncated_normal")
    whole = "VarianceScaling(2.0, mode='fan_in', distribution='untruncated_normal')"
    assert get(whole) == get("he_normal")
    with pytest.raises(ValueError, match="untruncated_normal"):
        get("VarianceScaling(2.0, distribution='normal')")


# ---- fans and shapes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((), (1, 1)), ((2,), (2, 2)), ((3, 4), (3, 4)), ((1, 2, 3, 4), (6, 8)), ((0, 3), (0, 3))],
)
def test_fans_as_haiku_has_them(shape: tuple[int, ...], wanted: tuple[int, int]) -> None:
    assert fans(shape) == wanted


def test_fans_of_a_number() -> None:
    with pytest.raises(TypeError, match=r"shape must be a sequence of sizes, .* got 3"):
        fans(3)  # type: ignore[arg-type]


def test_fans_of_layouts_and_axes() -> None:
    assert fans((64, 32, 3, 3), "out_in") == (288, 576)
    assert fans((8, 4, 16, 5), axes=((1, 2), (-1, 0))) == (64, 40)
    assert fans((7, 5), axes=(1, 0)) == (5, 7)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"shape": (3, 4), "axes": (0, 0)}, ValueError),
        ({"shape": (3, 4), "axes": (0, 2)}, ValueError),
        ({"shape": (3, 4), "axes": (0,)}, ValueError),
        ({"shape": (3, 4), "axes": 3}, ValueError),
        ({"shape": (3, 4), "axes": (0, ())}, ValueError),
        ({"shape": (3, 4), "axes": (0, 1.0)}, TypeError),
        ({"shape": (3, 4), "layout": "io"}, ValueError),
        ({"shape": (3, -4)}, ValueError),
        ({"shape": (3.0, 4)}, TypeError),
    ],
)
def test_bad_fans(arguments: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        fans(**arguments)
    with pytest.raises(error):
        get("he_normal")(**arguments)


def test_axes_of_a_convolution() -> None:
    kernel = get("he_normal")((3, 3, 32, 64), rng=0, axes=(2, 3))
    assert abs(kernel.std() / np.sqrt(2 / (9 * 32)) - 1) < 5 / np.sqrt(2 * kernel.size)
    assert np.array_equal(
        get("he_normal")((64, 32, 3, 3), rng=0, axes=(1, 0)), kernel.transpose(3, 2, 0, 1)
    )
    q = get("orthogonal")((3, 3, 8, 16), rng=0, axes=(2, 3)).reshape(72, 16)
    np.testing.assert_allclose(q.T @ q, np.eye(16), atol=1e-14)


@pytest.mark.parametrize("text", ["he_normal", "orthogonal", "sparse", "looks_linear", "identity"])
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_nothing_to_draw(text: str, shape: tuple[int, int]) -> None:
    assert get(text)(shape, rng=0).shape == shape
    out = np.empty(shape)
    assert get(text)(shape, rng=0, out=out) is out


@pytest.mark.parametrize("shape", [(), (3,), (3, 4, 5), 3, (-1, 2)])
def test_refused_shapes(shape: Any) -> None:
    with pytest.raises(ValueError, match="shape"):
        get("orthogonal")(shape, rng=0)


# ---- out -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["he_normal", "orthogonal", "nguyen_widrow"])
@pytest.mark.parametrize("dtype", ["float32", "float64", ">f8"])
def test_out_is_filled_in_place(text: str, dtype: str) -> None:
    wanted = get(text)((6, 4), rng=2, dtype=np.dtype(dtype).newbyteorder("="))
    room = np.zeros((13, 12), dtype)
    for out in (np.zeros((6, 4), dtype, order="F"), room[:6, :4], room[1::2, ::-3]):
        assert get(text)((6, 4), rng=2, out=out) is out
        assert np.array_equal(out, wanted)
    assert not room[::2, 4:].any()


@pytest.mark.parametrize(
    ("out", "error", "match"),
    [
        (np.zeros((4, 6)), ValueError, "shape"),
        (np.broadcast_to(np.zeros(4), (6, 4)), ValueError, "read-only"),
        (np.lib.stride_tricks.as_strided(np.zeros(9), (6, 4), (8, 8)), ValueError, "share memory"),
        (np.lib.stride_tricks.as_strided(np.zeros(9), (6, 4), (0, 8)), ValueError, "share memory"),
        (np.zeros((6, 4), "float16"), TypeError, "out must have dtype"),
        (np.zeros((6, 4), int), TypeError, "float32"),
        ([[0.0] * 4] * 6, TypeError, "NumPy array"),
    ],
)
def test_refused_out(out: Any, error: type[Exception], match: str) -> None:
    before = np.array(out)
    with pytest.raises(error, match=match):
        get("he_normal")((6, 4), rng=0, out=out)
    assert np.array_equal(out, before)


@pytest.mark.parametrize("dtype", ["float16", "complex128", "int32", object, None])
def test_refused_dtypes(dtype: Any) -> None:
    with pytest.raises(TypeError, match="float32"):
        get("truncated_normal")((2, 2), rng=0, dtype=dtype)


# ---- the stream ------------------------------------------------------------------------------

SLICED = [
    "normal(0.3)",
    "uniform(0.3)",
    "truncated_normal",
    "truncated_normal(low=4, high=9)",
    "he_truncated_normal",
    "sparse",
    "orthogonal",
    "identity",
    "nguyen_widrow",
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", SLICED)
def test_any_slice_by_any_thread(text: str, dtype: str) -> None:
    scheme = get(text)
    whole = scheme((37, 53), rng=6, dtype=dtype).ravel()
    out = np.empty(whole.size, dtype)
    edges = [0, 1, 2, 7, 8, 500, 501, 1000, 1959, 1961]

    def fill(edge: int) -> None:
        scheme.fill(out[edges[edge] : edges[edge + 1]], (37, 53), start=edges[edge], rng=6)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, range(len(edges) - 1)))
    assert np.array_equal(out, whole)


MATRICES = [
    "orthogonal",
    "sparse(sparsity=0.9)",
    "sparse(nonzeros=7, line='input')",
    "zero_hadamard",
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", [*SLICED, "he_normal", "torch_linear", *MATRICES])
@pytest.mark.parametrize("shape", [(290, 350), (350, 290)])
def test_any_number_of_threads(text: str, dtype: str, shape: tuple[int, int]) -> None:
    """Large enough for three threads, by what initialization.c takes for worth one."""
    scheme = get(text)
    one = scheme(shape, rng=6, dtype=dtype, n_jobs=1)
    for n_jobs in (2, 3, 1000, None):
        assert np.array_equal(scheme(shape, rng=6, dtype=dtype, n_jobs=n_jobs), one)
        out = np.empty(shape[::-1], dtype).T
        assert np.array_equal(scheme(shape, rng=6, out=out, n_jobs=n_jobs), one)


@pytest.mark.parametrize("text", ["he_normal", "orthogonal"])
def test_nets_of_any_number_of_threads(text: str) -> None:
    def parameters(n_jobs: int) -> list[Any]:
        net = il.Network([300, 350, 2], dtype="float32")
        net.initialize(text, bias="normal(0.1)", rng=6, n_jobs=n_jobs)
        return [*net.weights, *net.biases]

    for one, three in zip(parameters(1), parameters(3), strict=True):
        assert np.array_equal(one, three)


def test_threads_by_the_number_of_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    fill = _core.fill

    def spy(*arguments: Any) -> None:
        asked.append(arguments[-1])
        fill(*arguments)

    monkeypatch.setattr("initlens.initializers.scheme.core_fill", spy)
    monkeypatch.setattr("initlens._tools.cpus.cpu_count", lambda: 4)
    get("normal")((1000, 10), rng=0)
    get("normal")((1000, 10), rng=0, n_jobs=1)
    monkeypatch.setenv("INITLENS_NUM_THREADS", "3")
    get("normal")((1000, 10), rng=0)
    assert asked == [4, 1, 3]


@pytest.mark.parametrize(("n_jobs", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError)])
def test_refused_numbers_of_threads(n_jobs: Any, error: type[Exception]) -> None:
    out = np.zeros((2, 2))
    with pytest.raises(error, match="n_jobs"):
        get("normal")((2, 2), rng=0, out=out, n_jobs=n_jobs)
    assert not out.any()


@pytest.mark.parametrize("text", ["normal", "uniform(1)", "truncated_normal"])
def test_a_short_draw_is_the_start_of_a_long_one(text: str) -> None:
    short, long = get(text)((30, 40), rng=1), get(text)((300, 40), rng=1)
    assert np.array_equal(long[:30], short)


def test_other_layers_do_not_move_a_draw() -> None:
    one = il.Network([5, 6, 7]).initialize(["he_normal", "orthogonal"], rng=1)
    two = il.Network([5, 6, 7]).initialize(["sparse", "orthogonal"], rng=1)
    assert np.array_equal(one.weights[1], two.weights[1])
    scheme = get("he_normal")
    net = il.Network([6, 6, 6]).initialize(scheme, rng=1)
    assert not np.isin(net.weights[0], net.weights[1]).any()


@pytest.mark.parametrize("table", _core.show_config()["available"])
def test_instruction_sets_agree(table: str) -> None:
    used = _core.show_config()["isa"]
    for text in SLICED:
        for dtype in ("float32", "float64"):
            wanted = get(text)((23, 41), rng=5, dtype=dtype)
            try:
                _core.isa_select(table)
                found = get(text)((23, 41), rng=5, dtype=dtype)
            finally:
                _core.isa_select(used)
            assert np.array_equal(
                found.view(f"u{found.itemsize}"), wanted.view(f"u{found.itemsize}")
            )


@pytest.mark.parametrize("text", ["truncated_normal", "orthogonal", "sparse", "looks_linear"])
def test_sources_of_randomness(text: str) -> None:
    scheme = get(text)
    wanted = scheme((6, 4), rng=7)
    for same in (np.int64(7), np.random.SeedSequence(7)):
        assert np.array_equal(scheme((6, 4), rng=same), wanted)
    for make in (np.random.default_rng, np.random.PCG64, np.random.RandomState):
        source = make(7)
        first, second = scheme((6, 4), rng=source), scheme((6, 4), rng=source)
        assert not np.array_equal(first, second)
        assert np.array_equal(first, scheme((6, 4), rng=make(7)))
    assert not np.array_equal(scheme((6, 4)), scheme((6, 4)))
    for bad in (True, -1, 2.0, "7"):
        with pytest.raises((TypeError, ValueError), match="rng"):
            scheme((6, 4), rng=bad)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"start": 25}, ValueError),
        ({"start": -1}, ValueError),
        ({"start": 1.0}, TypeError),
        ({"shape": (24,)}, ValueError),
    ],
)
def test_refused_slices(arguments: dict[str, Any], error: type[Exception]) -> None:
    out = np.zeros(3)
    with pytest.raises(error):
        get("normal").fill(out, **{"shape": (4, 6), "rng": 0, **arguments})
    assert not out.any()


# ---- settings that are refused, when the scheme is made --------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "truncated_normal(-1)",
        "truncated_normal(1, low=2, high=1)",
        "truncated_normal(1, low=1, high=1)",
        "truncated_normal(1, low=1e300, high=2e300, absolute=True, keep_std=True)",
        "truncated_normal(1e-300, 0, 1e10, 2e10, absolute=True)",
        "variance_scaling(-1)",
        "variance_scaling(gain=-1)",
        "variance_scaling(1, gain=1)",
        "variance_scaling(mode='fan')",
        "variance_scaling(distribution='truncated')",
        "orthogonal(-1)",
        "identity(-1)",
        "sparse(sparsity=-0.1)",
        "sparse(sparsity=1.1)",
        "sparse(nonzeros=-1)",
        "sparse(nonzeros=3, sparsity=0.5)",
        "sparse(line='column')",
        "siren(0)",
        "siren(position='middle')",
        "mup(-1)",
        "mup(base_width=0)",
        "looks_linear(form='relu')",
        "nguyen_widrow(0)",
        "random_walk('tanh')",
        "kumar('nothing')",
        "gain('tanh', kind='sideways')",
        "gain('gelu', kind='torch')",
        "mean_field_critical('sigmoid')",
        "mean_field_critical('softplus')",
        "mean_field_critical('gelu', sigma_b2=0.001)",
        "mean_field_critical('tanh', q=1, sigma_b2=0.1)",
        "sklearn_mlp('gelu')",
        "lsuv(tolerance=0)",
        "lsuv(measure='w')",
        "lsuv(max_iterations=0)",
    ],
)
def test_refused_settings(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w{4}"):
        get(text)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize(
    "make",
    [
        lambda x: initializers.TruncatedNormal(x),
        lambda x: initializers.TruncatedNormal(1.0, x),
        lambda x: initializers.Orthogonal(x),
        lambda x: initializers.Identity(x),
        lambda x: initializers.Sparse(std=x),
        lambda x: initializers.Sparse(sparsity=x),
        lambda x: initializers.Siren(x),
        lambda x: initializers.MuP(x),
        lambda x: initializers.LooksLinear(x),
        lambda x: initializers.NguyenWidrow(x),
        lambda x: initializers.LSUV(tolerance=x),
        lambda x: get(np.array([[x]])),
    ],
)
def test_not_finite(make: Any, value: float) -> None:
    with pytest.raises(ValueError, match=r"finite|NaN"):
        make(value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: initializers.TruncatedNormal(low=NAN),
        lambda: initializers.TruncatedNormal(low=INF),
        lambda: initializers.TruncatedNormal(high=-INF),
    ],
)
def test_no_mass(make: Any) -> None:
    with pytest.raises(ValueError, match=r"low|high"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: initializers.TruncatedNormal(True),
        lambda: initializers.TruncatedNormal(absolute=1),
        lambda: initializers.Sparse(nonzeros=2.0),
        lambda: initializers.MuP(base_width=2.5),
        lambda: initializers.MeanFieldCritical(3),
        lambda: initializers.NguyenWidrow(spaced=1),
        lambda: get(np.array([["a"]])),
        lambda: get("normal").to_config() and get(lambda shape, rng: 0).to_config(),
    ],
)
def test_wrong_kinds(make: Any) -> None:
    with pytest.raises(TypeError):
        make()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("normal(0)", 0),
        ("uniform(0)", 0),
        ("truncated_normal(0)", 0),
        ("truncated_normal(0, mean=3, low=-1, high=1, absolute=True)", 1),
        ("variance_scaling(0, distribution='truncated_normal')", 0),
        ("orthogonal(0)", 0),
        ("sparse(std=0)", 0),
        ("mup(0)", 0),
    ],
)
def test_a_spread_of_zero_is_a_constant(text: str, wanted: float) -> None:
    assert np.all(get(text)((4, 4), rng=0) == wanted)


@pytest.mark.parametrize(
    "text", ["orthogonal", "identity", "sparse", "zero_hadamard", "looks_linear"]
)
def test_a_matrix_is_no_bias(text: str) -> None:
    net = il.Network([4, 4]).initialize("ones", rng=0)
    with pytest.raises(ValueError, match="biases"):
        net.initialize("he_normal", bias=text, rng=1)
    assert np.all(net.weights[0] == 1)


@pytest.mark.parametrize(
    "text", ["torch_linear", "sklearn_mlp", "nguyen_widrow", "mean_field_critical('tanh')"]
)
def test_random_biases_and_a_legacy_stream_name_the_way_out(text: str) -> None:
    net = il.Network([2, 3, 1])
    source = np.random.RandomState(3)
    with pytest.raises(ValueError, match=r"bias scheme .* give bias='zeros', or another rng"):
        net.initialize(text, rng=source)
    assert np.array_equal(source.randn(2), np.random.RandomState(3).randn(2))  # nothing drawn
    net.initialize(text, bias="zeros", rng=np.random.RandomState(3))
    first = get(text)((2, 3), rng=np.random.RandomState(3))
    assert np.array_equal(net.weights[0], first)


def test_a_warning_points_at_the_callers_line() -> None:
    scheme = get("zero_hadamard")
    for call in (
        lambda: scheme((2, 9)),
        lambda: il.Network([2, 9]).initialize(scheme, rng=0),
        lambda: scheme.fill(np.empty(18), (2, 9)),
    ):
        with pytest.warns(il.SymmetryWarning) as caught:
            call()
        assert [warning.filename for warning in caught] == [__file__]


def test_odd_widths_have_no_mirror() -> None:
    net = il.Network([4, 5, 4, 1], activation="relu").initialize("ones", rng=0)
    with pytest.raises(ValueError, match="even number of units, got 5"):
        net.initialize("looks_linear", rng=1)
    assert np.all(net.weights[0] == 1)


@pytest.mark.parametrize("config", [{}, {"scheme": "Normall"}, {"scheme": "Normal", "scale": 1}])
def test_refused_configs(config: Any) -> None:
    with pytest.raises(ValueError, match=r"Normal|kind of scheme"):
        initializers.from_config(config)


def test_from_array() -> None:
    weights = [np.arange(6.0).reshape(2, 3), np.ones((3, 1))]
    net = il.Network([2, 3, 1]).initialize(weights, bias=[np.arange(3), "zeros"])
    assert np.array_equal(net.weights[0], weights[0])
    assert net.biases[0].tolist() == [0, 1, 2]
    weights[0][0] = 9
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        il.Network([3, 2]).initialize(np.zeros((2, 3)))
    scheme = get(np.eye(2))
    assert initializers.from_config(scheme.to_config()) == scheme
    assert scheme != get(np.ones((2, 2)))


# ---- LSUV ------------------------------------------------------------------------------------

X = il.datasets.flower().X


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lsuv_on_pre_activations_is_one_exact_division(dtype: str) -> None:
    net = il.Network([2, *[16] * 10, 1], activation="relu", dtype=dtype)
    record = LSUV(X).apply(net, rng=0)
    orthogonal = il.Network([2, *[16] * 10, 1], activation="relu", dtype=dtype)
    orthogonal.initialize("orthogonal", rng=0)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    for layer, (row, values) in enumerate(zip(record.layers, net.activations(X), strict=True)):
        assert abs(values.z.std(dtype=float) - 1) < tolerance
        assert row[0] == layer
        assert row.iterations == 1
        assert row.converged
        np.testing.assert_allclose(
            net.weights[layer], row.factor * orthogonal.weights[layer], rtol=1e-5
        )
    assert len(record.table().rows) == 11
    assert net.lsuv_record is record
    assert net.initialize("normal", rng=0).lsuv_record is None


def test_lsuv_on_activations() -> None:
    net = il.Network([2, 8, 8, 1], activation="relu").initialize(LSUV(X, measure="a"), rng=0)
    for layer in net.activations(X)[:-1]:
        assert abs(layer.a.std() - 1) < 1e-3
    bounded = il.Network([2, 8, 1], activation="sigmoid")
    with pytest.warns(il.InitWarning, match="after 20 iterations"):
        record = LSUV(X, measure="a").apply(bounded, rng=0)  # a sigmoid's is 1/2 at most
    assert not record.layers[0].converged


def test_lsuv_per_layer_and_with_biases() -> None:
    schemes = ["he_normal", LSUV(X), "he_normal"]
    net = il.Network([2, 8, 8, 1]).initialize(schemes, bias="normal(0.1)", rng=0)
    plain = il.Network([2, 8, 8, 1]).initialize("he_normal", bias="normal(0.1)", rng=0)
    assert np.array_equal(net.weights[0], plain.weights[0])
    assert np.array_equal(net.weights[2], plain.weights[2])
    assert abs(net.activations(X)[1].z.std() - 1) < 1e-3


@pytest.mark.parametrize("scheme", [LSUV(np.zeros((5, 2))), LSUV(), LSUV(np.ones((5, 3)))])
def test_lsuv_refuses_and_leaves_the_net_alone(scheme: LSUV) -> None:
    net = il.Network([2, 4, 1]).initialize("he_normal", rng=1)
    before = [w.copy() for w in net.weights]
    with pytest.raises(ValueError, match=r"vary|data|shape|columns|width|features|inputs"):
        net.initialize(scheme, rng=2)
    assert all(np.array_equal(*pair) for pair in zip(net.weights, before, strict=True))
    assert net.seed == 1


def test_lsuv_takes_the_data_of_a_comparison() -> None:
    result = il.compare(["lsuv", "orthogonal"], steps=5, seeds=2, layers=[2, 8, 8, 1])
    alone = il.Network([2, 8, 8, 1]).initialize(LSUV(X), rng=1)
    assert result.of("lsuv")[1].first_loss == alone.loss(X, il.datasets.flower().y)
