"""Models of PyTorch as users have them: frozen, oddly named, with buffers, all zero."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import initlens as il

Array = NDArray[Any]

if os.environ.get("INITLENS_FRAMEWORKS") == "all":
    import torch
else:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", exc_type=ImportError)

nn = torch.nn
SGD = torch.optim.SGD


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


def chain(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3)
    )
    for layer in model[::2]:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def answer(model: Any, data: tuple[Array, Array], parameters: Any) -> il.Audit:
    return il.audit(model, *data, optimizer=SGD(parameters, lr=0.1), steps=1_000)


# ---- parameters that are not trained -----------------------------------------------------------


def test_all_parameters_trained_may_be_healthy(data: tuple[Array, Array]) -> None:
    """What the tests below take away."""
    model = chain()
    assert answer(model, data, model.parameters()).answer == "healthy"


@pytest.mark.parametrize(
    ("frozen", "said"),
    [
        (["0.weight"], "0.weight is frozen (requires_grad=False)"),
        (["0.weight", "0.bias"], "0.weight and 0.bias are frozen (requires_grad=False)"),
        (None, "all 6 parameters are frozen (requires_grad=False)"),
    ],
)
def test_frozen_parameters_are_named(
    data: tuple[Array, Array], frozen: list[str] | None, said: str
) -> None:
    model = chain()
    optimizer = list(model.parameters())
    for name, parameter in model.named_parameters():
        if frozen is None or name in frozen:
            parameter.requires_grad_(False)
    for report in (
        answer(model, data, optimizer),
        il.audit(model, *data, learning_rate=0.1, steps=1_000),
    ):
        assert report.answer == "unknown"
        assert said in report.notes
        assert said in report.verdict.sentence


def test_parameters_that_the_optimizer_does_not_train_are_named(data: tuple[Array, Array]) -> None:
    model = chain()
    some = [p for name, p in model.named_parameters() if not name.startswith("2.")]
    report = answer(model, data, some)
    said = "the optimizer does not train 2 of 6 parameters: 2.weight and 2.bias"
    assert report.answer == "unknown"
    assert said in report.notes
    assert said in report.verdict.sentence
    schedule = torch.optim.lr_scheduler.StepLR(SGD(some, lr=0.1), 10)
    assert said in il.audit(model, *data, optimizer=schedule, steps=1_000).notes
    report = answer(model, data, chain(1).parameters())
    assert report.answer == "unknown"
    assert "the optimizer trains none of the model's 6 parameters" in report.notes


# ---- weight decay ------------------------------------------------------------------------------


def test_large_weight_decay_beside_the_step_is_not_known(data: tuple[Array, Array]) -> None:
    model = chain()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=100.0)
    report = il.audit(model, *data, optimizer=optimizer, steps=1_000)
    assert report.answer == "unknown"
    assert report.training.optimizer is None
    assert report.training.name == "PyTorch AdamW with weight decay 100 (not known here)"
    groups = [
        {"params": model[0].parameters(), "weight_decay": 0.0},
        {"params": model[2:].parameters(), "weight_decay": 5.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    assert "weight decay 5" in il.audit(model, optimizer=optimizer).training.unknown
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    assert il.audit(model, optimizer=optimizer).training.optimizer == il.Adam(0.01)


# ---- code to paste -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["numpy", "torch"])
@pytest.mark.parametrize("constant", [True, False])
def test_the_code_for_inputs_fits_the_kind_of_array(
    data: tuple[Array, Array], form: str, constant: bool
) -> None:
    X = 100.0 + 10.0 * data[0]
    if constant:
        X[:, 3] = 7.0
    given = torch.as_tensor(X) if form == "torch" else X
    report = il.audit(chain(), given, data[1], learning_rate=0.1)
    (fix,) = [verdict.fix for verdict in report.verdicts if verdict.cause == "inputs"]
    line = fix.code.splitlines()[0]
    assert line.startswith("X = ")
    names = {"X": given, "np": np, "torch": torch}
    exec(line, names)
    found = names["X"]
    assert type(found) is type(given)
    np.testing.assert_allclose(np.asarray(found).mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(np.asarray(found).std(axis=0)[:3], 1.0, rtol=0.02)


def test_code_reaches_layers_whatever_they_are_called(data: tuple[Array, Array]) -> None:
    names = ["my layer", "01", "5", "class", "items", "²", "a😀", 'a"b', "fine"]
    model = nn.Sequential()
    for index, name in enumerate(names):
        model.add_module(name, nn.Linear(4, 3 if name == "fine" else 4))
        if index:  # so that "01" is the second one, but no index
            model.add_module(f"tanh{index}", nn.Tanh())
    outer = nn.Sequential(model)
    for name in names:
        nn.init.constant_(model.get_submodule(name).weight, 0.1)
        nn.init.zeros_(model.get_submodule(name).bias)
    for whole, start in ((model, "model"), (outer, "model[0]")):
        before = {name: model.get_submodule(name).weight.detach().clone() for name in names}
        report = il.audit(whole, *data, learning_rate=0.1)
        code = report.verdict.fix.code
        assert f"{start}.fine.weight" in code
        exec(code, {"model": whole, "nn": nn})
        for name in names:
            assert not torch.equal(model.get_submodule(name).weight, before[name]), name
            nn.init.constant_(model.get_submodule(name).weight, 0.1)


# ---- buffers -----------------------------------------------------------------------------------


class Counting(nn.Module):  # type: ignore[misc, name-defined]
    """Counts its calls in buffers, one in place and one anew; a residual, so no plain chain."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 3)
        self.register_buffer("k", torch.zeros(()))
        self.register_buffer("n", torch.zeros(()))

    def forward(self, x: Any) -> Any:
        self.k += 1
        self.n = self.n + 1
        return self.last(x + torch.tanh(self.first(x)))


def test_buffers_come_back(data: tuple[Array, Array]) -> None:
    model = Counting()
    k, n = model.k, model.n
    il.audit(model, *data, optimizer=SGD(model.parameters(), lr=0.1), steps=20, probe=0.5)
    assert (float(model.k), float(model.n)) == (0.0, 0.0)
    assert model.k is k
    assert model.n is n


# ---- inputs of a part --------------------------------------------------------------------------


class Convolved(nn.Module):  # type: ignore[misc, name-defined]
    """A convolution whose outputs are far from usual, and dense layers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv1d(1, 4, 1)
        self.f, self.last = nn.Linear(16, 16), nn.Linear(16, 3)
        nn.init.constant_(self.conv.bias, 50.0)

    def forward(self, x: Any) -> Any:
        h = torch.relu(self.conv(x[:, None])).flatten(1)
        return self.last(torch.tanh(self.f(h)))


def test_inputs_of_a_part_are_not_called_those_of_the_model(data: tuple[Array, Array]) -> None:
    report = il.audit(Convolved(), *data, learning_rate=0.1)
    assert report.diagnosis is not None
    for found in (report, report.diagnosis):
        (verdict,) = [verdict for verdict in found.verdicts if verdict.cause == "inputs"]
        assert "the inputs of `f` (outputs of the layers before it)" in verdict.sentence.replace(
            "The inputs", "the inputs"
        )
        assert "tandardize the inputs:" not in str(verdict)
        assert "the inputs of `f` (outputs of the layers before it)" in verdict.fix.sentence
        assert "X = " not in verdict.fix.code
        assert "X = " not in str(found.to_dict())


# ---- all zero ----------------------------------------------------------------------------------


class Functional(nn.Module):  # type: ignore[misc, name-defined]
    """Calls its activation as a function, so that only the signal tells which."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 3)])
        for parameter in self.parameters():
            nn.init.constant_(parameter, value if parameter.ndim > 1 else 0.0)

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


@pytest.mark.parametrize("optimizer", [None, "sgd(0.1)"])
@pytest.mark.parametrize("value", [0.0, 1e-9])
def test_constant_weights_are_judged_alone(
    data: tuple[Array, Array], value: float, optimizer: str | None
) -> None:
    report = il.audit(Functional(value), *data, optimizer=optimizer)
    assert report.answer == "error"
    assert report.verdict.code in ("symmetric", "zero_gradient")
    assert any(note.startswith("X was not used") and "constant" in note for note in report.notes)
