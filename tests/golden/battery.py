"""Hash what random nets compute, to hold two builds of the library against each other bit for bit.

    python -m tests.golden.battery --nets 2000 --seed 0 > hashes.txt
    python -m tests.golden.battery --nets 2000 --seed 0 --only fit many > hashes.txt

Run it with the old library and with the new one, and `diff` the two outputs. It prints one line for
each net and part, and a last line over all of them; `INITLENS_ISA` chooses the instruction set.
The output does not name the library or the instruction set, so that runs of any two can be
compared. It uses the public interface alone, and none of it younger than the numerical format.

Net i of a seed is always the same net, whatever the number of nets and parts. The battery also
checks promises within one library: training in one call, in two calls, on two threads and among
other nets ends with the same bits, and a row alone gives the bits that it gives in a batch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import initlens as il

Array = NDArray[Any]
Random = np.random.Generator

# What the first version of the numerical format has; later activations are pinned elsewhere.
ACTIVATIONS: Final = (
    *("identity", "tanh", "sigmoid", "relu", "selu", "gelu", "gelu_tanh", "silu", "softplus"),
    *("softsign", "hard_tanh", "erf", "leaky_relu", "leaky_relu({})", "elu", "elu({})"),
)
LOSSES: Final = ("binary_cross_entropy", "cross_entropy", "mse")
WEIGHTS: Final = (
    *("glorot_uniform", "glorot_normal", "he_normal", "lecun_uniform", "torch_linear", "normal(1)"),
    *("normal(0.01)", "normal(5)", "uniform(0.5)", "constant(0.5)", "zeros", "orthogonal"),
    *("truncated_normal", "sparse(nonzeros=1)", "identity(0.5)"),
)
BIASES: Final = (None, "zeros", "normal(0.5)", "constant(0.125)")
SCHEMES: Final = (
    *(*WEIGHTS, "normal(std=0.5, mean=1)", "uniform(-0.25, 1)", "he_truncated_normal"),
    *("truncated_normal(std=0.5, mean=1, low=-1, high=3)", "truncated_normal(low=4, high=9)"),
    *("truncated_normal(low=-9, high=-4)", "orthogonal(2)", "zero_hadamard", "kumar", "siren"),
    *("nguyen_widrow", "looks_linear", "mean_field_critical"),
)
# Multiply-adds of the forward passes of one training; of one net in 50 so many times as many.
WORK: Final = 10_000_000
MORE_WORK: Final = 20
LARGE_NET: Final = 4096  # parameters beyond which nets are trained one by one


@dataclass(frozen=True)
class Case:
    """One net, its data, and what is done with it."""

    widths: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    dtype: str
    weights: str
    biases: str | None
    seed: int
    optimizer: il.SGD | il.Adam | il.RMSProp
    batch_size: int | None
    half: int  # steps of each of two calls
    record: int | None
    order: int | None  # of minibatches
    rates: tuple[float, ...]  # of the nets beside it
    place: int  # its own among them
    jobs: int
    samples: int
    data: int  # seed

    @property
    def steps(self) -> int:
        return 2 * self.half

    def net(self, seed: int | None = None) -> il.Network:
        """The net before training; another seed is another net of the same kind."""
        made = il.Network(self.widths, list(self.activations), self.loss, self.dtype)
        rng = self.seed if seed is None else seed
        return made.initialize(self.weights, bias=self.biases, rng=rng, n_jobs=self.jobs)

    def X_y(self) -> tuple[Array, Array]:
        """Samples and targets, exact in both precisions."""
        random = np.random.default_rng(self.data)
        shape = (self.samples, self.widths[0])
        X = random.integers(-2048, 2049, shape) / 1024 * random.choice([1, 1, 1, 0.0625, 8])
        if random.random() < 0.2:
            X *= random.integers(0, 2, shape)
        if random.random() < 0.2:
            X[1::3] = X[0]
        outputs = self.widths[-1]
        y: Array
        if self.loss == "cross_entropy":
            y = random.integers(0, outputs, self.samples)
        elif self.loss == "mse":
            y = random.integers(-1024, 1025, (self.samples, outputs)) / 512
        else:
            y = random.integers(0, 2, (self.samples, outputs))
        return X, y


def case(seed: int, index: int) -> Case:
    """The net number `index` of a seed."""
    random = np.random.default_rng([seed, index])
    loss = choice(random, LOSSES)
    widths = random_widths(random, loss)
    hidden = len(widths) - 2
    mixed = random.random() < 0.3
    first = random_activation(random)
    weights = sum((n + 1) * m for n, m in pairwise(widths))
    samples = int(random.integers(1, choice(random, (9, 33, 70, 300, 700))))
    allowed = WORK * (MORE_WORK if random.random() < 0.02 else 1)
    samples = max(1, min(samples, allowed // (4 * weights)))
    batch_size = None
    if random.random() < 0.5:
        batch_size = int(random.integers(1, choice(random, (4, 17, 65, 1 + max(8, samples)))))
    work = weights * min(batch_size or samples, samples)
    half = max(1, min(int(random.integers(1, 31)), allowed // (2 * work)))
    others = 1 if weights > LARGE_NET else int(random.integers(1, 20))
    optimizer = random_optimizer(random)
    return Case(
        widths=widths,
        activations=tuple(random_activation(random) if mixed else first for _ in range(hidden)),
        loss=loss,
        dtype=choice(random, ("float32", "float64")),
        weights=choice(random, WEIGHTS),
        biases=choice(random, BIASES),
        seed=int(random.integers(2**32)),
        optimizer=optimizer,
        batch_size=batch_size,
        half=half,
        record=choice(random, (None, 0, 1, int(random.integers(1, 2 * half + 2)))),
        order=choice(random, (None, 5)),
        rates=tuple((optimizer.learning_rate * 2.0 ** random.integers(-4, 5, others)).tolist()),
        place=int(random.integers(0, others + 1)),
        jobs=int(random.integers(1, 3)),
        samples=samples,
        data=int(random.integers(2**32)),
    )


def choice(random: Random, options: Sequence[Any]) -> Any:
    return options[int(random.integers(len(options)))]


def random_widths(random: Random, loss: str) -> tuple[int, ...]:
    """Inputs first: often a net like the lecture's, mostly narrow, sometimes up to 600 wide."""
    least = 2 if loss == "cross_entropy" else 1
    if random.random() < 0.2:
        inputs, units = int(random.integers(1, 6)), int(random.integers(1, 40))
        return inputs, units, max(least, int(random.integers(1, 4) // 2))
    depth = int(random.integers(1, 7))
    most = choice(random, (6, 6, 13, 13, 34, 70, 601))
    widths = [int(random.integers(1, most)) for _ in range(depth)]
    if random.random() < 0.3:  # whole panels, and what is one unit beside them
        at = int(random.integers(depth))
        widths[at] = max(1, choice(random, (4, 8, 16, 32, 64)) + int(random.integers(-1, 2)))
    outputs = choice(random, (1, 1, 1, int(random.integers(1, 12)), int(random.integers(1, most))))
    return (*widths, max(least, outputs))


def random_activation(random: Random) -> str:
    parameter = round(float(random.uniform(0.0, 1.0)), 3)
    return str(choice(random, ACTIVATIONS)).format(parameter or 0.5)


def random_optimizer(random: Random) -> il.SGD | il.Adam | il.RMSProp:
    rate = float(2.0 ** random.integers(-9, 2))
    decay = choice(random, (0.0, 0.0, 0.01))
    momentum = choice(random, (0.0, 0.9, 0.5))
    kind = choice(random, ("sgd", "sgd", "momentum", "nesterov", "adam", "rmsprop"))
    if kind == "adam":
        epsilon = choice(random, (1e-8, 1e-3))
        return il.Adam(rate / 4, beta1=momentum, epsilon=epsilon, weight_decay=decay)
    if kind == "rmsprop":
        alpha = choice(random, (0.99, 0.5))
        return il.RMSProp(rate / 8, alpha=alpha, momentum=momentum, weight_decay=decay)
    if kind == "sgd":
        return il.SGD(rate, weight_decay=decay)
    return il.SGD(rate, momentum=momentum or 0.9, nesterov=kind == "nesterov", weight_decay=decay)


# ---- parts: what is computed; of those of PROMISES the first value is the trained net ---------


def draws(of: Case) -> Iterator[Any]:
    random = np.random.default_rng([of.seed, 1])
    shape = (of.widths[0], of.widths[1])
    for _ in range(3):
        scheme = il.initializers.get(choice(random, SCHEMES))
        layout = choice(random, ("in_out", "out_in"))
        try:
            yield scheme(shape, rng=of.seed, dtype=of.dtype, layout=layout, n_jobs=of.jobs)
        except (ValueError, TypeError) as error:  # of another shape, or without an activation
            yield type(error).__name__
    net = of.net()
    yield from (net.weights, net.biases, net.seed)


def functions(of: Case) -> Iterator[Any]:
    random = np.random.default_rng([of.seed, 2])
    z = (random.standard_normal(of.samples) * 2.0 ** random.integers(-20, 8)).astype(of.dtype)
    for text in dict.fromkeys([*of.activations, random_activation(random)]):
        g = il.activations.get(text)
        yield from (g(z), g.slope(z), g.max_slope)


def forward(of: Case) -> Iterator[Any]:
    net, (X, _) = of.net(), of.X_y()
    outputs = net.forward(X)
    for first, count in ((0, 1), (of.samples // 2, 3), (of.samples - 1, 1)):
        if digest(net.forward(X[first : first + count])) != digest(outputs[first : first + count]):
            raise RuntimeError(f"rows from {first} on have other bits alone than in the batch")
    yield from (outputs, net.forward(X[: of.samples // 2 + 1]), net.activations(X))


def gradients(of: Case) -> Iterator[Any]:
    net, (X, y) = of.net(), of.X_y()
    yield from (net.gradients(X, y), net.loss(X, y))
    if of.loss != "mse":
        yield net.accuracy(X, y)


def fit(of: Case) -> Iterator[Any]:
    net = of.net()
    history = train(of, net, of.steps, n_jobs=1)
    yield from (state(net), history, net.forward(of.X_y()[0]))


def halves(of: Case) -> Iterator[Any]:
    net = of.net()
    histories = [train(of, net, of.half), train(of, net, of.half, callback=lambda *_: False)]
    yield from (state(net), histories)


def threads(of: Case) -> Iterator[Any]:
    net = of.net()
    history = train(of, net, of.steps, n_jobs=2)
    yield from (state(net), history)


def many(of: Case) -> Iterator[Any]:
    nets = [of.net(of.seed + 1 + i) for i in range(len(of.rates))]
    optimizers = [replace(of.optimizer, learning_rate=rate) for rate in of.rates]
    nets.insert(of.place, of.net())
    optimizers.insert(of.place, of.optimizer)
    histories = il.fit_many(
        nets,
        *of.X_y(),
        optimizer=optimizers,
        steps=of.steps,
        batch_size=of.batch_size,
        record=of.record,
        n_jobs=of.jobs,
    )
    yield from (state(nets[of.place]), [state(net) for net in nets], histories)


def diagnosis(of: Case) -> Iterator[Any]:
    net, (X, y) = of.net(), of.X_y()
    for data in ((X, y), (X, None), (None, None)):
        found = il.diagnose(net, *data, learning_rate=of.optimizer.learning_rate)
        yield from (measured(found), found.loss, found.saturated, found.first_last_ratio)
        yield [verdict.code for verdict in found.verdicts]
    train(of, net, of.half, record=0)
    yield measured(il.diagnose(net, X, y))


def measured(diagnosis: il.Diagnosis) -> Iterator[Any]:
    """The layers, but for how many gradients differ in their bits where some are NaN."""
    for layer in diagnosis.layers:
        if layer.not_finite.gradients and layer.symmetry is not None:
            symmetry = replace(layer.symmetry, gradient=None, gradient_modulo=None)
            yield replace(layer, symmetry=symmetry)
        else:
            yield layer


def units(of: Case) -> Iterator[Any]:
    net = of.net()
    for _ in range(2):
        yield il.diagnosis.distinct_units(net)
        yield il.diagnosis.distinct_units(net, modulo="activation")
        yield il.diagnosis.distinct_units(net, tol=0.25)
        train(of, net, of.half, record=0)


PARTS: Final[dict[str, Callable[[Case], Iterator[Any]]]] = {
    part.__name__: part
    for part in (
        *(draws, functions, forward, gradients),
        *(fit, halves, threads, many, diagnosis, units),
    )
}
PROMISES: Final = ("fit", "halves", "threads", "many")


def train(of: Case, net: il.Network, steps: int, **options: Any) -> il.History:
    settings: dict[str, Any] = {
        "optimizer": of.optimizer,
        "steps": steps,
        "batch_size": of.batch_size,
        "record": of.record,
        "n_jobs": of.jobs,
    }
    return net.fit(*of.X_y(), **(settings | options))


def state(net: il.Network) -> list[Any]:
    """All that `save` writes: parameters, what the optimizer keeps, and the place in the epoch."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.npz"
        net.save(path)
        with np.load(path) as content:
            arrays = {name: content[name] for name in content.files}
    return [json.loads(str(arrays.pop("header"))), arrays]


# ---- hashes ----------------------------------------------------------------------------------


def digest(*values: Any) -> str:
    found = hashlib.sha256()
    for value in values:
        update(found, value)
    return found.hexdigest()


def update(found: Any, value: Any) -> None:
    """Add a value, whatever it is made of; a NaN has no bits but that it is one."""
    if isinstance(value, np.ndarray):
        array = np.where(np.isnan(value), np.nan, value) if value.dtype.kind == "f" else value
        little = array.astype(value.dtype.newbyteorder("<"))
        found.update(f"array {value.dtype.name} {value.shape} ".encode() + little.tobytes())
    elif isinstance(value, float):
        update(found, np.array(value))
    elif isinstance(value, il.activations.Activation):
        update(found, str(value))
    elif is_dataclass(value):
        for field in fields(value):
            update(found, (field.name, getattr(value, field.name)))
    elif isinstance(value, Mapping):
        for name in sorted(value):
            update(found, (name, value[name]))
    elif isinstance(value, str | int | None):
        found.update(f"{value} ".encode())
    elif isinstance(value, Sequence | Iterator):
        found.update(b"(")
        for item in value:
            update(found, item)
        found.update(b")")
    else:
        raise TypeError(f"no rule for {type(value).__name__}")


def lines(of: Case, parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The name and the hash of each part of a net."""
    trained: dict[str, str] = {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", il.InitWarning)
        for part in parts:
            values = list(PARTS[part](of))
            if part in PROMISES:
                trained[part] = digest(values[0])
            yield part, digest(values)
    if len(set(trained.values())) > 1:
        raise RuntimeError(f"one training, several ends: {trained}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--nets", type=int, default=2000, help="how many (default 2000)")
    parser.add_argument("--first", type=int, default=0, help="the first one (default 0)")
    parser.add_argument("--seed", type=int, default=0, help="which nets (default 0)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    options = parser.parse_args(arguments)
    with redirect_stdout(sys.stderr):
        print(il.__file__)
        il.show_config()
    whole = hashlib.sha256()
    parts = [part for part in PARTS if part in options.only]
    for index in range(options.first, options.first + options.nets):
        of = case(options.seed, index)
        try:
            for part, text in lines(of, parts):
                whole.update(text.encode())
                print(f"{index} {part} {text}", flush=True)
        except Exception:
            print(f"net {index} of seed {options.seed}: {of}", file=sys.stderr)
            raise
    print(f"all {whole.hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
