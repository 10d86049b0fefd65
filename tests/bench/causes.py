"""Plant faults in conventional starts, and see whether their causes are found and their fixes help.

    python -m tests.bench.causes [--seed 1] [--starts 1000] [--trained 100]

Prints Markdown: how often the first cause is the fault, and its layers those of the fault, on the
data sets that the bounds were chosen on and on others; the same for pairs of faults; how many
conventional starts have a cause; and how often the fix of the first cause makes a bad start fine.

A start is bad if it makes less than half of the progress of the conventional one that it was made
from, fine from 80 % of it; progress is 1 - loss / (loss of the best constant). Conventional starts
that make less than 0.2 say nothing and are left out.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import initlens as il
from initlens.diagnosis.causes import Cause, find_causes
from initlens.diagnosis.fixes import together
from initlens.nets import targets

ACTIVATIONS = ("tanh", "sigmoid", "relu", "gelu", "elu", "selu", "silu", "softsign", "leaky_relu")
DEPTHS = (1, 2, 3, 5, 8)
WIDTHS = (8, 16, 32, 64)
SCHEMES = (
    "he_normal",
    "he_uniform",
    "glorot_uniform",
    "lecun_normal",
    "orthogonal",
    "torch_linear",
)
PAIRS = 0.25  # of the starts
STEPS = 250
BAD, FINE, LEARNS = 0.5, 0.8, 0.2


@dataclass
class Start:
    """A net on data, with what was done to it: (cause, layers) per fault."""

    net: il.Network
    X: np.ndarray
    y: np.ndarray
    faults: list[tuple[str, str, tuple[int, ...]]]


def problems(held_out: bool) -> dict[str, tuple[np.ndarray, np.ndarray, str]]:
    """Return standardized or [0, 1]-scaled data sets: X, y and loss."""
    r = np.random.default_rng(7 if held_out else 3)
    classes = ("moons", "circles", "spirals", "digits") if held_out else ("flower", "xor", "blobs")
    found = {}
    for name in classes:
        data = il.datasets.get(name)
        X = data.X / data.X.max() if name == "digits" else (data.X - data.X.mean(0)) / data.X.std(0)
        loss = "cross_entropy" if data.n_classes > 2 else "binary_cross_entropy"
        rows = r.permutation(len(X))[:300]
        found[name] = X[rows], data.y[rows], loss
    if held_out:
        X = r.uniform(size=(300, 6))
        y = 2 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 4 * (X[:, 2] - 0.5) ** 2 + X[:, 3]
        found["friedman"] = X, (y - y.mean()) / y.std(), "mse"
        X = r.laplace(size=(300, 20)) / np.sqrt(2.0)
        y = np.tanh(X[:, :3] @ r.normal(size=(3, 2)))
        found["laplace"] = X, y, "mse"
    else:
        X = r.normal(size=(300, 8))
        found["waves"] = X, np.sin(X[:, 0]) + 0.5 * X[:, 1] * X[:, 2], "mse"
        found["plane"] = X, X[:, :4] @ r.normal(size=(4, 3)) / 2.0, "mse"
    return found


# ---- faults ---------------------------------------------------------------------------------

Fault = Callable[[Start, np.random.Generator], tuple[str, tuple[int, ...]] | None]


def log_uniform(r: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(r.uniform(np.log(low), np.log(high))))


def one(start: Start, r: np.random.Generator, *, hidden: bool) -> int:
    return int(r.integers(len(start.net.weights) - hidden))


def inputs_scaled(start: Start, r: np.random.Generator) -> Any:
    start.X = start.X * (
        log_uniform(r, 30, 1000) if r.random() < 0.7 else log_uniform(r, 3e-3, 0.03)
    )
    return "inputs", ()


def inputs_shifted(start: Start, r: np.random.Generator) -> Any:
    start.X = start.X + log_uniform(r, 8, 300) * r.choice([-1, 1])
    return "inputs", ()


def targets_off(start: Start, r: np.random.Generator) -> Any:
    if start.net.settings.loss != "mse":
        return None
    start.y = (
        start.y * log_uniform(r, 20, 1e8) if r.random() < 0.6 else start.y + log_uniform(r, 20, 1e4)
    )
    return "targets", ()


def bias_one(start: Start, r: np.random.Generator) -> Any:
    index = one(start, r, hidden=True)
    large_biases(start, r, [index])
    return "biases", (index + 1,)


def bias_all(start: Start, r: np.random.Generator) -> Any:
    count = len(start.net.weights) - 1
    large_biases(start, r, range(count))
    return "biases", tuple(range(1, count + 1))


def large_biases(start: Start, r: np.random.Generator, which: Any) -> None:
    size, kind = log_uniform(r, 3, 20), r.integers(3)
    for index in which:
        b = start.net.biases[index]
        b[...] = (size, -size, r.normal(size=b.size) * size)[kind]


def signed_one(start: Start, r: np.random.Generator) -> Any:
    sizes = [
        w.size if index < len(start.net.weights) - 1 else 0
        for index, w in enumerate(start.net.weights)
    ]
    index = int(r.choice(np.flatnonzero(np.array(sizes) >= 16))) if max(sizes) >= 16 else 0
    w = start.net.weights[index]
    w[...] = np.abs(w) * r.choice([-1, 1])
    return "mean of the weights", (index + 1,)


def signed_all(start: Start, r: np.random.Generator) -> Any:
    sign = r.choice([-1, 1])
    for w in start.net.weights:
        w[...] = np.abs(w) * sign
    return "mean of the weights", tuple(range(1, len(start.net.weights) + 1))


def scaled_one(start: Start, r: np.random.Generator) -> Any:
    index = one(start, r, hidden=False)
    factor = log_uniform(r, 10, 300)
    start.net.weights[index][...] *= factor if r.random() < 0.5 else 1 / factor
    return "scale", (index + 1,)


def scaled_up(start: Start, r: np.random.Generator) -> Any:
    return scaled_all(start, log_uniform(r, 4, 50))


def scaled_down(start: Start, r: np.random.Generator) -> Any:
    return scaled_all(start, 1 / log_uniform(r, 4, 50))


def scaled_all(start: Start, factor: float) -> Any:
    for w in start.net.weights:
        w *= factor
    return "scale of all layers", tuple(range(1, len(start.net.weights) + 1))


def copied(start: Start, which: Any, noise: Callable[[Any], Any]) -> None:
    for index in which:
        w = start.net.weights[index]
        w[...] = w[:, :1] * noise(w.shape)
        start.net.biases[index][...] = start.net.biases[index][:1]


def copies_one(start: Start, r: np.random.Generator) -> Any:
    index = one(start, r, hidden=True)
    copied(start, [index], np.ones)
    return "copies", (index + 1,)


def copies_all(start: Start, r: np.random.Generator) -> Any:
    for w in start.net.weights:
        w[...] = r.choice([0.1, 0.5, 1.0]) if r.random() < 0.7 else 0.0 * r.normal(size=w.shape)
    return "copies", tuple(range(1, len(start.net.weights)))


def near_one(start: Start, r: np.random.Generator) -> Any:
    index = one(start, r, hidden=True)
    if start.net.weights[index].shape[0] == 1:
        return None
    size = log_uniform(r, 1e-6, 1e-3)
    copied(start, [index], lambda shape: 1 + size * r.normal(size=shape))
    return "near copies", (index + 1,)


def near_all(start: Start, r: np.random.Generator) -> Any:
    size = log_uniform(r, 1e-6, 1e-3)
    which = range(len(start.net.weights) - 1)
    copied(start, which, lambda shape: 1 + size * r.normal(size=shape))
    return "near copies", tuple(index + 1 for index in which)


FAULTS: dict[str, Fault] = {
    "inputs scaled": inputs_scaled,
    "inputs shifted": inputs_shifted,
    "targets scaled or shifted": targets_off,
    "biases of a layer": bias_one,
    "biases of all layers": bias_all,
    "one-signed layer": signed_one,
    "all one-signed": signed_all,
    "a layer too large or small": scaled_one,
    "all too large": scaled_up,
    "all too small": scaled_down,
    "copies in a layer": copies_one,
    "copies in all, or zeros": copies_all,
    "near copies in a layer": near_one,
    "near copies in all": near_all,
}


# ---- starts ---------------------------------------------------------------------------------


def conventional(problem: Any, r: np.random.Generator, depth: int | None = None) -> Start:
    X, y, loss = problem
    outputs = (
        1 if loss == "binary_cross_entropy" else int(y.max()) + 1 if y.dtype.kind == "i" else 0
    )
    outputs = outputs or (1 if y.ndim == 1 else y.shape[1])
    hidden = [int(r.choice(WIDTHS))] * int(depth or r.choice(DEPTHS))
    net = il.Network([X.shape[1], *hidden, outputs], str(r.choice(ACTIVATIONS)), loss)
    scheme = str(r.choice(SCHEMES)) if r.random() < 0.85 else il.initializers.LSUV(X)
    return Start(net.initialize(scheme, rng=int(r.integers(1 << 30))), X, y, [])


def faulty(start: Start, r: np.random.Generator, count: int, name: str | None = None) -> Start:
    made = Start(start.net.copy(), start.X, start.y, [])
    while len(made.faults) < count:
        fault = name or str(r.choice(list(FAULTS)))
        name = None
        if any(fault == other for other, _, _ in made.faults):
            continue
        done = FAULTS[fault](made, r)
        if done is not None:
            made.faults.append((fault, *done))
    return made


def causes_of(start: Start) -> list[Cause]:
    settings = start.net.settings
    target = targets.encode(start.y, settings.loss, settings.layers[-1])
    return find_causes(start.net, start.X, target)


def same_cause(cause: Cause, fault: tuple[str, str, tuple[int, ...]]) -> bool:
    _, name, layers = fault
    # Of a net with a single layer that can be off, one layer and all layers are the same.
    scales = {"scale", "scale of all layers"}
    return cause.name == name or ({cause.name, name} == scales and set(cause.layers) == set(layers))


def same_layers(cause: Cause, layers: tuple[int, ...]) -> bool:
    if len(layers) <= 1:
        return cause.layers == layers
    return len(set(cause.layers) & set(layers)) >= 0.6 * len(layers)


def progress(net: il.Network, X: Any, y: Any, optimizer: Any) -> float:
    trained = net.copy()
    history = trained.fit(X, y, optimizer=optimizer, steps=STEPS, record=STEPS)
    if history.diverged_at is not None or not history.chance_loss > 0.0:
        return 0.0
    return max(0.0, 1.0 - float(history.loss[-1]) / history.chance_loss)


def optimizer_for(start: Start, r: np.random.Generator) -> tuple[Any, float]:
    """Return the best of three rates of SGD or Adam for a conventional start, and its progress."""
    makers = [il.SGD(rate) for rate in (0.03, 0.1, 0.5)]
    if r.random() < 0.5:
        makers = [il.Adam(rate) for rate in (0.003, 0.01, 0.03)]
    done = [progress(start.net, start.X, start.y, maker) for maker in makers]
    return makers[int(np.argmax(done))], max(done)


# ---- tables ---------------------------------------------------------------------------------


def percent(values: list[bool]) -> str:
    return f"{100 * np.mean(values):.0f} ({len(values)})" if values else "-"


def table_of_causes(seed: int, starts: int) -> Iterator[str]:
    parts = [problems(held_out=False), problems(held_out=True)]
    singles: list[dict[str, list[tuple[bool, bool]]]] = [defaultdict(list), defaultdict(list)]
    pairs: list[list[tuple[bool, bool]]] = [[], []]
    none: list[list[bool]] = [[], []]
    misses: dict[str, int] = defaultdict(int)
    for part, sets in enumerate(parts):
        r = np.random.default_rng([seed, part])
        names = list(FAULTS)
        for index in range(starts):
            start = conventional(sets[str(r.choice(list(sets)))], r)
            none[part].append(not causes_of(start))
            pair = r.random() < PAIRS
            made = faulty(start, r, 1 + pair, names[index % len(names)])
            if made is None:
                continue
            found = causes_of(made)
            if pair:
                hits = [
                    any(same_cause(cause, fault) for cause in found[:2]) for fault in made.faults
                ]
                first = bool(found) and any(same_cause(found[0], fault) for fault in made.faults)
                pairs[part].append((first, all(hits)))
                continue
            fault = made.faults[0]
            right = bool(found) and same_cause(found[0], fault)
            singles[part][fault[0]].append((right, right and same_layers(found[0], fault[2])))
            if not right:
                misses[f"{fault[0]} -> {found[0].name if found else 'none'}"] += 1
    yield "| fault | cause, dev | layers, dev | cause, held out | layers, held out |"
    yield "| --- | --- | --- | --- | --- |"
    for name in FAULTS:
        cells = [percent([hit[k] for hit in singles[p][name]]) for p in (0, 1) for k in (0, 1)]
        yield f"| {name} | {' | '.join(cells)} |"
    every = [[hit for hits in part.values() for hit in hits] for part in singles]
    cells = [percent([hit[k] for hit in every[p]]) for p in (0, 1) for k in (0, 1)]
    yield f"| **all single faults** | {' | '.join(cells)} |"
    cells = [percent([hit[k] for hit in pairs[p]]) for p in (0, 1) for k in (0, 1)]
    yield f"| pairs: the first is one, both among two | {' | '.join(cells)} |"
    yield f"| conventional: none | {percent(none[0])} | | {percent(none[1])} | |"
    yield "\nMissed: " + "; ".join(
        f"{k} {v}" for k, v in sorted(misses.items(), key=lambda i: -i[1])[:12]
    )


def table_of_fixes(seed: int, starts: int) -> Iterator[str]:
    sets = problems(held_out=False) | problems(held_out=True)
    r = np.random.default_rng([seed, 2])
    worked: dict[str, list[bool]] = defaultdict(list)
    bad_causes: list[bool] = []
    tried = 0
    names = list(FAULTS)
    while tried < starts:
        start = conventional(sets[str(r.choice(list(sets)))], r, depth=int(r.choice([1, 2, 3, 5])))
        optimizer, good = optimizer_for(start, r)
        tried += 1
        if good < LEARNS:
            continue
        made = faulty(start, r, 1 + (r.random() < PAIRS), names[tried % len(names)])
        if progress(made.net, made.X, made.y, optimizer) >= BAD * good:
            continue
        found = causes_of(made)
        key = "pairs" if len(made.faults) > 1 else made.faults[0][0]
        if key != "pairs":
            bad_causes.append(bool(found) and same_cause(found[0], made.faults[0]))
        fix = together([cause.fix for cause in found])
        fine = (
            bool(fix)
            and progress(*fix.apply(made.net, made.X, made.y, rng=tried), optimizer) >= FINE * good
        )
        worked[key].append(fine)
    yield "| bad start | fix makes it fine |"
    yield "| --- | --- |"
    for name, values in worked.items():
        yield f"| {name} | {percent(values)} |"
    yield f"| **all** | {percent([v for values in worked.values() for v in values])} |"
    yield f"\nFirst cause right in single faults that are bad: {percent(bad_causes)}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.causes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--starts", type=int, default=1_000)
    parser.add_argument("--trained", type=int, default=100)
    options = parser.parse_args(arguments)
    print("Right in percent (of how many):\n")
    print("\n".join(table_of_causes(options.seed, options.starts)), "\n")
    print("\n".join(table_of_fixes(options.seed, options.trained)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
