"""The first step of a PyTorch Module that computes itself, and a probe of it."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import first_step_twin
import initlens as il
import sample_nets
from first_step_twin import Settings
from initlens.auditing.foreign_step import MULTIPLES, ForeignStep, first_step
from initlens.auditing.foreign_trial import probe_of
from initlens.auditing.torch_model import TorchModel
from initlens.diagnosis.decision import decide
from initlens.diagnosis.training import Training
from initlens.nets import targets

Array = NDArray[Any]

if os.environ.get("INITLENS_FRAMEWORKS") == "all":
    import torch
else:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", exc_type=ImportError)

HIDDEN = [("tanh", 0.0), ("silu", 0.0)]
OPTIMIZERS = [
    (il.SGD(0.1, momentum=0.5), Settings("sgd", 0.1, 0.5)),
    (il.Adam(0.003), Settings("adam", 0.003)),
    (il.RMSProp(0.003, momentum=0.3), Settings("rmsprop", 0.003, 0.3)),
]


def sequential(net: il.Network, *end: Any) -> Any:
    """A Sequential of the weights of a net 4-7-6-M of HIDDEN, in float64."""
    widths = net.settings.layers
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(widths)]
    with torch.no_grad():
        for layer, w, b in zip(layers, net.weights, net.biases, strict=True):
            layer.weight = torch.nn.Parameter(torch.tensor(w.T))
            layer.bias = torch.nn.Parameter(torch.tensor(b))
    first, second, last = layers
    return torch.nn.Sequential(first, torch.nn.Tanh(), second, torch.nn.SiLU(), last, *end)


class Residual(torch.nn.Module):  # type: ignore[misc, name-defined]
    """Not a chain: a skip connection, a batch norm, dropout, and any function at the end."""

    def __init__(self, norm: bool = True, end: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = torch.nn.Linear(4, 8)
        self.second = torch.nn.Linear(8, 8)
        self.norm = torch.nn.BatchNorm1d(8) if norm else torch.nn.Identity()
        self.drop = torch.nn.Dropout(0.5)
        self.last = torch.nn.Linear(8, 3)
        self.end = end

    def forward(self, x: Any) -> Any:
        h = torch.relu(self.first(x))
        h = h + self.drop(self.norm(torch.tanh(self.second(h))))
        h = self.last(h)
        return h if self.end is None else self.end(h)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads of nets as small as these wait for each other more than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def data() -> tuple[Array, Array]:
    """Samples (60, 4) and three classes (60,)."""
    X = np.random.default_rng(0).normal(size=(60, 4))
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def step_of(model: Any, X: Array, y: Array, loss: str, optimizer: Any) -> ForeignStep:
    return first_step(TorchModel(model, X, y, loss), Training(optimizer, 1_000))


# ---- the twin ----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", sample_nets.LOSSES)
@pytest.mark.parametrize(("optimizer", "settings"), OPTIMIZERS)
def test_measures_are_those_of_the_twin(loss: str, optimizer: Any, settings: Settings) -> None:
    net, twin = sample_nets.pair([4, 7, 6, 3], HIDDEN, loss, "float64", 1)
    X, y = sample_nets.problem(loss, 30, 4, 3, "float64", 2)
    found = step_of(sequential(net), X, y, loss, optimizer)
    wanted = first_step_twin.measure(twin, X, y, settings, 1_000, None)
    chance = targets.chance_loss(y, loss)
    assert found.exact
    np.testing.assert_allclose(list(found.move.values()), wanted["move"], rtol=1e-12)
    assert list(found.move) == ["0.weight", "2.weight", "4.weight"]
    assert found.aim == pytest.approx(wanted["aim"], abs=1e-12)
    assert found.multiples == MULTIPLES == first_step_twin.RAY
    np.testing.assert_allclose(found.ray, wanted["ray"], rtol=1e-10)
    assert (found.loss, found.chance) == pytest.approx((twin.loss(X, y), chance), rel=1e-12)
    assert found.over == pytest.approx(wanted["ray"][0] / twin.loss(X, y), rel=1e-10)
    assert found.relative_ray[2] == pytest.approx(wanted["ray"][2] / chance, rel=1e-10)
    assert found.fastest == max(found.move.values())
    assert found.lin is None


@pytest.mark.parametrize(
    ("loss", "end"),
    [
        ("binary_cross_entropy", torch.nn.Sigmoid()),
        ("cross_entropy", torch.nn.Softmax(dim=1)),
        ("cross_entropy", torch.nn.LogSoftmax(dim=1)),
    ],
    ids=["sigmoid", "softmax", "log_softmax"],
)
def test_an_output_function_is_undone(loss: str, end: Any) -> None:
    net, _ = sample_nets.pair([4, 7, 6, 3], HIDDEN, loss, "float64", 1)
    X, y = sample_nets.problem(loss, 30, 4, 3, "float64", 2)
    plain = step_of(sequential(net), X, y, loss, il.SGD(0.1))
    found = step_of(sequential(net, end), X, y, loss, il.SGD(0.1))
    few = slice(0, 4)  # farther out the probabilities round to 0
    np.testing.assert_allclose(found.ray[few], plain.ray[few], rtol=1e-9)
    np.testing.assert_allclose(list(found.move.values()), list(plain.move.values()), rtol=1e-9)
    if loss == "binary_cross_entropy":  # a softmax hides what all classes have in common
        assert found.aim == pytest.approx(plain.aim, abs=1e-9)


def test_without_a_forward_derivative_a_small_step_does() -> None:
    """Of an operation that autograd has backwards only."""

    class Cube(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(x: Any) -> Any:
            return x**3

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            return 3 * ctx.saved_tensors[0] ** 2 * gradients[0]

    class Cubed(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, cube: Callable[[Any], Any]) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.first = torch.nn.Linear(4, 5).double()
            self.last = torch.nn.Linear(5, 2).double()
            self.cube = cube

        def forward(self, x: Any) -> Any:
            return self.last(self.cube(self.first(x)))

    X, y = sample_nets.problem("mse", 30, 4, 2, "float64", 2)
    exact = step_of(Cubed(lambda x: x**3), X, y, "mse", il.Adam(0.01))
    found = step_of(Cubed(Cube.apply), X, y, "mse", il.Adam(0.01))
    assert exact.exact
    assert not found.exact
    assert found.aim == pytest.approx(exact.aim, abs=1e-5)
    assert found.aim != 0.0


# ---- audit -------------------------------------------------------------------------------------


def test_a_module_is_left_as_it_was_found(data: tuple[Array, Array]) -> None:
    model = Residual(end=lambda h: h + 0.0 * float(np.random.rand()))  # noqa: NPY002
    model.train()
    model.drop.eval()
    model.first.bias.requires_grad_(False)
    model.last.weight.grad = torch.ones_like(model.last.weight)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(5)
    random, legacy = torch.get_rng_state(), str(np.random.get_state())  # noqa: NPY002
    report = il.audit(model, *data, optimizer="adam(0.01)", steps=200, batch_size=16, probe=0.5)
    assert report.first_step is not None
    assert report.trial is not None
    assert "first.bias" not in report.first_step.move
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert torch.equal(torch.get_rng_state(), random)
    assert str(np.random.get_state()) == legacy  # noqa: NPY002
    assert [m.training for m in model.modules()] == [True, True, True, True, False, True]
    assert model.norm.track_running_stats
    assert [p.requires_grad for p in model.parameters()].count(False) == 1
    grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert list(grads) == ["last.weight"]
    assert torch.equal(grads["last.weight"], torch.ones_like(model.last.weight))


def test_a_chain_is_measured_in_the_core(data: tuple[Array, Array]) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    report = il.audit(model, *data, optimizer="adam(0.01)", steps=200, probe=0.5)
    assert report.first_step is None
    assert report.trial is not None
    assert report.diagnosis is not None
    assert report.trial is report.diagnosis.trial
    assert report.trial.distinct == ((8, 8),)


def test_what_an_audit_says_of_a_module(data: tuple[Array, Array]) -> None:
    model = Residual()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    report = il.audit(model, *data, optimizer=optimizer, steps=1_000, batch_size=16, probe=0.1)
    step, trial = report.first_step, report.trial
    assert step is not None
    assert trial is not None
    assert step.exact  # in spite of the batch norm
    assert (trial.steps, trial.run, trial.batch_size) == (100, 1_000, 16)
    assert trial.losses[0] == pytest.approx(step.loss, rel=1e-6)
    assert trial.last < trial.first
    text = str(report)
    assert "First step with Adam, learning rate 0.01: it moves the fastest weights by" in text
    assert "A copy trained for 100 of 1,000 steps with Adam, learning rate 0.01, batches" in text
    content = report.to_dict()
    assert content["first_step"]["aim"] == step.aim
    assert content["trial"]["losses"] == list(trial.losses)
    assert content["optimizer"]["name"] == "adam"
    assert report.answer != "healthy"  # most of it was not read


def test_the_report_of_a_module_draws_its_first_step(data: tuple[Array, Array]) -> None:
    pytest.importorskip("matplotlib")
    report = il.audit(Residual(), *data, optimizer="adam(0.01)", steps=1_000)
    step = report.first_step
    assert step is not None
    page = report._page()
    heading = "<h3>First step of the whole model</h3>"
    assert page.count(heading) == 1
    assert "There are none: the weights alone" not in page
    assert "First step of Adam, learning rate 0.01. Loss over the loss at chance" in page
    for name, move in step.move.items():
        assert f"{name}: {1_000 * move:.3g}" in page
    assert heading not in il.audit(Residual())._page()


@pytest.mark.parametrize("probe", [None, 0.1])
@pytest.mark.parametrize("optimizer", ["adam(1e-8)", "sgd(1e-7)"])
def test_weights_that_hardly_move_are_an_error(
    data: tuple[Array, Array], optimizer: str, probe: float | None
) -> None:
    report = il.audit(Residual(), *data, optimizer=optimizer, steps=1_000, probe=probe)
    step = report.first_step
    assert step is not None
    code = "stuck" if probe else "too_small"
    assert (report.answer, report.verdict.code) == ("error", code)
    # Of the whole model, not of the last layer alone, which is all that the core computes.
    travel = report.verdict.evidence["travel"]
    assert travel == max(step.move.values()) * 1_000
    assert f"{travel:.2g} times the norm" in report.verdict.sentence
    assert "more steps" in str(report.verdict.fix)


def test_a_trained_module_may_move_little(data: tuple[Array, Array]) -> None:
    model, (X, y) = Residual(norm=False), data
    train = torch.optim.Adam(model.parameters(), lr=0.02)
    inputs, labels = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    for _ in range(200):
        train.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
        train.step()
    report = il.audit(model, X, y, optimizer="adam(1e-8)", steps=1_000)
    assert report.first_step is not None
    assert report.first_step.loss < 0.5 * report.first_step.chance
    assert report.first_step.signs()["travel"] < 0.01
    assert report.answer == "unknown"


class Scaled(torch.nn.Module):  # type: ignore[misc, name-defined]
    """Not a chain; the outputs are many times too large."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = torch.nn.Linear(4, 8)
        self.second = torch.nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        h = torch.tanh(self.first(x))
        return 1e5 * torch.sin(self.second(torch.sin(50 * h)))


def test_outputs_that_no_step_brings_back_are_an_error() -> None:
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = np.random.default_rng(1).integers(3, size=60)  # nothing to aim at
    report = il.audit(Scaled(), X, y, optimizer="adam(0.00001)", steps=1_000)
    assert report.first_step is not None
    signs = report.first_step.signs()
    assert signs["before"] > 1_000
    assert signs["way_back"] > 1
    assert report.answer == "error"


def test_a_module_that_computes_itself_is_never_healthy(data: tuple[Array, Array]) -> None:
    report = il.audit(Residual(), *data, optimizer="adam(0.01)", steps=1_000)
    assert report.first_step is not None
    signs = report.first_step.signs()
    known = {"lin": 0.9, "kinds": 8.0, "curvature": 1.0, "saturated": 0.0}
    assert decide(signs | known).answer == "healthy"
    assert decide(signs).answer == "unknown"  # each rule for healthy looks at what is missing
    assert report.answer == "unknown"
    assert not {"lin", "kinds", "curvature", "hidden"} & signs.keys()
    assert signs["lowest"] == min(report.first_step.relative_ray)


@pytest.mark.parametrize("optimizer", [o for o, _ in OPTIMIZERS], ids=["sgd", "adam", "rmsprop"])
def test_a_probe_trains_as_the_core_does(optimizer: Any) -> None:
    """The same chain, in PyTorch and in the core."""
    net, _ = sample_nets.pair([4, 7, 6, 3], HIDDEN, "cross_entropy", "float64", 1)
    X, y = sample_nets.problem("cross_entropy", 30, 4, 3, "float64", 2)
    model = TorchModel(sequential(net), X, y, "cross_entropy")
    found = probe_of(model, Training(optimizer, 100), 0.2)
    wanted = il.diagnose(net, X, y, optimizer=optimizer, steps=100, probe=0.2).trial
    assert wanted is not None
    assert found.places == wanted.places
    np.testing.assert_allclose(found.losses, wanted.losses, rtol=1e-8)


def test_a_probe_that_diverges(data: tuple[Array, Array]) -> None:
    y = np.random.default_rng(1).normal(size=(60, 3))
    report = il.audit(
        Residual(norm=False), data[0], y, loss="mse", learning_rate=1e4, steps=100, probe=0.5
    )
    assert report.answer == "error"
    assert "diverged" in report.codes
    assert report.trial is not None
    assert report.trial.diverged_at is not None
    assert report.trial.last == np.inf


def test_ctrl_c_in_a_probe(data: tuple[Array, Array]) -> None:
    calls = [0]

    def interrupting(h: Any) -> Any:
        calls[0] += 1
        if calls[0] == 60:
            raise KeyboardInterrupt
        return h

    model = Residual(end=interrupting)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        il.audit(model, *data, optimizer="adam", steps=1_000, probe=1)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert all(module.training for module in model.modules())


def test_weights_that_are_nan(data: tuple[Array, Array]) -> None:
    model = Residual(norm=False)
    with torch.no_grad():
        model.second.weight.fill_(torch.nan)
    report = il.audit(model, *data, optimizer="adam", steps=100, probe=0.1)
    assert report.verdict.code == "non_finite"
    assert report.trial is not None
    assert report.trial.diverged_at == 0
    assert "not finite" in str(report.first_step)
    report.to_dict()


@pytest.mark.parametrize("rows", [1, 20])
def test_one_sample_and_one_class(data: tuple[Array, Array], rows: int) -> None:
    X, y = data[0][:rows], np.zeros(rows, int)
    report = il.audit(Residual(norm=False), X, y, optimizer="adam(0.01)", steps=100, probe=0.5)
    step, trial = report.first_step, report.trial
    assert step is not None
    assert trial is not None
    assert (step.fastest, step.aim) == (0.0, 0.0)  # the best constant leaves nothing to learn
    assert "inf" not in str(step)
    assert trial.losses[-1] < trial.losses[0]
    assert report.answer != "healthy"


@pytest.mark.parametrize(
    ("model", "rows", "settings", "note"),
    [
        (lambda: Residual(), 1, {}, "no first step: ValueError: Expected more than 1 value"),
        (lambda: Residual(), 20, {"batch_size": 1}, "no probe: ValueError: Expected more than 1"),
        (
            lambda: Residual(end=lambda h: h[:, None, :]),
            20,
            {},
            r"no first step: its outputs are \(20, 1, 3\)",
        ),
        (
            lambda: Residual(end=lambda h: h.detach()),
            20,
            {},
            "no first step: its outputs do not come from its parameters",
        ),
        (
            lambda: Residual().requires_grad_(False),
            20,
            {},
            "no first step: none of its parameters is trained",
        ),
    ],
    ids=["batch norm of one", "batches of one", "shape", "detached", "frozen"],
)
def test_what_cannot_be_had_is_unknown(
    data: tuple[Array, Array],
    model: Callable[[], Any],
    rows: int,
    settings: dict[str, Any],
    note: str,
) -> None:
    X, y = data[0][:rows], data[1][:rows]
    report = il.audit(model(), X, y, optimizer="adam", steps=100, probe=0.5, **settings)
    assert any(re.match(note, text) for text in report.notes), report.notes
    assert report.trial is None
    assert report.answer != "healthy"


def test_targets_that_do_not_fit(data: tuple[Array, Array]) -> None:
    with pytest.raises(ValueError, match="y must hold classes 0 to 2"):
        il.audit(Residual(), data[0], data[1] + 3, optimizer="adam", loss="cross_entropy")
    with pytest.raises(ValueError, match="y has 3 rows and X has 60"):
        il.audit(Residual(), data[0], data[1][:3], optimizer="adam", loss="cross_entropy")
