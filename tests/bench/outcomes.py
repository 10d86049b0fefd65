"""What training makes of a start: the truth that verdicts are held against.

    python -m tests.bench.outcomes FILE --part fit|report [--tasks 300] [--seed 1] [--workers 2]

Definitions, written down before the first run:

- **Loss** is that of all samples after the last step, over the loss c of the best constant guess
  for these targets; infinite where training diverged or the loss is not finite.
- **References** of a task are He normal, Glorot uniform, orthogonal and LSUV, zero biases, on the
  task's own data.
- **Rate** of a task: of the seven of a grid (`GRID`) the one with the smallest mean, over the four
  references, of the final loss, each counted as 2 at most. SGD's rates are over max(1, the mean of
  x^2 + 1), since the curvature of a first layer grows with it.
- **r**, the reference loss: the smallest, over the four references, of the median of three draws
  at that rate. A task with r > 0.9 is left out: nothing learns there.
- **Progress** of a start: (1 - l) / (1 - r), l its median loss of three draws, trained on its own
  data (of a faulty start's X and y) for the same steps at the task's rate, or at 3 or 10 times
  that rate. The references stay at the tuned one.
- **Bad**: progress below 0.5, or diverged in the median draw. **Fine**: from 0.8. Between: left
  out of every count of right and wrong.
- **Conventional start** of a task: He for rectifiers, LeCun for SELU, Glorot for the others.

`part="fit"` takes the data sets and families of the fit, `part="report"` held-out data sets with
all families, and the others with held-out families. Rows are recipes: `rebuild` makes net and data
again, bit for bit, and compares a digest.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import pickle
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

import initlens as il

from . import datasets, starts, tasks
from .datasets import Array
from .starts import Fault, Start
from .tasks import Task

DRAWS = 3
SLOTS = 8
GRID = {
    "sgd": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    "momentum": (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    "nesterov": (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    "adam": (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
    "rmsprop": (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
}
MOST = 2.0  # what a reference's loss counts at most
HOPELESS = 0.9
BAD, FINE = 0.5, 0.8


@dataclass(frozen=True)
class Row:
    """One start of a task, at one rate, and what became of it.

    Parameters
    ----------
    task : Task
        What was to be learned.
    start : Start
        Family and faults.
    part : {"fit", "report"}
        Who may look at it.
    learning_rate, rate_factor : float
        The rate of the start, and its ratio to the tuned one.
    losses : tuple of float
        Final losses over chance, one a draw; infinite where it diverged.
    reference : float
        r of the task.
    usual : float
        Progress of the task's conventional start at the tuned rate.
    digest : str
        Of the first draw's net and data.
    """

    task: Task
    start: Start
    part: str
    learning_rate: float
    rate_factor: float
    losses: tuple[float, ...]
    reference: float
    usual: float
    digest: str

    @property
    def loss(self) -> float:
        """The median over the draws."""
        return float(np.median(self.losses))

    @property
    def first(self) -> float:
        """Progress of the first draw alone, whose net `rebuild` makes."""
        return (1 - self.losses[0]) / (1 - self.reference)

    @property
    def progress(self) -> float:
        """Of the best reference's 1; minus infinity where it diverged."""
        return (1 - self.loss) / (1 - self.reference)

    @property
    def truth(self) -> str:
        """Return "bad", "fine", or "between"."""
        return truth_of(self.progress)

    @property
    def optimizer(self) -> il.optimizers.Optimizer:
        """As it was trained."""
        return optimizer(self.task.optimizer, self.learning_rate)

    def to_dict(self) -> dict[str, Any]:
        """All numbers, flat: plain values only."""
        found: dict[str, Any] = {
            **asdict(self.task),
            "depth": self.task.depth,
            "width": max(self.task.layers[1:-1]),
            "family": self.start.family,
            "slot": self.start.slot,
            "weights": self.start.weights,
            "biases": self.start.biases,
            "faults": [asdict(fault) for fault in self.start.faults],
        }
        own = {field.name: getattr(self, field.name) for field in fields(self)[2:]}
        derived = {name: getattr(self, name) for name in ("loss", "progress", "truth")}
        return found | own | derived


def truth_of(progress: float) -> str:
    """Return "bad", "fine" or "between" for a progress."""
    if not progress >= BAD:
        return "bad"
    return "fine" if progress >= FINE else "between"


def optimizer(name: str, rate: float) -> il.optimizers.Optimizer:
    """One of `tasks.OPTIMIZERS` at a rate."""
    if name == "adam":
        return il.Adam(rate)
    if name == "rmsprop":
        return il.RMSProp(rate)
    momentum = 0.0 if name == "sgd" else 0.9
    return il.SGD(rate, momentum=momentum, nesterov=name == "nesterov")


def train(
    task: Task, nets: Sequence[il.Network], rates: Sequence[float], X: Array, y: Array
) -> list[float]:
    """Train all nets; return each one's final loss over chance."""
    histories = il.fit_many(
        nets,
        X,
        y,
        optimizer=[optimizer(task.optimizer, rate) for rate in rates],
        steps=task.steps,
        batch_size=task.batch_size,
        record=0,
        n_jobs=1,
    )
    return [
        final_loss(net, X, y, history.chance_loss) if history.diverged_at is None else math.inf
        for net, history in zip(nets, histories, strict=True)
    ]


def final_loss(net: il.Network, X: Array, y: Array, chance: float) -> float:
    """Of all samples, over chance; infinite where it is not finite."""
    found = net.loss(X, y) / chance
    return found if math.isfinite(found) else math.inf


@dataclass(frozen=True)
class Reference:
    """What conventional starts reach on a task."""

    rate: float
    loss: float
    usual: float  # progress of the conventional start


def refer(task: Task) -> Reference | None:
    """Find the task's rate and reference loss; None where nothing learns."""
    X, y = tasks.data_of(task)
    power = 1.0
    if task.optimizer not in ("adam", "rmsprop"):
        power = max(1.0, float(np.mean(X**2)) + 1.0)
    rates = [rate / power for rate in GRID[task.optimizer]]
    schemes = starts.REFERENCES

    def draws(scheme: str, draw: int) -> il.Network:
        return starts.initialized(task, scheme, None, (0, schemes.index(scheme), draw), X)

    first = {scheme: draws(scheme, 0) for scheme in schemes}
    pairs = [(scheme, rate) for scheme in schemes for rate in rates]
    losses = train(task, [first[s].copy() for s, _ in pairs], [r for _, r in pairs], X, y)
    table = np.minimum(np.reshape(losses, (len(schemes), len(rates))), MOST)
    best = int(np.argmin(table.mean(axis=0)))
    if table[:, best].min() > 0.97:  # nothing near: spare the other draws
        return None
    more = [draws(scheme, draw) for scheme in schemes for draw in range(1, DRAWS)]
    others = np.reshape(train(task, more, [rates[best]] * len(more), X, y), (len(schemes), -1))
    firsts = np.reshape(losses, table.shape)[:, best]
    medians = np.median(np.column_stack([firsts, others]), axis=1)
    loss = float(medians.min())
    if loss > HOPELESS:
        return None
    scheme = starts.conventional(task.activation)
    if scheme in schemes:
        usual = float(medians[schemes.index(scheme)])
    else:
        nets = [starts.initialized(task, scheme, None, (1, 0, i), X) for i in range(DRAWS)]
        usual = float(np.median(train(task, nets, [rates[best]] * DRAWS, X, y)))
    return Reference(rates[best], loss, (1 - usual) / (1 - loss))


def rows_of(seed: int, index: int, part: str) -> list[Row]:
    """All rows of one task; none where its references do not learn."""
    names = sorted(datasets.SETS)
    if part == "fit":
        names = [name for name in names if name not in datasets.HELD_OUT]
    task = tasks.draw(seed, index, names)
    families = list(starts.FAMILIES)
    if part == "fit":
        families = [name for name in families if name not in starts.HELD_OUT]
    elif task.data not in datasets.HELD_OUT:
        families = [name for name in families if name in starts.HELD_OUT]
    with warnings.catch_warnings():  # of symmetric starts, that are meant
        warnings.simplefilter("ignore")
        reference = refer(task)
        if reference is None:
            return []
        found = []
        for start in starts.choose(task, SLOTS, families):
            drawn = [starts.build(task, start, draw) for draw in range(DRAWS)]
            nets = [net for net, _, _ in drawn]
            _, X, y = drawn[0]
            digest = starts.digest(nets[0], X, y)
            rates = [factor * reference.rate for factor in task.factors]
            copies = [net.copy() for _ in rates for net in nets]
            losses = train(task, copies, np.repeat(rates, DRAWS).tolist(), X, y)
            for i, factor in enumerate(task.factors):
                own = tuple(losses[i * DRAWS : (i + 1) * DRAWS])
                found.append(
                    Row(
                        *(task, start, part, rates[i], factor, own),
                        *(reference.loss, reference.usual, digest),
                    )
                )
    return found


@dataclass(frozen=True)
class Case:
    """A row, and its net and data before training."""

    net: il.Network
    X: Array
    y: Array
    optimizer: il.optimizers.Optimizer
    steps: int
    batch_size: int | None
    row: Row


def rebuild(row: Row) -> Case:
    """Make the first draw's net and data again.

    Raises
    ------
    ValueError
        If they are not those that were trained: the generator has changed since.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net, X, y = starts.build(row.task, row.start, 0)
    if starts.digest(net, X, y) != row.digest:
        raise ValueError(
            f"task {row.task.index} of seed {row.task.seed}, {row.start.family}: its bits have "
            "changed since it was trained; make the population anew"
        )
    return Case(net, X, y, row.optimizer, row.task.steps, row.task.batch_size, row)


def iterate(population: Iterable[Row]) -> Iterator[Case]:
    """Rebuild row after row."""
    return map(rebuild, population)


def save(file: Path, population: Sequence[Row]) -> None:
    """Write rows as plain values."""
    plain = [
        {**{f.name: getattr(row, f.name) for f in fields(row)}, "task": asdict(row.task),
         "start": asdict(row.start)}
        for row in population
    ]  # fmt: skip
    file.write_bytes(pickle.dumps(plain))


def load(file: Path) -> list[Row]:
    """Read what `save` wrote."""
    found = []
    for values in pickle.loads(Path(file).read_bytes()):
        start = values["start"] | {"faults": tuple(Fault(**f) for f in values["start"]["faults"])}
        found.append(Row(**values | {"task": Task(**values["task"]), "start": Start(**start)}))
    return found


def _rows(key: tuple[int, int, str]) -> list[Row]:
    return rows_of(*key)


def populate(
    seed: int, count: int, part: str, *, workers: int = 1, seconds: float = math.inf
) -> list[Row]:
    """Rows of the first tasks of a seed that can be learned, `count` of them or as many as fit."""
    keys = ((seed, index, part) for index in range(20 * count))
    found: list[Row] = []
    taken = 0
    end = time.monotonic() + seconds
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        while taken < count and time.monotonic() < end:
            group = [key for _, key in zip(range(8 * workers), keys, strict=False)]
            for rows in pool.map(_rows, group):
                if rows and taken < count:
                    taken += 1
                    found += rows
            print(f"\r{taken} tasks, {len(found)} rows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def shares(population: Sequence[Row]) -> Iterator[str]:
    """How many are bad, by what they are: Markdown."""
    tuned = [row for row in population if row.rate_factor == 1]
    groups = {
        "rate": lambda row: f"x {row.rate_factor:g}",
        "family": lambda row: row.start.family,
        "data": lambda row: row.task.data,
        "hidden layers": lambda row: depth_of(row.task),
        "activation": lambda row: row.task.activation,
        "loss": lambda row: row.task.loss,
        "optimizer": lambda row: row.task.optimizer,
        "dtype": lambda row: row.task.dtype,
    }
    for title, key in groups.items():
        yield f"\n| {title} | rows | bad % | between % | fine % |\n| --- | --- | --- | --- | --- |"
        rows = population if title == "rate" else tuned
        for name in sorted({key(row) for row in rows}):
            these = [row.truth for row in rows if key(row) == name]
            parts = [100 * these.count(truth) / len(these) for truth in ("bad", "between", "fine")]
            yield f"| {name} | {len(these)} | " + " | ".join(f"{part:.0f}" for part in parts) + " |"


def depth_of(task: Task) -> str:
    """The range of `tasks.DEPTHS` that its depth is in."""
    low, high = next(pair for pair in tasks.DEPTHS if pair[0] <= task.depth <= pair[1])
    return f"{low:02d}" if low == high else f"{low:02d}-{high:02d}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.outcomes")
    parser.add_argument("file", type=Path)
    parser.add_argument("--part", choices=("fit", "report"), required=True)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=math.inf)
    options = parser.parse_args(arguments)
    population = populate(
        *(options.seed, options.tasks, options.part),
        workers=options.workers,
        seconds=options.seconds,
    )
    save(options.file, population)
    print("\n".join(shares(population)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
