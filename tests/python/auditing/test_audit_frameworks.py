"""audit of real models: what the core computes is what their own frameworks compute.

Each test needs one framework and skips without it; .ci/run has an environment with all of them.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import initlens as il

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Deprecations inside of the frameworks are theirs.
pytestmark = pytest.mark.filterwarnings("default")

TOLERANCE = 1e-6  # float32
ACTIVATIONS = {
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "SELU": "selu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Hardtanh": "hard_tanh",
    "Mish": "mish",
    "ReLU6": "relu6",
    "Hardsigmoid": "hard_sigmoid",
    "Hardswish": "hard_swish",
    "CELU": "celu",
    "LogSigmoid": "log_sigmoid",
    "Softshrink": "soft_shrink",
    "Hardshrink": "hard_shrink",
    "Tanhshrink": "tanh_shrink",
}


def framework(name: str) -> Any:
    """Import it, or skip; where all are promised, as in .ci/run, a missing one is an error."""
    if os.environ.get("INITLENS_FRAMEWORKS") == "all":
        return importlib.import_module(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, exc_type=ImportError)


def batch(seed: int = 0, m: int = 40, n: int = 6, classes: int = 3) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, n)).astype(np.float32), rng.integers(0, classes, m)


def close(mine: NDArray[Any], theirs: Any) -> None:
    np.testing.assert_allclose(mine, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def agrees_with_torch(torch: Any, model: Any, report: il.Audit, X: Any, y: Any, loss: Any) -> None:
    """Outputs, loss and gradients of the model against those of the core."""
    assert report.network is not None
    model.eval()
    model.zero_grad()
    output = model(torch.as_tensor(X))
    value = loss(output, torch.as_tensor(y))
    value.backward()
    mine = report.network.gradients(X, y)
    assert mine.loss == pytest.approx(value.item(), rel=TOLERANCE)
    dense = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    assert len(dense) == len(mine.weights)
    for module, w, b in zip(dense, mine.weights, mine.biases, strict=True):
        close(w, module.weight.grad.numpy().T)
        close(b, module.bias.grad.numpy())


# ---- PyTorch ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_torch_sequential(name: str) -> None:
    torch = framework("torch")
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 8), getattr(nn, name)(), nn.Dropout(), nn.Linear(8, 8), getattr(nn, name)(),
        nn.Sequential(nn.Linear(8, 3)),
    )  # fmt: skip
    X, y = batch()
    report = il.audit(model, X, y)
    assert [layer.activation for layer in report.layers] == [ACTIVATIONS[name]] * 2 + [None]
    assert report.network is not None
    assert report.network.dtype == np.float32
    agrees_with_torch(torch, model, report, X, y, nn.functional.cross_entropy)
    z = report.network.activations(X)[-1].z
    close(z, model.eval()(torch.as_tensor(X)).detach().numpy())
    assert [skipped.reason for skipped in report.skipped] == ["Dropout: no effect at evaluation"]
    assert "loss: cross_entropy, by y" in report.notes


def test_torch_binary_and_mse() -> None:
    torch = framework("torch")
    nn = torch.nn
    torch.manual_seed(1)
    X, y = batch(classes=2)
    target = y.astype(np.float32)[:, None]
    with_sigmoid = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
    report = il.audit(with_sigmoid, X, target)
    agrees_with_torch(torch, with_sigmoid, report, X, target, nn.functional.binary_cross_entropy)
    assert report.network is not None
    close(report.network.forward(X), with_sigmoid(torch.as_tensor(X)).detach().numpy())
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))
    values = X[:, :1] - X[:, 1:2]
    report = il.audit(model, torch.as_tensor(X), torch.as_tensor(values))
    agrees_with_torch(torch, model, report, X, values, nn.functional.mse_loss)


def my_module(torch: Any, activation: Any) -> Any:
    """Registered out of order, functions called in forward, a convolution in front."""
    nn = torch.nn

    class Mine(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.out = nn.Linear(8, 3)
            self.fc2 = nn.Linear(8, 8)
            self.fc1 = nn.Linear(36, 8)
            self.conv = nn.Conv2d(1, 1, 3)

        def forward(self, x: Any) -> Any:
            x = torch.relu(self.conv(x)).flatten(1)
            return self.out(activation(self.fc2(activation(self.fc1(x)))))

    return Mine()


def test_torch_module_with_relu6_is_told_from_relu() -> None:
    """By a value above 6; elu and celu are the same function, and elu is what it is called."""
    torch = framework("torch")
    torch.manual_seed(0)
    X, y = torch.randn(40, 1, 8, 8), batch()[1]
    functional = torch.nn.functional
    for scale, function, wanted in (
        (1.0, functional.relu6, "relu"),
        (20.0, functional.relu6, "relu6"),
        (20.0, functional.relu, "relu"),
        (1.0, functional.celu, "elu"),
    ):
        model = my_module(torch, function)
        with torch.no_grad():
            model.fc1.weight *= scale
            model.fc2.weight *= scale
        assert [layer.activation for layer in il.audit(model, X, y).layers[:2]] == [wanted] * 2


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid"])
def test_torch_module_is_watched(name: str) -> None:
    torch = framework("torch")
    torch.manual_seed(0)
    model = my_module(torch, getattr(torch, name))
    model.train()
    X = torch.randn(40, 1, 8, 8)
    y = batch()[1]
    report = il.audit(model, X, y)
    names = [(layer.name, layer.activation, layer.measured) for layer in report.layers]
    assert names == [("fc1", name, True), ("fc2", name, True), ("out", None, True),
                     ("conv", None, False)]  # fmt: skip
    assert model.training
    assert not model.fc1._forward_hooks
    features = report.data[0]
    assert features is not None
    assert report.network is not None
    close(features, torch.relu(model.conv(X)).flatten(1).detach().numpy())
    z = report.network.activations(features)[-1].z
    close(z, model(X).detach().numpy())
    value = torch.nn.functional.cross_entropy(model(X), torch.as_tensor(y))
    value.backward()
    mine = report.network.gradients(features, y)
    close(mine.weights[0], model.fc1.weight.grad.numpy().T)
    with pytest.raises(ValueError, match="is not what the model computes"):
        il.audit(model, X, y, "softsign")


def test_torch_module_without_data_and_what_cannot_be_told() -> None:
    torch = framework("torch")
    model = my_module(torch, torch.tanh)
    report = il.audit(model)
    assert any("as registered" in note for note in report.notes)
    assert report.diagnosis is None
    X = torch.randn(40, 1, 8, 8)
    with torch.no_grad():
        for parameter in model.fc1.parameters():
            parameter.zero_()
    with pytest.raises(ValueError, match="pass activation="):
        il.audit(model, X)  # tanh(0) = relu(0) = 0
    assert il.audit(model, X, activation="tanh").layers[0].activation == "tanh"
    with pytest.raises(ValueError, match="the model fails on X"):
        il.audit(model, torch.randn(40, 3))
    assert model.training
    assert not model.fc1._forward_hooks


def test_torch_residual_and_shared_layers_are_not_computed() -> None:
    torch = framework("torch")
    nn = torch.nn

    class Residual(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, times: int) -> None:
            super().__init__()
            self.fc1, self.fc2, self.times = nn.Linear(6, 6), nn.Linear(6, 3), times

        def forward(self, x: Any) -> Any:
            for _ in range(self.times):
                x = torch.tanh(self.fc1(x)) + x
            return self.fc2(x)

    X, y = batch()
    model = Residual(1)
    nn.init.constant_(model.fc1.weight, 0.1)
    nn.init.zeros_(model.fc1.bias)
    report = il.audit(model, X, y)
    assert [(v.code, v.layer, v.severity) for v in report.alarms] == [("symmetric", 2, "warning")]
    assert [(layer.name, layer.measured) for layer in report.layers] == [
        ("fc2", True),
        ("fc1", False),
    ]
    assert any("no activation known here" in skipped.reason for skipped in report.skipped)
    twice = il.audit(Residual(2), X, y)
    assert twice.diagnosis is None
    assert any("called more than once" in note for note in twice.notes)


def test_torch_normalisation_leaves_the_copies_in_sight() -> None:
    torch = framework("torch")
    nn = torch.nn
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    for layer in (model[0], model[3]):
        nn.init.constant_(layer.weight, 0.5)
        nn.init.zeros_(layer.bias)
    report = il.audit(model)
    assert [(v.code, v.layer) for v in report.alarms] == [("symmetric", 1)]
    with pytest.raises(AssertionError, match="8 units"):
        il.testing.assert_breaks_symmetry(model)


def test_torch_modules_that_are_used_twice() -> None:
    torch = framework("torch")
    nn = torch.nn
    X, y = batch()
    tanh = nn.Tanh()
    model = nn.Sequential(nn.Linear(6, 8), tanh, nn.Linear(8, 8), tanh, nn.Linear(8, 3))
    report = il.audit(model, X, y)
    assert [layer.activation for layer in report.layers] == ["tanh", "tanh", None]
    agrees_with_torch(torch, model, report, X, y, nn.functional.cross_entropy)
    square = nn.Linear(6, 6)
    tied = nn.Sequential(square, tanh, square, tanh, nn.Linear(6, 3))
    report = il.audit(tied)
    assert ("2", "Linear: the same layer again") in report.skipped
    assert [layer.name for layer in report.layers] == ["0", "4"]


def test_torch_normalisation_is_not_taken_for_nothing() -> None:
    torch = framework("torch")
    nn = torch.nn
    X, y = batch()
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))
    report = il.audit(model, X, y)  # at its start, in evaluation, BatchNorm only scales by 1 - 5e-6
    assert [(layer.name, layer.measured) for layer in report.layers] == [("3", True), ("0", False)]


def test_torch_values_that_are_not_finite() -> None:
    torch = framework("torch")
    model = my_module(torch, torch.tanh)
    with torch.no_grad():
        model.fc1.weight[0, 0] = float("nan")
    X = torch.randn(40, 1, 8, 8)
    for activation in (None, "tanh"):
        report = il.audit(model, X, activation=activation)
        assert report.verdict.code == "non_finite"
        names = {layer.number: layer.name for layer in report.layers}
        assert report.verdict.layer is not None
        assert names[report.verdict.layer] == "fc1"
    with pytest.raises(ValueError, match="X holds NaN"):
        il.audit(model, X * float("nan"))


def test_torch_values_that_are_not_finite_where_nothing_is_computed_here() -> None:
    torch = framework("torch")
    nn = torch.nn
    images, y = torch.randn(20, 1, 8, 8), np.arange(20) % 3
    conv = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 8), nn.ReLU(), nn.Linear(8, 3)
    )
    norm = nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3)
    )
    with torch.no_grad():
        conv[0].weight[0, 0, 0, 0] = float("nan")
        norm[1].weight[0] = float("nan")
    for model, X in ((conv, images), (norm, torch.randn(20, 6))):
        assert "non_finite" in il.audit(model, X, y).codes


def test_torch_transformer_layers_hold_dense_layers() -> None:
    torch = framework("torch")
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16)
    assert {"linear1", "linear2"} <= {found.name for found in il.audit(layer).layers}


def test_activation_must_be_that_of_the_model() -> None:
    torch = framework("torch")
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    assert il.audit(model, activation="tanh").layers[0].activation == "tanh"
    with pytest.raises(ValueError, match="the model has"):
        il.audit(model, activation="relu")


def test_torch_start_goes_back_bit_for_bit() -> None:
    torch = framework("torch")
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = il.audit(model)
    state = report.to_state_dict()
    assert list(state) == list(before)
    assert all(torch.equal(state[name], before[name]) for name in before)
    assert report.network is not None
    report.network.initialize("glorot_uniform", rng=5)
    report.copy_into(model)
    assert all(p.requires_grad and p.is_leaf for p in model.parameters())
    expected = il.Network([6, 8, 3], dtype="float32").initialize("glorot_uniform", rng=5)
    np.testing.assert_array_equal(model[0].weight.detach().numpy(), expected.weights[0].T)
    other = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    other.load_state_dict(report.to_state_dict())
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True)
    )
    by_dict = il.audit(model.state_dict())
    assert by_dict.network is not None
    np.testing.assert_array_equal(by_dict.network.weights[1], expected.weights[1])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_torch_dtypes(dtype: str) -> None:
    torch = framework("torch")
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    model.to(getattr(torch, dtype))
    report = il.audit(model)
    assert report.network is not None
    assert report.network.dtype == ("float64" if dtype == "float64" else "float32")
    np.testing.assert_array_equal(report.network.weights[0], model[0].weight.detach().double().T)
    assert (f"0.weight: {dtype} widened to float32" in report.notes) == (dtype != "float64")
    state = report.to_state_dict()
    assert torch.equal(state["0.weight"], model[0].weight)
    assert state["0.weight"].dtype == model[0].weight.dtype


def test_torch_tensors_that_have_no_values_here() -> None:
    torch = framework("torch")
    with pytest.raises(ValueError, match="no values yet"):
        il.audit(torch.nn.Linear(3, 2, device="meta"))
    with pytest.raises(ValueError, match="parametrization"):
        il.audit(torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2)))
    with pytest.raises(ValueError, match="no dense layer"):
        il.audit(torch.nn.Sequential(torch.nn.ReLU()))
    with pytest.raises(ValueError, match="layout"):
        il.audit(torch.nn.Linear(3, 2), layout="in_out")
    sparse = {"fc.weight": torch.eye(3).to_sparse(), "fc.bias": torch.zeros(3)}
    with pytest.raises(TypeError, match="sparse"):
        il.audit(sparse)


def test_torch_other_device_is_copied_and_said() -> None:
    torch = framework("torch")
    from initlens.auditing.readers.arrays import real_array

    class Away(torch.Tensor):  # type: ignore[misc, name-defined]
        @property
        def device(self) -> Any:
            return torch.device("cuda:0")

        def detach(self) -> Any:
            return self

        def cpu(self) -> Any:
            return self.as_subclass(torch.Tensor)

    array, done = real_array("fc.weight", torch.ones(2, 3).as_subclass(Away))
    assert done == ["fc.weight: copied from cuda:0"]
    np.testing.assert_array_equal(array, np.ones((2, 3)))


# ---- Keras ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["sequential", "functional", "layers"])
def test_keras_on_jax(form: str) -> None:
    jax = framework("jax")
    keras = framework("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs on another backend here")
    keras.utils.set_random_seed(0)
    X, y = batch()
    dense = keras.layers.Dense
    stack = [dense(8, "tanh", name="one"), keras.layers.Dropout(0.5), dense(8, name="two"),
             keras.layers.Activation("relu"), dense(3, "softmax", name="out")]  # fmt: skip
    if form == "functional":
        inputs = value = keras.Input((6,))
        for layer in stack:
            value = layer(value)
        model = keras.Model(inputs, value)
    else:
        inner = [keras.Sequential(stack[:2]), *stack[2:]] if form == "layers" else stack
        model = keras.Sequential([keras.Input((6,)), *inner])
        model.build((None, 6))
    report = il.audit(model, X, y)
    assert [layer.activation for layer in report.layers] == ["tanh", "relu", None]
    assert report.network is not None
    assert report.network.settings.loss == "cross_entropy"
    close(report.network.forward(X), np.asarray(model(X, training=False)))

    def loss(weights: Any) -> Any:
        output, _ = model.stateless_call(weights, others, X, training=False)
        return -jax.numpy.mean(jax.numpy.log(output[jax.numpy.arange(len(y)), y]))

    others = [v.value for v in model.non_trainable_variables]
    value, gradients = jax.value_and_grad(loss)([v.value for v in model.trainable_variables])
    mine = report.network.gradients(X, y)
    assert mine.loss == pytest.approx(float(value), rel=TOLERANCE)
    for index in range(3):
        close(mine.weights[index], gradients[2 * index])
        close(mine.biases[index], gradients[2 * index + 1])
    report.network.initialize("he_normal", rng=2)
    report.copy_into(model)
    np.testing.assert_array_equal(stack[0].kernel.numpy(), report.network.weights[0])
    close(report.network.forward(X), np.asarray(model(X, training=False)))


KERAS_ACTIVATIONS = {
    **{name: name for name in ("relu6", "mish", "hard_sigmoid", "celu", "log_sigmoid")},
    **{name: name for name in ("soft_shrink", "hard_shrink", "tanh_shrink", "exponential")},
    "hard_silu": "hard_swish",
    "hard_swish": "hard_swish",
}


@pytest.mark.parametrize("name", KERAS_ACTIVATIONS)
def test_keras_activations(name: str) -> None:
    framework("jax")
    keras = framework("keras")
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(8, name), keras.layers.Dense(3)]
    )
    X, y = batch()
    report = il.audit(model, X, y)
    assert report.layers[0].activation == KERAS_ACTIVATIONS[name]
    assert report.network is not None
    close(report.network.activations(X)[-1].z, np.asarray(model(X, training=False)))


@pytest.mark.parametrize("name", ["sin", "arctan", "log1p"])
def test_keras_operations_as_activations(name: str) -> None:
    framework("jax")
    keras = framework("keras")
    operation = getattr(keras.ops, name)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, operation),
            keras.layers.Dense(8),
            keras.layers.Activation(operation),
            keras.layers.Dense(3),
        ]
    )
    X, y = batch()
    report = il.audit(model, X, y)
    known = name in il.activations.names()
    assert [layer.activation for layer in report.layers[:2]] == [name if known else None] * 2
    assert (report.diagnosis is not None) == known
    if known:
        assert report.network is not None
        close(report.network.activations(X)[-1].z, np.asarray(model(X, training=False)))


def test_keras_relu_with_an_end() -> None:
    framework("jax")
    keras = framework("keras")
    for end, wanted in ((6.0, "relu6"), (5.0, None)):
        model = keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(8),
                keras.layers.ReLU(end),
                keras.layers.Dense(3),
            ]
        )
        assert il.audit(model).layers[0].activation == wanted


def test_keras_branches_and_unbuilt_models() -> None:
    framework("jax")
    keras = framework("keras")
    with pytest.raises(ValueError, match="no weights yet"):
        il.audit(keras.Sequential([keras.layers.Dense(3)]))
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(6, "tanh")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(hidden + inputs))
    X, y = batch(classes=2)
    report = il.audit(model, X, y)
    assert report.diagnosis is None
    assert len(report.layers) == 2
    assert any(note.startswith("X was not used") for note in report.notes)
    images = keras.Sequential([
        keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, kernel_initializer="ones"),
        keras.layers.Flatten(), keras.layers.Dense(2),
    ])  # fmt: skip
    report = il.audit(images)
    assert [(v.code, v.severity) for v in report.alarms if v.code == "symmetric"] == [
        ("symmetric", "warning")
    ]
    flat = keras.Sequential([keras.Input((2, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    report = il.audit(flat, X.reshape(-1, 2, 3), y)
    assert report.network is not None
    z = report.network.activations(X)[-1].z
    close(z, np.asarray(flat(X.reshape(-1, 2, 3))))


# ---- scikit-learn -----------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "logistic", "relu", "identity"])
@pytest.mark.parametrize("labels", [("a", "b"), (3, 5, 9)])
def test_sklearn_classifier(activation: str, labels: tuple[Any, ...]) -> None:
    neural_network = framework("sklearn.neural_network")
    X, y = batch(classes=len(labels))
    named = np.array(labels)[y]
    model = neural_network.MLPClassifier((8, 5), activation=activation, random_state=0, alpha=0.0)
    with pytest.raises(ValueError, match="no weights yet"):
        il.audit(model)
    model.partial_fit(X[:8].astype(np.float64), named[:8], classes=sorted(labels))
    X64 = X.astype(np.float64)
    report = il.audit(model, X64, named)
    assert report.network is not None
    mine = report.network.forward(X64)
    theirs = model.predict_proba(X64)
    np.testing.assert_allclose(mine, theirs if len(labels) > 2 else theirs[:, 1:], rtol=1e-10)
    log_loss = -np.mean(np.log(theirs[np.arange(len(y)), y]))
    assert report.diagnosis is not None
    assert report.diagnosis.loss.first == pytest.approx(log_loss, rel=1e-10)
    other: Any = "z" if labels[0] == "a" else 4
    with pytest.raises(ValueError, match=f"y holds {other!r} in row 0, .* the model's classes"):
        il.audit(model, X64, np.full(len(X), other))
    report.network.initialize("he_normal", rng=1)
    report.copy_into(model)
    np.testing.assert_array_equal(model.coefs_[0], report.network.weights[0])


def test_sklearn_regressor_and_its_biases() -> None:
    neural_network = framework("sklearn.neural_network")
    X, _ = batch()
    values = X[:, 0] * 2 - X[:, 1]
    model = neural_network.MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", random_state=0)
    model.partial_fit(X, values)
    report = il.audit(model, X, values)
    assert report.network is not None
    close(report.network.forward(X)[:, 0], model.predict(X))
    assert np.any(report.network.biases[0])
    assert report.verdict.code == "healthy"


def test_sklearn_pipeline_says_what_to_pass() -> None:
    pipeline = framework("sklearn.pipeline").Pipeline(
        [("mlp", framework("sklearn.neural_network").MLPClassifier())]
    )
    with pytest.raises(TypeError, match=r"sklearn.*Pipeline: .*of a Pipeline its last step"):
        il.audit(pipeline)


# ---- Flax and JAX -----------------------------------------------------------------------------


def test_flax_linen_tree() -> None:
    jax = framework("jax")
    nn = framework("flax.linen")

    class Mine(nn.Module):  # type: ignore[misc, name-defined]
        @nn.compact
        def __call__(self, x: Any) -> Any:
            for _ in range(2):
                x = nn.tanh(nn.Dense(8)(x))
            return nn.Dense(3)(x)

    X, y = batch()
    variables = Mine().init(jax.random.key(0), X)
    report = il.audit(variables, X, y, activation="tanh")
    assert [layer.name for layer in report.layers] == [f"params.Dense_{i}" for i in range(3)]

    def loss(tree: Any) -> Any:
        scores = jax.nn.log_softmax(Mine().apply(tree, X))
        return -jax.numpy.mean(scores[jax.numpy.arange(len(y)), y])

    assert report.network is not None
    value, gradient = jax.value_and_grad(loss)(variables)
    mine = report.network.gradients(X, y)
    assert mine.loss == pytest.approx(float(value), rel=TOLERANCE)
    for index in range(3):
        close(mine.weights[index], gradient["params"][f"Dense_{index}"]["kernel"])
    with pytest.raises(TypeError, match="to_state_dict"):
        report.copy_into(variables)
    report.network.initialize("he_normal", rng=4)
    state = report.to_state_dict()
    z = report.network.activations(X)[-1].z
    close(z, np.asarray(Mine().apply(state, X)))


def test_flax_nnx_module() -> None:
    framework("jax")
    nnx = framework("flax.nnx")

    class Mine(nnx.Module):  # type: ignore[misc, name-defined]
        def __init__(self, rngs: Any) -> None:
            self.fc1 = nnx.Linear(6, 8, rngs=rngs)
            self.fc2 = nnx.Linear(8, 3, rngs=rngs)

        def __call__(self, x: Any) -> Any:
            return self.fc2(nnx.tanh(self.fc1(x)))

    X, y = batch()
    model = Mine(nnx.Rngs(0))
    report = il.audit(model, X, y, activation="tanh")
    assert report.network is not None
    close(report.network.activations(X)[-1].z, np.asarray(model(X)))


def test_jax_list_and_half_precision() -> None:
    jnp = framework("jax.numpy")
    layers = [(jnp.ones((6, 8), jnp.bfloat16), jnp.zeros(8)), (jnp.ones((8, 3)), jnp.zeros(3))]
    report = il.audit(layers)
    assert "0.W: bfloat16 widened to float32" in report.notes
    assert report.verdict.code == "symmetric"


# ---- files ------------------------------------------------------------------------------------


def test_safetensors_as_the_library_writes_them(tmp_path: Path) -> None:
    torch = framework("torch")
    library = framework("safetensors.torch")
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        model.to(dtype)
        library.save_file(model.state_dict(), tmp_path / "net.safetensors", {"format": "pt"})
        report = il.audit(tmp_path / "net.safetensors")
        direct = il.audit(model)
        assert report.network is not None
        assert direct.network is not None
        for a, b in zip(report.network.weights, direct.network.weights, strict=True):
            np.testing.assert_array_equal(a, b)


def onnx_model(
    onnx: Any, nodes: list[Any], constants: dict[str, NDArray[Any]], opset: int = 17
) -> Any:
    helper = onnx.helper
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "net",
        [value("X", onnx.TensorProto.FLOAT, [None, 6])],
        [value("Y", onnx.TensorProto.FLOAT, [None, 3])],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


@pytest.mark.parametrize("form", ["gemm", "gemm_transposed", "matmul"])
def test_onnx(form: str, tmp_path: Path) -> None:
    onnx = framework("onnx")
    node = onnx.helper.make_node
    rng = np.random.default_rng(0)
    W, V = rng.normal(size=(6, 8)).astype("f4"), rng.normal(size=(8, 3)).astype("f4")
    b, c = rng.normal(size=8).astype("f4"), rng.normal(size=3).astype("f4")
    constants = {"W": W, "b": b, "V": V, "c": c}
    if form == "matmul":
        dense = [[node("MatMul", ["X", "W"], ["p"]), node("Add", ["p", "b"], ["z"])],
                 [node("MatMul", ["a", "V"], ["q"]), node("Add", ["c", "q"], ["s"])]]  # fmt: skip
    elif form == "gemm":
        dense = [[node("Gemm", ["X", "W", "b"], ["z"])], [node("Gemm", ["a", "V", "c"], ["s"])]]
    else:
        constants |= {"W": W.T.copy(), "V": V.T.copy()}
        dense = [[node("Gemm", ["X", "W", "b"], ["z"], transB=1)],
                 [node("Gemm", ["a", "V", "c"], ["s"], transB=1)]]  # fmt: skip
    nodes = [*dense[0], node("LeakyRelu", ["z"], ["a"], alpha=0.2), *dense[1],
             node("Softmax", ["s"], ["Y"])]  # fmt: skip
    model = onnx_model(onnx, nodes, constants)
    onnx.save(model, tmp_path / "net.onnx")
    X, y = batch()
    reference = framework("onnx.reference")
    theirs = reference.ReferenceEvaluator(model).run(None, {"X": X})[0]
    for source in (model, tmp_path / "net.onnx"):
        report = il.audit(source, X, y)
        assert report.layers[0].activation == "leaky_relu(0.2)"
        assert report.network is not None
        assert report.network.settings.loss == "cross_entropy"
        close(report.network.forward(X), theirs)


ONNX_ACTIVATIONS: list[tuple[str, dict[str, float], str | None]] = [
    ("Mish", {}, "mish"),
    ("HardSigmoid", {"alpha": 1 / 6}, "hard_sigmoid"),
    ("HardSigmoid", {}, None),
    ("HardSwish", {}, "hard_swish"),
    ("Celu", {"alpha": 0.5}, "celu(0.5)"),
    ("Shrink", {"lambd": 0.25}, "hard_shrink(0.25)"),
    ("Shrink", {"lambd": 0.25, "bias": 0.25}, "soft_shrink(0.25)"),
    ("Shrink", {"lambd": 0.25, "bias": 0.5}, None),
    ("Exp", {}, "exponential"),
    ("Atan", {}, "arctan"),
    ("Sin", {}, "sin"),
    ("Clip", {"low": 0, "high": 6}, "relu6"),
    ("Clip", {"low": -1, "high": 1}, "hard_tanh"),
    ("Clip", {"low": 0, "high": 5}, None),
]


@pytest.mark.parametrize(("kind", "attributes", "wanted"), ONNX_ACTIVATIONS)
def test_onnx_activations(kind: str, attributes: dict[str, float], wanted: str | None) -> None:
    onnx = framework("onnx")
    node = onnx.helper.make_node
    rng = np.random.default_rng(0)
    constants = {
        "W": 3 * rng.normal(size=(6, 8)).astype("f4"),
        "V": rng.normal(size=(8, 3)).astype("f4"),
    }
    ends = [key for key in attributes if kind == "Clip"]
    constants |= {key: np.array(attributes[key], "f4") for key in ends}
    inside = {key: value for key, value in attributes.items() if key not in ends}
    nodes = [node("MatMul", ["X", "W"], ["z"]), node(kind, ["z", *ends], ["a"], **inside),
             node("MatMul", ["a", "V"], ["Y"])]  # fmt: skip
    model = onnx_model(onnx, nodes, constants, opset=18)
    X, y = batch()
    report = il.audit(model, X, y)
    assert report.layers[0].activation == wanted
    if wanted is not None:
        assert report.network is not None
        theirs = framework("onnx.reference").ReferenceEvaluator(model).run(None, {"X": X})[0]
        np.testing.assert_allclose(
            report.network.activations(X)[-1].z, theirs, rtol=1e-5, atol=1e-5 * np.abs(theirs).max()
        )


def test_onnx_branches_and_broken_files(tmp_path: Path) -> None:
    onnx = framework("onnx")
    node = onnx.helper.make_node
    constants = {"W": np.ones((6, 6), "f4"), "V": np.ones((6, 3), "f4")}
    residual = onnx_model(
        onnx,
        [node("MatMul", ["X", "W"], ["z"]), node("Add", ["z", "X"], ["a"]),
         node("MatMul", ["a", "V"], ["Y"])],
        constants,
    )  # fmt: skip
    X, y = batch()
    report = il.audit(residual, X, y)
    assert report.diagnosis is None
    assert any("Add" in note for note in report.notes)
    beside = onnx_model(
        onnx,
        [
            node("MatMul", ["X", "W"], ["z"]),
            node("Tanh", ["X"], ["a"]),
            node("MatMul", ["a", "V"], ["Y"]),
        ],
        constants,
    )
    assert il.audit(beside, X, y).diagnosis is None
    path = tmp_path / "net.onnx"
    content = residual.SerializeToString()
    generator = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(content[: generator.integers(0, len(content) + 1)])
        for place in generator.integers(0, max(len(changed), 1), 3):
            if changed:
                changed[place] = generator.integers(0, 256)
        path.write_bytes(bytes(changed))
        try:
            repr(il.audit(path))
        except (ValueError, TypeError):
            continue
    outside = onnx_model(onnx, list(residual.graph.node), constants)
    tensor = outside.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    path.write_bytes(outside.SerializeToString())
    with pytest.raises(ValueError, match="another file"):
        il.audit(path)


def test_onnx_negative_length_is_refused(tmp_path: Path) -> None:
    onnx = framework("onnx")
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    tensor = onnx.TensorProto(name="w", data_type=float32, dims=[-1, 2], raw_data=bytes(16))
    ends = [helper.make_tensor_value_info(name, float32, ["b", 2]) for name in "xy"]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [tensor])
    path = tmp_path / "negative.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(ValueError, match="negative length"):
        il.audit(path)


def test_onnx_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    (tmp_path / "net.onnx").write_bytes(b"x")
    with pytest.raises(ImportError, match=r"initlens\[io\]"):
        il.audit(tmp_path / "net.onnx")


def test_one_framework_does_not_bring_in_another() -> None:
    framework("sklearn")
    code = (
        "import sys, numpy as np\nfrom sklearn.neural_network import MLPClassifier\n"
        "import initlens as il\nX = np.random.default_rng(0).normal(size=(9, 2))\n"
        "m = MLPClassifier((3,)).partial_fit(X, [0, 1, 0] * 3, classes=[0, 1])\nil.audit(m, X)\n"
        "print(sorted({'torch', 'keras', 'jax', 'flax', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
