"""Each scheme against its law, with stated power.

A check takes a `Draw` and a law written down here, from the paper, not from the scheme. Moments are
held to five standard errors on 512 x 512 weights: 0.69 % of a normal standard deviation, 0.44 % of
a uniform one, 0.57 % of one cut at 2. Distributions are tested by Kolmogorov and Smirnov on 262,144
draws. test_schemes_broken.py has these checks refuse copies of the code with a fault.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import initlens as il
from initlens.initializers import get

N = 512
Draw = Callable[[tuple[int, int], int], Any]  # shape and seed
Law = Callable[[int, int], Any]  # n_in and n_out -> frozen distribution of scipy.stats

FIVE_SIGMA = 5.7e-7
CUT_2 = 0.87962566103423975041


def drawn(text: str, dtype: str = "float64") -> Draw:
    scheme = get(text)
    return lambda shape, seed: scheme(shape, rng=seed, dtype=dtype)


def check_law(draw: Draw, law: Law, shape: tuple[int, int] = (N, N)) -> None:
    """Mean and standard deviation within five standard errors; Kolmogorov-Smirnov."""
    wanted = law(*shape)
    w = np.asarray(draw(shape, 20), dtype=float).ravel()
    mean, std, kurtosis = wanted.mean(), wanted.std(), float(wanted.stats("k")) + 3.0
    assert abs(w.mean() - mean) < 5 * std / math.sqrt(w.size)
    # The standard error of a standard deviation: sqrt((kurtosis - 1) / (4 n)).
    assert abs(w.std() / std - 1) < 5 * math.sqrt((kurtosis - 1) / (4 * w.size))
    assert stats.kstest(w, wanted.cdf).pvalue > FIVE_SIGMA


def normal(variance: Callable[[int, int], float]) -> Law:
    return lambda n_in, n_out: stats.norm(0, math.sqrt(variance(n_in, n_out)))


def uniform(variance: Callable[[int, int], float]) -> Law:
    def law(n_in: int, n_out: int) -> Any:
        limit = math.sqrt(3 * variance(n_in, n_out))
        return stats.uniform(-limit, 2 * limit)

    return law


def cut(variance: Callable[[int, int], float]) -> Law:
    return lambda n_in, n_out: stats.truncnorm(
        -2, 2, scale=math.sqrt(variance(n_in, n_out)) / CUT_2
    )


GLOROT = lambda n_in, n_out: 2 / (n_in + n_out)  # noqa: E731
HE = lambda n_in, n_out: 2 / n_in  # noqa: E731
LECUN = lambda n_in, n_out: 1 / n_in  # noqa: E731
THIRD = lambda n_in, n_out: 1 / (3 * n_in)  # noqa: E731

LAWS: dict[str, Law] = {
    "normal(0.3, mean=2)": lambda n_in, n_out: stats.norm(2, 0.3),
    "uniform(0.3)": lambda n_in, n_out: stats.uniform(-0.3, 0.6),
    "uniform(-1, 3)": lambda n_in, n_out: stats.uniform(-1, 4),
    "truncated_normal": lambda n_in, n_out: stats.truncnorm(-2, 2),
    "truncated_normal(0.5, mean=1, low=-1, high=3)": lambda n_in, n_out: stats.truncnorm(
        -1, 3, loc=1, scale=0.5
    ),
    "truncated_normal(2, low=-1, high=5, absolute=True)": lambda n_in, n_out: stats.truncnorm(
        -0.5, 2.5, scale=2
    ),
    "truncated_normal(low=4, high=6)": lambda n_in, n_out: stats.truncnorm(4, 6),
    "truncated_normal(low=-9, high=-7)": lambda n_in, n_out: stats.truncnorm(-9, -7),
    "truncated_normal(0.1, keep_std=True)": cut(lambda n_in, n_out: 0.01),
    **{f"glorot_{end}": law(GLOROT) for end, law in (("normal", normal), ("uniform", uniform))},
    **{f"he_{end}": law(HE) for end, law in (("normal", normal), ("uniform", uniform))},
    **{f"lecun_{end}": law(LECUN) for end, law in (("normal", normal), ("uniform", uniform))},
    "glorot_truncated_normal": cut(GLOROT),
    "he_truncated_normal": cut(HE),
    "lecun_truncated_normal": cut(LECUN),
    "variance_scaling(3, 'fan_out')": normal(lambda n_in, n_out: 3 / n_out),
    "variance_scaling(3, 'fan_geo_avg', 'uniform')": uniform(
        lambda n_in, n_out: 3 / math.sqrt(n_in * n_out)
    ),
    "variance_scaling(gain='tanh')": normal(lambda n_in, n_out: 1.592537420**2 / n_in),
    "kumar('sigmoid')": normal(lambda n_in, n_out: 12.8 / n_in),
    "gain('selu', kind='torch')": normal(lambda n_in, n_out: 0.75**2 / n_in),
    "mean_field_critical('tanh', sigma_b2=0.05)": normal(lambda n_in, n_out: 1.760954640 / n_in),
    "siren": lambda n_in, n_out: stats.uniform(-1 / n_in, 2 / n_in),
    "siren(position='hidden')": uniform(lambda n_in, n_out: 2 / (n_in * 900)),
    "lecun_tanh": normal(LECUN),
    "mup(2, base_width=64)": normal(HE),
    "mup(2, base_width=64, position='last')": normal(lambda n_in, n_out: 2 * 64 / n_in**2),
    "torch_linear": uniform(THIRD),
    "keras_dense": uniform(GLOROT),
    "flax_dense": cut(LECUN),
    "haiku_linear": lambda n_in, n_out: stats.truncnorm(-2, 2, scale=1 / math.sqrt(n_in)),
    "mlx_linear": uniform(THIRD),
    "sklearn_mlp": uniform(GLOROT),
    "sklearn_mlp('logistic')": uniform(lambda n_in, n_out: 2 / (3 * (n_in + n_out))),
    "kaiming_uniform_(2.23606797749979)": uniform(THIRD),
    "xavier_normal_(2.0)": normal(lambda n_in, n_out: 8 / (n_in + n_out)),
    "trunc_normal_(std=0.02)": lambda n_in, n_out: stats.norm(0, 0.02),
    "randomnormal": lambda n_in, n_out: stats.norm(0, 0.05),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", LAWS)
def test_law(text: str, dtype: str) -> None:
    check_law(drawn(text, dtype), LAWS[text])


@pytest.mark.parametrize(
    "text",
    [text for text in LAWS if "glorot" in text or "_out" in text or "geo" in text]
    + ["he_normal", "torch_linear", "sklearn_mlp", "lecun_uniform"],
)
@pytest.mark.parametrize("shape", [(128, 2048), (2048, 128)])
def test_fans_of_a_rectangle(text: str, shape: tuple[int, int]) -> None:
    check_law(drawn(text), LAWS[text], shape)


@pytest.mark.parametrize("text", ["random_walk", "random_walk('identity')"])
def test_random_walk(text: str) -> None:
    gains = {"random_walk": 1.432303565, "random_walk('identity')": 1.005029271}
    check_law(drawn(text), normal(lambda n_in, n_out: gains[text] ** 2 / n_in), (2000, 100))


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("torch_linear", uniform(THIRD)),
        ("mlx_linear", uniform(THIRD)),
        ("sklearn_mlp", uniform(GLOROT)),
        ("mean_field_critical('tanh', sigma_b2=0.05)", lambda *_: stats.norm(0, math.sqrt(0.05))),
        ("nguyen_widrow", lambda *_: stats.uniform(-0.7 * 200_000**0.5, 1.4 * 200_000**0.5)),
    ],
)
def test_biases_that_belong_to_a_scheme(text: str, law: Law) -> None:
    net = il.Network([2, 200_000]).initialize(text, rng=1)
    check_law(lambda shape, seed: net.biases[0], lambda n_in, n_out: law(2, 200_000), (1, 200_000))
    plain = il.Network([2, 200_000]).initialize(text, bias="zeros", rng=1)
    assert not plain.biases[0].any()
    assert np.array_equal(plain.weights[0], net.weights[0])


@pytest.mark.parametrize(
    "text", ["keras_dense", "flax_dense", "haiku_linear", "he_normal", "siren"]
)
def test_biases_are_zero_elsewhere(text: str) -> None:
    assert not il.Network([2, 5, 3]).initialize(text, rng=1).biases[0].any()


# ---- independence ----------------------------------------------------------------------------


def check_independence(draw: Draw) -> None:
    """Rows, columns and seeds are not correlated: all pairs of 512, and the largest."""
    w, other = draw((N, N), 1), draw((N, N), 2)
    for matrix in (w, w.T):
        correlation = np.corrcoef(matrix)[np.triu_indices(N, 1)]
        # Of 130,816 pairs with standard error 1 / sqrt(512) none is beyond 6.5 of them.
        assert abs(correlation).max() < 6.5 / math.sqrt(N)
        assert abs(np.mean(correlation**2) * N - 1) < 0.05
    for first, second in (
        (w, other),
        (w[:-1], w[1:]),
        (w[:, :-1], w[:, 1:]),
        (w**2, other**2),
        (w[:-1] ** 2, w[1:] ** 2),
    ):
        r = np.corrcoef(first.ravel(), second.ravel())[0, 1]
        assert abs(r) < 5 / math.sqrt(first.size)


@pytest.mark.parametrize("text", ["normal", "he_uniform", "truncated_normal"])
def test_independence(text: str) -> None:
    check_independence(drawn(text))


@pytest.mark.parametrize("text", ["normal", "orthogonal", "sparse(nonzeros=100)", "looks_linear"])
def test_layers_share_no_numbers(text: str) -> None:
    net = il.Network([N, N, N]).initialize(text, rng=3)
    used = (net.weights[0] != 0) & (net.weights[1] != 0)
    r = np.corrcoef(net.weights[0][used], net.weights[1][used])[0, 1]
    assert abs(r) < 5 / math.sqrt(used.sum() / 2)  # mirrored halves carry the same numbers
    biased = il.Network([1, 4]).initialize("normal", bias="normal", rng=3)
    assert not np.isin(biased.biases[0], biased.weights[0]).any()


# ---- matrices --------------------------------------------------------------------------------


def check_haar(draw: Draw) -> None:
    """Orthonormal; entries by the Beta law; the sign of the determinant, over many small ones."""
    for shape in ((6, 6), (9, 4), (4, 9), (1, 1), (1, 5), (70, 33), (33, 70)):
        w = draw(shape, 5)
        product = w.T @ w if shape[0] >= shape[1] else w @ w.T
        np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-13)
    count, n = 4000, 5
    entries = np.array([draw((n, n), seed) for seed in range(count)])
    # Any entry squared is Beta(1/2, (n - 1) / 2), and its sign is even.
    for i, j in ((0, 0), (2, 3), (4, 4), (4, 0), (0, 4)):
        sample = entries[:, i, j]
        assert stats.kstest(sample**2, stats.beta(0.5, (n - 1) / 2).cdf).pvalue > FIVE_SIGMA
        assert abs(np.mean(sample > 0) - 0.5) < 5 * 0.5 / math.sqrt(count)
    assert abs(np.mean(np.linalg.det(entries) > 0) - 0.5) < 5 * 0.5 / math.sqrt(count)
    # The trace of a Haar matrix has mean 0 and variance 1; of two powers too (Diaconis 1994).
    assert abs(np.trace(entries, axis1=1, axis2=2).mean()) < 5 / math.sqrt(count)
    squares = np.trace(entries @ entries, axis1=1, axis2=2)
    assert abs(squares.mean() - 1) < 5 * squares.std() / math.sqrt(count)


def test_orthogonal_is_haar() -> None:
    check_haar(drawn("orthogonal"))


@pytest.mark.parametrize("shape", [(512, 512), (300, 700), (700, 300)])
def test_orthogonal_in_float32(shape: tuple[int, int]) -> None:
    w = get("orthogonal(1.5)")(shape, rng=1, dtype="float32")
    wide = get("orthogonal(1.5)")(shape, rng=1)
    assert np.array_equal(w, wide.astype("float32"))
    product = (w @ w.T if shape[0] < shape[1] else w.T @ w) / 2.25
    assert abs(product.astype(float) - np.eye(min(shape))).max() < 1e-6


def check_sparse(draw: Draw, nonzeros: int, std: float) -> None:
    w = draw((400, 300), 1)
    assert (np.count_nonzero(w, axis=0) == nonzeros).all()
    values = w[w != 0]
    assert abs(values.std() / std - 1) < 5 / math.sqrt(2 * values.size)
    # Each place as often as any other: a chi-square over rows, whose counts vary binomially.
    rows = np.count_nonzero(w, axis=1)
    share = nonzeros / 400
    assert abs(rows.var() / (300 * share * (1 - share)) - 1) < 5 * math.sqrt(2 / 400)
    assert not np.array_equal(w != 0, draw((400, 300), 2) != 0)
    assert np.array_equal(w, draw((400, 300), 1))


def test_sparse() -> None:
    check_sparse(drawn("sparse(nonzeros=40)"), 40, 0.01)
    check_sparse(drawn("sparse(sparsity=0.75, std=2)"), 100, 2.0)


def test_sparse_by_input_is_pytorchs() -> None:
    w = get("sparse_(0.33)")((20, 10), rng=0)
    assert (np.count_nonzero(w == 0, axis=1) == math.ceil(0.33 * 10)).all()
    dense = get("normal(0.01)")((20, 10), rng=0)
    assert np.array_equal(w, np.where(w == 0, 0, dense))


@pytest.mark.parametrize(("text", "zeros"), [("sparse(sparsity=1)", 60), ("sparse(sparsity=0)", 0)])
def test_sparse_at_its_ends(text: str, zeros: int) -> None:
    assert np.count_nonzero(get(text)((6, 10), rng=0) == 0) == zeros


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_identity(shape: tuple[int, int]) -> None:
    assert np.array_equal(get("identity(2.5)")(shape), 2.5 * np.eye(*shape))


@pytest.mark.parametrize(
    ("shape", "distinct"), [((2, 64), 2), ((10, 100), 16), ((20, 512), 32), ((33, 64), 64)]
)
def test_zero_hadamard_widening(shape: tuple[int, int], distinct: int) -> None:
    from scipy.linalg import hadamard

    n_in, n_out = shape
    k = math.ceil(math.log2(n_out))
    expected = (hadamard(2**k)[:n_out, :n_in] / 2 ** (k / 2)).T
    if distinct < n_out:
        with pytest.warns(il.SymmetryWarning, match=f"{distinct} distinct"):
            w = get("zero_hadamard")(shape)
    else:
        w = get("zero_hadamard")(shape)
    np.testing.assert_allclose(w, expected, rtol=1e-15)
    assert len(np.unique(w, axis=1).T) == distinct
    assert np.array_equal(get("zero_hadamard")((n_out, n_in)), np.eye(n_out, n_in))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("depth", [1, 2, 50])
def test_looks_linear_jacobian_is_orthogonal(depth: int, dtype: str) -> None:
    widths = [6] + [12] * (depth - 1) + [6]
    net = il.Network(widths, activation="relu", loss="mse", dtype=dtype)
    net.initialize("looks_linear", rng=4)
    jacobian = net.forward(np.eye(6))
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(jacobian @ jacobian.T, np.eye(6), atol=tolerance)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 8, 6))
    np.testing.assert_allclose(
        net.forward(2 * X - 3 * Y), 2 * net.forward(X) - 3 * net.forward(Y), atol=10 * tolerance
    )


def test_looks_linear_of_concatenated_relu() -> None:
    first = get("looks_linear(form='crelu')")((4, 5), rng=1)
    second = get("looks_linear(form='crelu', position='last')")((10, 3), rng=2)
    x = np.random.default_rng(0).standard_normal((20, 4))
    z = x @ first
    a = np.hstack([np.maximum(z, 0), np.maximum(-z, 0)])
    np.testing.assert_allclose(a @ second, z @ second[:5], atol=1e-14)
    np.testing.assert_allclose(second[:5].T @ second[:5], np.eye(3), atol=1e-14)


def test_nguyen_widrow() -> None:
    w = get("nguyen_widrow")((3, 50), rng=0)
    np.testing.assert_allclose(np.linalg.norm(w, axis=0), 0.7 * 50 ** (1 / 3), rtol=1e-14)
    net = il.Network([3, 50]).initialize("matlab_initnw", rng=0)
    beta = 1.4 * 50 ** (1 / 3)
    np.testing.assert_allclose(net.weights[0], 2 * w, rtol=1e-14)
    np.testing.assert_allclose(abs(net.biases[0]), abs(np.linspace(-beta, beta, 50)), rtol=1e-14)
    assert np.array_equal(np.sign(net.biases[0]) * np.sign(np.linspace(-1, 1, 50)), np.sign(w[0]))
    assert not il.Network([3, 1]).initialize("matlab_initnw", rng=0).biases[0].any()


def test_matlab_net_with_a_linear_output() -> None:
    """As MATLAB makes it: initnw for the hidden layer, U(-1, 1) for the output layer."""
    laws = ["matlab_initnw", "uniform(1)"]
    net = il.Network([3, 50, 2000], loss="mse").initialize(laws, bias=laws, rng=0)
    own = il.Network([3, 50]).initialize("matlab_initnw", rng=0)
    assert np.array_equal(net.weights[0], own.weights[0])
    assert np.array_equal(net.biases[0], own.biases[0])
    for array in (net.weights[1], net.biases[1]):
        assert stats.kstest(array.ravel(), stats.uniform(-1, 2).cdf).pvalue > FIVE_SIGMA


# ---- peers -----------------------------------------------------------------------------------


def check_same_law(ours: Any, theirs: Any) -> None:
    result = stats.ks_2samp(np.asarray(ours).ravel(), np.asarray(theirs).ravel())
    assert result.pvalue > FIVE_SIGMA


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("xavier_uniform_(2.0)", lambda init, w: init.xavier_uniform_(w, gain=2.0)),
        ("xavier_normal_", lambda init, w: init.xavier_normal_(w)),
        ("kaiming_uniform_(0.5)", lambda init, w: init.kaiming_uniform_(w, a=0.5)),
        (
            "kaiming_normal_(mode='fan_out', nonlinearity='tanh')",
            lambda init, w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="tanh"),
        ),
        (
            "trunc_normal_(0.1, 0.5, -0.3, 1)",
            lambda init, w: init.trunc_normal_(w, 0.1, 0.5, -0.3, 1),
        ),
        ("orthogonal_(1.5)", lambda init, w: init.orthogonal_(w, 1.5)),
        ("sparse_(0.3)", lambda init, w: init.sparse_(w, 0.3)),
    ],
)
def test_pytorch(text: str, call: Any) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    w = torch.empty(300, 400, dtype=torch.float64)  # (n_out, n_in)
    call(torch.nn.init, w)
    check_same_law(get(text)((300, 400), rng=0, layout="out_in"), w.numpy())


def test_pytorch_linear() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layer = torch.nn.Linear(50, 5000)
    net = il.Network([50, 5000]).initialize("torch_linear", rng=0)
    check_same_law(net.weights[0], layer.weight.detach().numpy())
    check_same_law(net.biases[0], layer.bias.detach().numpy())


JAX_NAMES = {
    "he_truncated_normal": "he_normal",
    "glorot_truncated_normal": "glorot_normal",
    "lecun_truncated_normal": "lecun_normal",
    "he_uniform": "he_uniform",
    "glorot_uniform": "glorot_uniform",
    "lecun_uniform": "lecun_uniform",
    "orthogonal": "orthogonal",
}


@pytest.mark.parametrize("text", JAX_NAMES)
def test_jax(text: str) -> None:
    """What Flax draws too: it takes its initializers from JAX."""
    jax = pytest.importorskip("jax")
    theirs = getattr(jax.nn.initializers, JAX_NAMES[text])()(jax.random.key(0), (300, 400))
    check_same_law(get(text)((300, 400), rng=0, dtype="float32"), theirs)


def test_flax_dense() -> None:
    pytest.importorskip("flax")
    from flax import nnx

    layer = nnx.Linear(50, 5000, rngs=nnx.Rngs(0))
    net = il.Network([50, 5000], dtype="float32").initialize("flax_dense", rng=0)
    check_same_law(net.weights[0], layer.kernel[...])
    assert np.array_equal(net.biases[0], np.asarray(layer.bias[...]))


KERAS_NAMES = {
    "he_truncated_normal": "HeNormal",
    "glorot_truncated_normal": "GlorotNormal",
    "lecun_truncated_normal": "LecunNormal",
    "HeUniform": "HeUniform",
    "GlorotUniform": "GlorotUniform",
    "LecunUniform": "LecunUniform",
    "RandomNormal": "RandomNormal",
    "RandomUniform": "RandomUniform",
    "TruncatedNormal": "TruncatedNormal",
    "VarianceScaling": "VarianceScaling",
    "OrthogonalInitializer": "Orthogonal",
}


@pytest.mark.parametrize("text", KERAS_NAMES)
def test_keras(text: str) -> None:
    keras = pytest.importorskip("keras")
    theirs = getattr(keras.initializers, KERAS_NAMES[text])(seed=0)((300, 400))
    check_same_law(
        get(text)((300, 400), rng=0, dtype="float32"), keras.ops.convert_to_numpy(theirs)
    )


def test_keras_dense() -> None:
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    layer = keras.layers.Dense(5000)
    layer.build((None, 50))
    weights, biases = (
        keras.ops.convert_to_numpy(variable.value) for variable in (layer.kernel, layer.bias)
    )
    net = il.Network([50, 5000], dtype="float32").initialize("keras_dense", rng=0)
    check_same_law(net.weights[0], weights)
    assert np.array_equal(net.biases[0], biases)


@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_scikit_learn(activation: str) -> None:
    neural_network = pytest.importorskip("sklearn.neural_network")
    from sklearn.exceptions import ConvergenceWarning

    model = neural_network.MLPRegressor(
        hidden_layer_sizes=(2000,),
        activation=activation,
        max_iter=1,
        learning_rate_init=1e-12,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning):
        model.fit(np.random.default_rng(0).standard_normal((10, 30)), np.arange(10.0))
    net = il.Network([30, 2000, 1], loss="mse").initialize(f"sklearn_mlp('{activation}')", rng=0)
    check_same_law(net.weights[0], model.coefs_[0])
    check_same_law(net.biases[0], model.intercepts_[0])


def test_scipy_orthogonal() -> None:
    theirs = stats.ortho_group(6, seed=0).rvs(3000)
    ours = np.array([get("orthogonal")((6, 6), rng=seed) for seed in range(3000)])
    for i, j in ((0, 0), (5, 5), (2, 4)):
        check_same_law(ours[:, i, j], theirs[:, i, j])
    check_same_law(np.trace(ours, axis1=1, axis2=2), np.trace(theirs, axis1=1, axis2=2))


# ---- the checks can fail ---------------------------------------------------------------------


def _gauss(shape: tuple[int, int], seed: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def _without_sign_fix(shape: tuple[int, int], seed: int) -> Any:
    wide = shape[0] < shape[1]
    q, _ = np.linalg.qr(_gauss(shape[::-1] if wide else shape, seed))
    return q.T if wide else q


def scaled(text: str, factor: Callable[[int, int], float]) -> Draw:
    draw = drawn(text)
    return lambda shape, seed: draw(shape, seed) * factor(*shape)


MUTATIONS: dict[str, Callable[[], None]] = {
    "no sign fix": lambda: check_haar(_without_sign_fix),
    "one row for all": lambda: check_independence(
        lambda shape, seed: (
            np.tile(_gauss(shape, seed)[:1], (shape[0], 1)) + 1e-9 * _gauss(shape, 9)
        )
    ),
    "one seed for all": lambda: check_independence(lambda shape, seed: _gauss(shape, 0)),
    "1.5 % off": lambda: check_law(scaled("he_normal", lambda *_: 1.015), LAWS["he_normal"]),
    "normal for uniform": lambda: check_law(drawn("he_normal"), LAWS["he_uniform"]),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_checks_catch(mutation: str) -> None:
    with pytest.raises(AssertionError):
        MUTATIONS[mutation]()
