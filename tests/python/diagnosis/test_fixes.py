"""Fixes: each does what it says, on copies, and makes the start trainable."""

from __future__ import annotations

import numpy as np
import pytest

import initlens as il
from initlens.diagnosis import fixes
from initlens.diagnosis.attribution import attribute, fix_for
from initlens.diagnosis.causes import find_causes
from initlens.diagnosis.dialect import Dialect
from initlens.diagnosis.verdicts import Verdict

R = np.random.default_rng(0)
X = R.normal(size=(200, 4))
REGRESSION = np.sin(X[:, 0]) + X[:, 1] * 0.5
CLASSES = (X[:, 0] + X[:, 1] > 0).astype(int)


def start(layers, activation, loss="mse", scheme="glorot_uniform", dtype="float64"):
    return il.Network(layers, activation, loss, dtype).initialize(scheme, rng=0)


def ratio(net, samples, y, optimizer, steps=300):
    """Return the loss after training over that of the best constant; inf where it diverged."""
    trained = net.copy()
    history = trained.fit(samples, y, optimizer=optimizer, steps=steps, record=steps)
    if history.diverged_at is not None:
        return np.inf
    return history.loss[-1] / history.chance_loss


# ---- the kinds that were judged wrongly, and others like them -------------------------------


def biases(size, activation):
    def made(digits):
        net = start([64, 32, 10], activation, "cross_entropy")
        net.biases[0][...] = size
        return net, digits.X, digits.y

    return made


def one_signed(activation, scale):
    def made(digits):
        net = start([64, 30, 10], activation, "cross_entropy")
        for w in net.weights:
            w[...] = np.random.default_rng(0).uniform(size=w.shape) * scale
        return net, digits.X, digits.y

    return made


def raw_inputs(factor, layers):
    def made(digits):
        return start(layers, "relu", "cross_entropy", "he_normal"), digits.X * factor, digits.y

    return made


def raw_targets(y):
    return lambda digits: (start([4, 16, 16, 1], "tanh"), X, y)


def scaled_layer(index, factor, activation="tanh"):
    def made(digits):
        net = start([64, *[24] * 5, 10], activation, "cross_entropy")
        net.weights[index][...] *= factor
        return net, digits.X, digits.y

    return made


def near_copies(digits):
    net = start([4, *[5] * 7, 1], "elu", "mse", "he_normal")
    for w in net.weights[:-1]:
        w[...] = w[:, :1] * (1 + 1e-5 * np.random.default_rng(1).normal(size=w.shape))
    return net, X, REGRESSION


CASES = {
    "13 tanh biases": (biases(5.0, "tanh"), "biases", (1,)),
    "13 relu biases": (biases(-5.0, "relu"), "biases", (1,)),
    "softsign biases": (biases(-40.0, "softsign"), "biases", (1,)),
    "14 positive weights": (one_signed("sigmoid", 0.3), "mean of the weights", (1, 2)),
    "positive weights, tanh": (one_signed("tanh", 0.3), "mean of the weights", (1, 2)),
    "15 pixels": (raw_inputs(255.0, [64, 32, 10]), "inputs", ()),
    "pixels, deep": (raw_inputs(255.0, [64, 32, 32, 32, 10]), "inputs", ()),
    "16 huge targets": (raw_targets(1e8 * X[:, :3].sum(1)), "targets", ()),
    "16 cubes": (raw_targets(1e9 * X[:, 0] ** 3), "targets", ()),
    "17 layer 3 x 30": (scaled_layer(2, 30.0), "scale", (3,)),
    "17 layer 5 / 300": (scaled_layer(4, 1 / 300.0), "scale", (5,)),
    "gelu layer 1 / 300": (scaled_layer(0, 1 / 300.0, "gelu"), "scale", (1,)),
    "6 near copies": (near_copies, "near copies", tuple(range(1, 8))),
}

# Where plain SGD at 0.05 is too slow for the conventional start, or a start survives it.
OPTIMIZERS = {
    "14 positive weights": il.SGD(0.3),
    "17 layer 3 x 30": il.Adam(0.01),
}


@pytest.fixture(scope="module")
def digits():
    return il.datasets.digits()


@pytest.mark.parametrize("case", CASES)
def test_the_fix_makes_the_start_trainable(case, digits):
    make, name, layers = CASES[case]
    net, samples, y = make(digits)
    target = il.nets.targets.encode(y, net.settings.loss, net.settings.layers[-1])
    cause = find_causes(net, samples, target)[0]
    assert (cause.name, cause.layers) == (name, layers)
    optimizer = OPTIMIZERS.get(case, il.SGD(0.05))
    fixed = cause.fix.apply(net, samples, y, rng=1)
    before, after = ratio(net, samples, y, optimizer), ratio(*fixed, optimizer)
    assert after < 0.75
    assert after < 0.8 * before
    again = il.nets.targets.encode(fixed[2], net.settings.loss, net.settings.layers[-1])
    assert name not in [cause.name for cause in find_causes(fixed[0], fixed[1], again)]


# ---- what each action does ------------------------------------------------------------------


def actions():
    net = start([4, 6, 5, 1], "tanh", dtype="float32")
    dialect = Dialect.of_network(net)
    return {
        "redraw": fixes.redraw(net, dialect, (1, 3)),
        "redraw biases": fixes.redraw(net, dialect, (2,), biases=True),
        "zero": fixes.zero_biases(dialect, (1, 2)),
        "center": fixes.center(dialect, (2,)),
        "rescale": fixes.rescale(dialect, (1, 3), (0.5, 4.0)),
        "inputs": fixes.standardize_inputs(dialect),
        "targets": fixes.standardize_targets(dialect),
        "rate": fixes.use_rate(0.1, dialect),
        "anew": fixes.start_anew(net, dialect),
    }


def with_biases(dtype="float32"):
    net = start([4, 6, 5, 1], "tanh", dtype=dtype)
    for b in net.biases:
        b[...] = 3.0
    net.weights[1] += 0.5
    return net


@pytest.mark.parametrize("name", list(actions()))
def test_a_fix_changes_copies_and_keeps_settings(name):
    net, fix = with_biases(), actions()[name]
    arrays = [array.copy() for array in net._parameters()]
    samples, y = X.astype(np.float32), REGRESSION.copy()
    results = [fix.apply(net, samples, y, rng=seed) for seed in (3, 3)]
    for array, old in zip(net._parameters(), arrays, strict=True):
        np.testing.assert_array_equal(array, old)
    np.testing.assert_array_equal(samples, X.astype(np.float32))
    np.testing.assert_array_equal(y, REGRESSION)
    (made, inputs, _), (same, _, _) = results
    assert made is not net
    assert made.settings == net.settings
    assert inputs.dtype == np.float32
    for one, other in zip(made._parameters(), same._parameters(), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float32
    assert fix
    assert fix.code


def test_redraw_draws_those_layers_by_the_scheme_for_their_activation():
    net = il.Network([400, 300, 200, 100, 10], ["relu", "selu", "tanh"]).initialize("zeros")
    for b in net.biases:
        b[...] = 1.0
    dialect = Dialect.of_network(net)
    made, _, _ = fixes.redraw(net, dialect, (1, 2, 3)).apply(net, None, None, rng=5)
    laws = [np.sqrt(2 / 400), np.sqrt(1 / 300), np.sqrt(2 / 300)]
    for w, law in zip(made.weights, laws, strict=False):
        assert w.std() == pytest.approx(law, rel=0.05)
    assert not made.weights[3].any()
    assert all((b == 1.0).all() for b in made.biases)
    one, _, _ = fixes.redraw(net, dialect, (2,), biases=True).apply(net, None, None, rng=5)
    np.testing.assert_array_equal(one.weights[1], made.weights[1])
    assert not one.weights[0].any()
    assert [b.any() for b in one.biases] == [True, False, True, True]
    other, _, _ = fixes.redraw(net, dialect, (2,)).apply(net, None, None, rng=6)
    assert (other.weights[1] != made.weights[1]).all()


def test_numbers_of_the_other_actions():
    net, done = with_biases("float64"), {}
    for name, fix in actions().items():
        done[name] = fix.apply(net, X * 7 + 2, REGRESSION * 9, rng=0)
    assert [b.any() for b in done["zero"][0].biases] == [False, False, True]
    w = net.weights[1]
    np.testing.assert_array_equal(done["center"][0].weights[1], w - w.mean())
    np.testing.assert_array_equal(done["rescale"][0].weights[0], net.weights[0] * 0.5)
    np.testing.assert_array_equal(done["rescale"][0].weights[2], net.weights[2] * 4.0)
    np.testing.assert_allclose(done["inputs"][1], (X - X.mean(0)) / X.std(0), atol=1e-12)
    expected = (REGRESSION - REGRESSION.mean()) / REGRESSION.std()
    np.testing.assert_allclose(done["targets"][2], expected, atol=1e-12)
    assert done["rate"][2] is not None
    assert actions()["rate"].learning_rate == 0.1


@pytest.mark.parametrize("value", [0.1, 0.0, 1e200, -3.3])
def test_constant_columns_become_zeros(value):
    samples = X.copy()
    samples[:, 2] = value
    dialect = Dialect.of_network(start([4, 2, 1], "tanh"))
    fix = fixes.standardize_inputs(dialect, constant=True)
    _, made, _ = fix.apply(start([4, 2, 1], "tanh"), samples, None)
    assert np.isfinite(made).all()
    assert not made[:, 2].any()
    space = {"X": samples, "np": np}
    if abs(value) < 1e100:
        exec(fix.code, space)
        np.testing.assert_allclose(space["X"], made, atol=1e-9)


def test_integers_and_pixels_are_standardized_in_float():
    pixels = R.integers(0, 256, size=(50, 4)).astype(np.uint8)
    net = start([4, 2, 1], "tanh")
    fix = fixes.standardize_inputs(Dialect.of_network(net))
    made = fix.apply(net, pixels, None)[1]
    assert made.dtype == np.float64
    np.testing.assert_allclose(made.std(axis=0), 1.0)


# ---- code -----------------------------------------------------------------------------------


def test_code_for_networks_does_what_apply_does():
    net = with_biases("float64")
    for name in ("zero", "center", "rescale"):
        fix, mine = actions()[name], net.copy()
        exec(fix.code, {"net": mine, "il": il})
        made = fix.apply(net, X, None)[0]
        for one, other in zip(mine._parameters(), made._parameters(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3)
    mine = net.copy()
    exec(fixes.start_anew(net, Dialect.of_network(net)).code, {"net": mine, "il": il})
    assert find_causes(mine) == []


def test_code_for_torch_runs_on_the_layers_it_names():
    torch = pytest.importorskip("torch")
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 64), nn.ReLU())
            self.heads = nn.ModuleDict({"class": nn.Linear(64, 32)})

    model = Model()
    weights = [("body", "0", "weight"), ("heads", "class", "weight")]
    offsets = [("body", "0", "bias"), ("heads", "class", "bias")]
    dialect = Dialect.of_paths("torch", weights, offsets, {})
    assert dialect.weights == ("model.body[0].weight", 'model.heads["class"].weight')
    net = start([4, 64, 32], "relu")
    space = {"nn": nn, "model": model, "torch": torch, "X": torch.tensor(X)}
    with torch.no_grad():
        model.body[0].weight.fill_(9.0)
    exec(fixes.start_anew(net, dialect).code, space)
    assert model.body[0].weight.std().item() == pytest.approx(np.sqrt(2 / 4), rel=0.25)
    assert not model.body[0].bias.any()
    assert fixes.redraw(net, dialect, (1,)).code == "nn.init.kaiming_normal_(model.body[0].weight)"
    with torch.no_grad():
        model.body[0].weight += 5.0
    exec(fixes.center(dialect, (1,)).code, space)
    assert abs(model.body[0].weight.mean().item()) < 1e-5
    before = model.body[0].weight.std().item()
    exec(fixes.rescale(dialect, (1,), (0.25,)).code, space)
    assert model.body[0].weight.std().item() == pytest.approx(before / 4)
    exec(fixes.standardize_inputs(dialect, constant=True).code, space)
    exec(fixes.use_rate(0.5, dialect).code, space)
    assert space["optimizer"].param_groups[0]["lr"] == 0.5
    top = Dialect.of_paths("torch", [("0", "weight")], [None], {})
    assert (top.weights, top.biases) == (("model[0].weight",), (None,))


def test_code_in_the_words_of_other_libraries():
    net = start([4, 3, 1], "relu")
    cases = {
        "keras": ([("hidden", "kernel"), ("out", "kernel")], 'model.get_layer("hidden").kernel'),
        "sklearn": ([("coefs_", "0"), ("coefs_", "1")], "model.coefs_[0]"),
        "jax": ([("params", "Dense_0", "kernel"), ("params", "Dense_1", "kernel")],
                'params["params"]["Dense_0"]["kernel"]'),
        "numpy": ([("0", "W"), ("1", "W")], "W1"),
    }  # fmt: skip
    for library, (paths, weight) in cases.items():
        dialect = Dialect.of_paths(library, paths, [None, None], {})
        assert dialect.weights[0] == weight
        code = fixes.redraw(net, dialect, (1,), biases=True).code
        assert weight in code
        compile(code, library, "exec")
    W1 = np.zeros((300, 200))
    dialect = Dialect.of_paths("numpy", [("0", "W")], [("0", "b")], {})
    wide = start([300, 200, 1], "relu")
    exec(fixes.redraw(wide, dialect, (1,)).code, {"np": np, "W1": W1})
    assert W1.std() == pytest.approx(np.sqrt(2 / 300), rel=0.02)


# ---- with verdicts --------------------------------------------------------------------------


def test_alarms_of_one_cause_are_folded_under_the_first():
    net = start([4, 8, 1], "relu", "binary_cross_entropy")
    net.biases[0][...] = -50.0
    found = [
        Verdict("dead", 1, "error", {}, "Off."),
        Verdict("zero_gradient", None, "error", {}, "Zero.", fixes.Fix("Draw.")),
        Verdict("symmetric", 1, "note", {}, "Alike."),
    ]
    causes = find_causes(net, X)
    made = attribute(found, causes, net, Dialect.of_network(net))
    assert [(v.code, v.cause) for v in made] == [("dead", "biases"), ("symmetric", None)]
    assert [v.code for v in made[0].therefore] == ["zero_gradient"]
    assert not made[0].therefore[0].fix
    assert made[0].layers == (1,)
    assert made[0].fix.code == "net.biases[0][...] = 0.0"
    assert "50" in made[0].sentence


def test_without_a_cause_the_fix_is_a_start_anew():
    net = start([4, 8, 1], "sigmoid", "binary_cross_entropy")
    verdict = Verdict("too_small", None, "error", {}, "Slow.")
    dialect = Dialect.of_network(net)
    (made,) = attribute([verdict], [], net, dialect)
    assert made.cause is None
    assert made.fix == fixes.start_anew(net, dialect)
    run = Verdict("exploding", 1, "error", {"learning_rate": 9.0}, "Fast.", fixes.Fix("Slower."))
    assert attribute([run], [], net, dialect) == (run,)


def test_one_fix_for_two_faults():
    net = start([4, 16, 16, 1], "tanh")
    net.biases[1][...] = 9.0
    causes = find_causes(net, X * 1e3, 1e6 * REGRESSION[:, None])
    assert {cause.name for cause in causes} == {"inputs", "targets", "biases"}
    fix = fix_for("", causes, net, Dialect.of_network(net))
    assert fix.code.splitlines()[0].startswith("X = ")
    made = fix.apply(net, X * 1e3, 1e6 * REGRESSION, rng=0)
    assert find_causes(made[0], made[1], made[2][:, None]) == []
    assert ratio(*made, il.SGD(0.05)) < 0.5


def test_diagnose_names_the_cause(digits):
    net = start([64, 32, 10], "tanh", "cross_entropy")
    net.biases[0][...] = 5.0
    (verdict,) = il.diagnose(net, digits.X, digits.y).alarms
    assert (verdict.cause, verdict.layers) == ("biases", (1,))
    assert verdict.fix.code == "net.biases[0][...] = 0.0"


# ---- verified by a probe --------------------------------------------------------------------


def _task() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(3).normal(size=(64, 5))
    return X, X.sum(1, keepdims=True)


def test_a_probe_verifies_a_fix_that_works_and_leaves_the_net() -> None:
    X, y = _task()
    net = il.Network([5, 16, 1], "tanh", loss="mse").initialize("normal(std=1e-9)", rng=0)
    before = [array.copy() for array in net._parameters()]
    settings = {"optimizer": "sgd(0.05)", "steps": 500}
    plain = il.diagnose(net, X, y, **settings)
    assert not plain.verdict.fix.verified
    report = il.diagnose(net, X, y, probe=0.2, **settings)
    fix = report.verdict.fix
    assert report.answer == "error"
    assert fix.verified
    mended, X2, y2 = fix.apply(net, X, y, rng=0)
    mended.fit(X2, y2, optimizer=il.SGD(0.05), steps=100)
    ratio = mended.loss(X2, y2) / np.var(y2)
    end = f" A probe with this change brought the loss to {ratio:.2g} x chance."
    assert ratio < 0.9
    assert str(fix).endswith(end)
    assert "A probe" not in str(plain.verdict.fix)
    for array, old in zip(net._parameters(), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_a_probe_verifies_a_rate() -> None:
    X, y = _task()
    net = il.Network([5, 16, 1], "tanh", loss="mse").initialize("glorot_uniform", rng=0)
    report = il.diagnose(net, X, y, optimizer="sgd(1e5)", steps=500, probe=0.2)
    fix = report.verdict.fix
    assert fix.learning_rate is not None
    assert fix.verified


def test_a_probe_does_not_verify_a_fix_that_does_not_work() -> None:
    X, _ = _task()
    noise = np.random.default_rng(9).normal(size=(64, 1))  # nothing to be learned in a few steps
    net = il.Network([5, 16, 1], "tanh", loss="mse").initialize("normal(std=1e-9)", rng=0)
    report = il.diagnose(net, X, noise, optimizer="sgd(1e-4)", steps=500, probe=0.2)
    fix = report.verdict.fix
    assert report.answer == "error"
    assert fix.action is not None
    assert not fix.verified
    assert "A probe" not in str(fix)


# ---- rates ----------------------------------------------------------------------------------


def test_a_rate_keeps_the_other_settings_of_the_optimizer() -> None:
    X, y = _task()
    net = il.Network([5, 16, 1], "tanh", loss="mse").initialize("glorot_uniform", rng=0)
    for optimizer, rest in (
        (il.SGD(1e5), ")"),
        (il.SGD(1e5, momentum=0.9), ", momentum=0.9)"),
        (
            il.SGD(1e5, momentum=0.5, nesterov=True, weight_decay=1e-4),
            ", momentum=0.5, nesterov=True, weight_decay=0.0001)",
        ),
    ):
        fix = il.diagnose(net, X, y, optimizer=optimizer).verdict.fix
        assert fix.code == f"optimizer = il.SGD({fix.learning_rate:.3g}{rest}"


def test_rates_are_written_with_momentum_in_every_library() -> None:
    optimizer = il.SGD(0.1, momentum=0.9, nesterov=True)
    lines = {
        "torch": "torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)",
        "keras": "keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)",
        "sklearn": 'model.set_params(solver="sgd", learning_rate_init=0.01, momentum=0.9)',
        "jax": "optax.sgd(0.01, momentum=0.9, nesterov=True)",
        "numpy": "learning_rate = 0.01",
    }
    for library, line in lines.items():
        assert Dialect(library, ("w",), ("b",)).rate(0.01, optimizer).endswith(line)


def test_the_effective_rate_of_momentum_is_named() -> None:
    X, y = _task()
    net = il.Network([5, 16, 1], "relu", loss="mse").initialize("he_normal", rng=0)
    report = il.diagnose(net, X, y, optimizer="sgd(0.1, momentum=0.9999)")
    verdict = report.verdict
    assert verdict.code == "rate_too_large"
    assert "effective learning rate of 1000 (0.1 / (1 - 0.9999))" in verdict.sentence
    assert verdict.fix.learning_rate < 0.1
    mended = il.SGD(verdict.fix.learning_rate, momentum=0.9999)
    assert il.diagnose(net, X, y, optimizer=mended).verdict.code != "rate_too_large"
