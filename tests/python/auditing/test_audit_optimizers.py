"""Optimizers of other libraries, as audit reads them; each test skips without its library."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens.auditing.optimizers import read_training
from initlens.diagnosis.training import Training

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Deprecations inside of the frameworks are theirs.
pytestmark = pytest.mark.filterwarnings("default")

RATE = 0.01


def framework(name: str) -> Any:
    """Import it, or skip; where all are promised, as in .ci/run, a missing one is an error."""
    if os.environ.get("INITLENS_FRAMEWORKS") == "all":
        return importlib.import_module(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, exc_type=ImportError)


def read(optimizer: Any, model: Any = None) -> Training:
    return read_training(optimizer, model, None, None, None)


# ---- PyTorch -----------------------------------------------------------------------------------


def parameters() -> Any:
    torch = framework("torch")
    return [torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))]


TORCH: list[tuple[str, dict[str, Any], Any, str]] = [
    ("SGD", {}, il.SGD(RATE), ""),
    (
        "SGD",
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
        il.SGD(RATE, momentum=0.8, nesterov=True, weight_decay=0.1),
        "",
    ),
    (
        "Adam",
        {"betas": (0.8, 0.9), "eps": 1e-5, "weight_decay": 0.1},
        il.Adam(RATE, beta1=0.8, beta2=0.9, epsilon=1e-5, weight_decay=0.1),
        "",
    ),
    ("Adam", {"amsgrad": True}, il.Adam(RATE), "its amsgrad is left out"),
    ("AdamW", {}, il.Adam(RATE), "AdamW without its weight decay 0.01"),
    ("AdamW", {"weight_decay": 0.0}, il.Adam(RATE), ""),
    (
        "RMSprop",
        {"alpha": 0.9, "momentum": 0.5},
        il.RMSProp(RATE, alpha=0.9, momentum=0.5),
        "",
    ),
]


@pytest.mark.parametrize(("name", "settings", "wanted", "note"), TORCH)
def test_torch(name: str, settings: dict[str, Any], wanted: Any, note: str) -> None:
    found = read(getattr(framework("torch").optim, name)(parameters(), lr=RATE, **settings))
    assert found.optimizer == wanted
    assert found.unknown == ""
    assert len(found.notes) == bool(note)
    assert note in "".join(found.notes)


@pytest.mark.parametrize(
    ("name", "settings"), [(name, settings) for name, settings, _, note in TORCH if not note]
)
def test_torch_steps_as_what_was_read(name: str, settings: dict[str, Any]) -> None:
    """Three steps of PyTorch's are those of the core, on the same loss."""
    torch = framework("torch")
    net = il.Network([4, 1], loss="mse").initialize("normal(1)", rng=0)
    X, y = np.eye(4), np.arange(4.0)
    weight = torch.tensor(net.weights[0], requires_grad=True)
    bias = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, name)([weight, bias], lr=RATE, **settings)
    found = read(optimizer).optimizer
    assert found is not None
    for _ in range(3):
        optimizer.zero_grad()
        ((torch.tensor(X) @ weight + bias)[:, 0] - torch.tensor(y)).square().mean().backward()
        optimizer.step()
    net.fit(X, y, optimizer=found, steps=3)
    np.testing.assert_allclose(net.weights[0], weight.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "settings", "called"),
    [
        ("Adagrad", {}, "PyTorch Adagrad"),
        ("NAdam", {}, "PyTorch NAdam"),
        ("LBFGS", {}, "PyTorch LBFGS"),
        ("SGD", {"momentum": 0.5, "dampening": 0.5}, "PyTorch SGD with dampening"),
        ("SGD", {"maximize": True}, "PyTorch SGD that maximizes"),
        ("RMSprop", {"centered": True}, "centered PyTorch RMSprop"),
    ],
)
def test_torch_optimizers_that_are_not_known(
    name: str, settings: dict[str, Any], called: str
) -> None:
    found = read(getattr(framework("torch").optim, name)(parameters(), lr=RATE, **settings))
    assert found.optimizer is None
    assert found.unknown == called
    assert f"optimizer: {called} is not known here" in found.notes[-1]


def test_torch_classes_of_ones_own() -> None:
    torch = framework("torch")

    class Named(torch.optim.SGD):  # type: ignore[misc, name-defined]
        """Steps as SGD."""

    class Lion(torch.optim.SGD):  # type: ignore[misc, name-defined]
        def step(self, closure: Any = None) -> None:
            """Step in its own way."""

    assert read(Named(parameters(), lr=RATE)).optimizer == il.SGD(RATE)
    assert read(Lion(parameters(), lr=RATE)).unknown == "PyTorch Lion"


def test_torch_groups_and_schedules() -> None:
    torch = framework("torch")
    optimizer = torch.optim.SGD(
        [{"params": parameters(), "lr": RATE}, {"params": parameters(), "lr": 0.5}], lr=1.0
    )
    found = read(optimizer)
    assert found.optimizer == il.SGD(RATE)
    assert "2 groups of parameters differ in lr; the first group's" in found.notes[0]
    same = torch.optim.SGD([{"params": parameters()}, {"params": parameters()}], lr=RATE)
    assert read(same).notes == ()
    schedule = torch.optim.lr_scheduler.StepLR(same, 3)
    for given in (same, schedule):
        assert read(given).optimizer == il.SGD(RATE)
        assert read(given).notes == ("learning rate: the present one of its schedule",)


@pytest.mark.parametrize("rate", [np.inf, np.nan])
def test_torch_rates_that_are_none(rate: float) -> None:
    torch = framework("torch")
    optimizer = torch.optim.SGD(parameters(), lr=RATE)
    optimizer.param_groups[0]["lr"] = rate
    message = rf"optimizer \(PyTorch SGD\): learning_rate must be finite.*got {rate}"
    with pytest.raises(ValueError, match=message):
        read(optimizer)
    optimizer.param_groups[0]["lr"] = torch.tensor(0.0)
    assert read(optimizer).optimizer == il.SGD(0.0)


# ---- Keras -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "wanted", "note"),
    [
        ("SGD", {}, il.SGD(RATE), ""),
        (
            "SGD",
            {"momentum": 0.9, "nesterov": True},
            il.SGD(RATE, momentum=0.9, nesterov=True),
            "",
        ),
        ("SGD", {"nesterov": True}, il.SGD(RATE), ""),
        ("Adam", {"beta_1": 0.8}, il.Adam(RATE, beta1=0.8, epsilon=1e-7), ""),
        ("Adam", {"clipnorm": 1.0}, il.Adam(RATE, epsilon=1e-7), "its clipnorm is left out"),
        ("AdamW", {}, il.Adam(RATE, epsilon=1e-7), "AdamW without its weight decay 0.004"),
        ("RMSprop", {"rho": 0.8}, il.RMSProp(RATE, alpha=0.8, epsilon=np.sqrt(1e-7)), ""),
    ],
)
def test_keras(name: str, settings: dict[str, Any], wanted: Any, note: str) -> None:
    keras = framework("keras")
    found = read(getattr(keras.optimizers, name)(RATE, **settings))
    assert found.optimizer == wanted
    assert len(found.notes) == bool(note)
    assert note in "".join(found.notes)


def test_keras_schedules_and_what_is_not_known() -> None:
    keras = framework("keras")
    schedule = keras.optimizers.schedules.ExponentialDecay(RATE, 10, 0.5)
    optimizer = keras.optimizers.SGD(schedule)
    optimizer.iterations.assign(20)
    found = read(optimizer)
    assert found.optimizer == il.SGD(RATE)
    assert found.notes == ("learning rate: the first value of its schedule ExponentialDecay",)
    assert read(keras.optimizers.SGD(lambda: RATE)).notes == (
        "learning rate: the first value of its function",
    )
    for optimizer, called in (
        (keras.optimizers.Lion(RATE), "Keras Lion"),
        (keras.optimizers.RMSprop(RATE, centered=True), "centered Keras RMSprop"),
        (keras.optimizers.SGD(RATE, weight_decay=2.0), "Keras SGD with weight decay 2"),
    ):
        assert read(optimizer).unknown == called
    with pytest.raises(ValueError, match=r"optimizer \(Keras SGD\): learning_rate.*got nan"):
        read(keras.optimizers.SGD(float("nan")))


def test_a_compiled_keras_model_holds_its_own() -> None:
    keras = framework("keras")
    layers = [keras.Input((4,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    X, y = np.random.default_rng(0).normal(size=(30, 4)), np.linspace(-1, 1, 30)
    assert il.audit(model, X, y).training.optimizer is None
    with pytest.raises(ValueError, match="this Keras model has no optimizer yet"):
        il.audit(model, X, y, optimizer=model)
    model.compile(keras.optimizers.Adam(RATE), loss="mse")
    wanted = il.Adam(RATE, epsilon=1e-7)
    report = il.audit(model, X, y, steps=100, probe=0.1)
    assert report.training.optimizer == wanted
    assert f"optimizer: the model's own, {wanted}" in report.notes
    assert report.trial is not None
    assert report.trial.optimizer == wanted
    for given in (model, model.optimizer):
        assert il.audit(model, X, y, optimizer=given).training.optimizer == wanted
    other = il.audit(model, X, y, learning_rate=0.5)
    assert other.training.optimizer == il.SGD(0.5)
    assert not any("optimizer" in note for note in other.notes)


def test_frozen_layers_of_keras_are_named() -> None:
    keras = framework("keras")
    dense = [keras.layers.Dense(8, "tanh", name=name) for name in ("first", "second")]
    inner = keras.Sequential([keras.Input((8,)), dense[1]])
    model = keras.Sequential([keras.Input((4,)), dense[0], inner, keras.layers.Dense(1)])
    X, y = np.random.default_rng(0).normal(size=(30, 4)), np.linspace(-1, 1, 30)
    assert not any("frozen" in note for note in il.audit(model, X, y).notes)
    dense[1].trainable = False
    for said in (
        "layer is frozen (trainable=False): second",
        "layers are frozen (trainable=False): first and second",
    ):
        report = il.audit(model, X, y)
        assert report.answer != "healthy"
        assert said in report.notes
        assert said in str(report.verdict)
        dense[0].trainable = False


# ---- scikit-learn ------------------------------------------------------------------------------


def fitted(kind: str, y: Any, **settings: Any) -> Any:
    networks = framework("sklearn.neural_network")
    model = getattr(networks, kind)(
        hidden_layer_sizes=(5,), learning_rate_init=RATE, max_iter=1, random_state=0, **settings
    )
    X = np.random.default_rng(0).normal(size=(20, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y), X


def test_sklearn() -> None:
    y = np.arange(20) % 2
    model, X = fitted("MLPClassifier", y, solver="adam", beta_1=0.8, epsilon=1e-6)
    wanted = il.Adam(RATE, beta1=0.8, epsilon=1e-6)
    assert read(model).optimizer == wanted
    assert il.audit(model, X, y).training.optimizer == wanted  # it holds its own
    model, _ = fitted("MLPClassifier", y, solver="sgd", momentum=0.7, learning_rate="adaptive")
    assert read(model).optimizer == il.SGD(RATE, momentum=0.7, nesterov=True)
    assert read(model).notes == ("learning rate: the first value of its schedule 'adaptive'",)
    model, X = fitted("MLPClassifier", y, solver="lbfgs")
    assert read(model).unknown == "scikit-learn's solver lbfgs"
    report = il.audit(model, X, y, probe=0.1)
    assert report.trial is None
    assert "no probe: scikit-learn's solver lbfgs is not known here" in report.notes


@pytest.mark.parametrize(
    ("kind", "outputs"), [("MLPRegressor", 1), ("MLPRegressor", 3), ("MLPClassifier", 3)]
)
def test_sgd_of_sklearn_steps_as_what_was_read(kind: str, outputs: int) -> None:
    """Its losses are sums over outputs, and half of the squares: one step of it is one here."""
    r = np.random.default_rng(1)
    y = r.normal(size=(20, outputs))
    if kind == "MLPClassifier":
        y = (y > 0).astype(int)  # several labels each
    y = y[:, 0] if outputs == 1 else y
    settings = {"solver": "sgd", "alpha": 0.0, "batch_size": 20, "momentum": 0.0}
    model, X = fitted(kind, y, warm_start=True, **settings)
    report = il.audit(model, X, y)
    net = report.network
    assert net is not None
    assert report.training.optimizer is not None
    net.fit(X, y, optimizer=report.training.optimizer, steps=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    for ours, theirs in zip(net.weights, model.coefs_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


# ---- anything else -----------------------------------------------------------------------------


def test_optax_is_named() -> None:
    optax = framework("optax")
    found = read(optax.adam(RATE))
    assert found.optimizer is None
    assert found.unknown.startswith("optax.GradientTransformation")


def test_nothing_is_said_of_the_steps_of_an_unknown_optimizer() -> None:
    class Lion:
        def step(self) -> None:
            """Take a step."""

    flower = il.datasets.flower()
    net = il.Network([2, 8, 8, 8, 8, 1]).initialize("normal(0.1)", rng=3)
    assert "too_small" in il.audit(net, flower.X, flower.y, learning_rate=1e-3).codes
    report = il.audit(net, flower.X, flower.y, optimizer=Lion(), probe=0.1)
    assert not {"too_small", "exploding"} & set(report.codes)
    assert report.training.optimizer is None
    assert report.training.unknown.endswith(".Lion")
    assert report.trial is None
    assert any(".Lion is not known here, so nothing is said" in note for note in report.notes)
    assert any(note.startswith("no probe:") for note in report.notes)
    assert "Lion (not known here)" in report.table().title
    assert report.to_dict()["unknown_optimizer"] == report.training.unknown
    assert "learning time" not in "".join(v.sentence for v in report.verdicts)


@pytest.mark.parametrize(
    ("optimizer", "kind", "message"),
    [
        (lambda: il.Adam, TypeError, "optimizer is the class Adam: call it first"),
        (lambda: 0.1, TypeError, "optimizer must be one such as"),
        (lambda: object(), TypeError, "optimizer must be one such as"),
        (lambda: "adagrad", ValueError, "unknown optimizer 'adagrad'"),
    ],
)
def test_refused(optimizer: Callable[[], Any], kind: type[Exception], message: str) -> None:
    net = il.Network([2, 4, 1]).initialize("he_normal", rng=0)
    with pytest.raises(kind, match=message):
        il.audit(net, optimizer=optimizer())


def test_both_a_rate_and_an_optimizer() -> None:
    torch = framework("torch")
    net = il.Network([2, 4, 1]).initialize("he_normal", rng=0)
    with pytest.raises(TypeError, match="one of the two"):
        il.audit(net, optimizer=torch.optim.SGD(parameters(), lr=RATE), learning_rate=RATE)


def test_assertions_take_them() -> None:
    torch = framework("torch")
    flower = il.datasets.flower()
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    settings: dict[str, Any] = {"optimizer": optimizer, "steps": 500, "probe": 0.2}
    report = il.testing.assert_healthy(model, flower.X, flower.y, batch_size=50, **settings)
    assert report.trial is not None
    assert report.trial.batch_size == 50
    found = il.testing.compare_initializers(
        model, flower.X, flower.y, ["glorot_uniform"], seeds=2, **settings
    )
    for diagnosis in found["glorot_uniform"]:
        assert diagnosis.optimizer == il.Adam(0.05)
        assert diagnosis.trial is not None
        assert diagnosis.trial.steps == 100
