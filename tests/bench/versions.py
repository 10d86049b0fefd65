"""Speed of this build against another one: `python -m tests.bench.versions OTHER_PYTHON`.

    python -m tests.bench.versions OTHER_PYTHON [PART ...] [--row TEXT] [--limit 3]
                                   [--allow TEXT=PERCENT ...] [--rounds 15] [--seconds 0.03]

OTHER_PYTHON is an interpreter in which the other build is installed. Each build computes in a
process of its own, both on one core; slices of the two take turns, and the clock is the CPU time of
the process. A row tells the time of a unit of work in both, the ratio of the shortest slices and
the median ratio of neighbouring ones (above 1: this build is slower). A row whose two ratios are
both above its limit is measured again in new processes, with twice as many slices; if it stays
there the exit status is 1. A slice of both must end at the same bits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Final

import numpy as np

import initlens as il

from . import processes
from .calls import TIMED
from .measure import count_for
from .peers import network
from .problems import PROBLEMS, Array, Population, Problem

ROOT: Final = Path(__file__).parents[2]
DTYPES: Final = ("float32", "float64")
MANY: Final = 64  # nets of a row of them
MOST_CALLS: Final = 3  # of which a slice keeps what they return, to compare

Slice = Callable[[int], tuple[float, list[Any]]]  # seconds of so many units, and what they gave


@dataclass(frozen=True)
class Work:
    """A row: `make` returns its slice, in the process of the build that is measured."""

    part: str
    row: str
    make: Callable[[], Slice]


# ---- what is measured ------------------------------------------------------------------------


def works() -> Iterator[Work]:
    for dtype in DTYPES:
        for problem in PROBLEMS:
            of = replace(problem, dtype=dtype)
            yield Work("training", f"{of.name} {dtype}", partial(training, of))
        for problem in (PROBLEMS[0], PROBLEMS[1], PROBLEMS[3]):
            of = replace(problem, dtype=dtype)
            row = f"{of.name} minibatches of 16 {dtype}"
            yield Work("training", row, partial(training, of, batch_size=16))
        for activation, problem in (("relu", PROBLEMS[0]), ("gelu", PROBLEMS[2])):
            of = replace(problem, dtype=dtype)
            row = f"{of.name} {activation} {dtype}"
            yield Work("training", row, partial(training, of, activation=activation))
        of = replace(PROBLEMS[3], dtype=dtype)
        adam = il.Adam(0.01)
        yield Work("training", f"{of.name} Adam {dtype}", partial(training, of, optimizer=adam))
        for problem in (PROBLEMS[0], PROBLEMS[1], PROBLEMS[3]):
            population = Population(
                problem.widths, problem.batch, dtype=dtype, classes=problem.classes, count=MANY
            )
            row = f"{population.name} {dtype}"
            yield Work("nets", row, partial(many, population))
            row = f"{population.name} minibatches of 16 {dtype}"
            yield Work("nets", row, partial(many, population, batch_size=16))
    for problem in (PROBLEMS[0], PROBLEMS[3], PROBLEMS[4]):
        row = f"{problem.name}, a row every step"
        yield Work("records", row, partial(training, problem, record=1))
    for steps in (200, 20):
        row = f"{PROBLEMS[5].name}, default record of {steps} steps"
        yield Work("records", row, partial(calls, partial(recorded, PROBLEMS[5], steps)))
    for problem in (PROBLEMS[0], PROBLEMS[3], PROBLEMS[4]):
        yield Work("diagnosis", problem.name, partial(calls, partial(diagnosed, problem)))
    for kind in CALLS:
        for problem in (PROBLEMS[0], PROBLEMS[3]):
            yield Work("calls", f"{kind} {problem.name}", partial(calls, CALLS[kind], problem))
    for inputs, outputs, samples in ((64, 100, 256), (512, 512, 256), (1024, 1024, 4)):
        row = f"forward {inputs}-{outputs}, {samples} samples"
        yield Work("inference", row, partial(calls, layer, inputs, outputs, samples))
    for dtype in DTYPES:
        for scheme in ("normal", "uniform(0, 1)", "truncated_normal", "orthogonal"):
            yield Work("draws", f"{scheme} {dtype}", partial(calls, drawn, scheme, dtype))
        for name in ("tanh", "sigmoid", "erf", "gelu", "softplus", "selu"):
            yield Work("functions", f"{name} {dtype}", partial(calls, function, name, dtype))
    for statement in ("import initlens", "import initlens as il; il.Network([2, 8, 1])"):
        yield Work("imports", statement, partial(imports, statement))


def training(
    problem: Problem,
    *,
    activation: str = "tanh",
    optimizer: il.SGD | il.Adam | None = None,
    **options: Any,
) -> Slice:
    X, y = problem.data()
    loss = "cross_entropy" if problem.classes else "mse"
    settings = {"record": 0, "n_jobs": 1, "optimizer": optimizer or il.SGD(problem.learning_rate)}

    def run(steps: int) -> tuple[float, list[Any]]:
        net = il.Network(problem.widths, activation, loss, problem.dtype)
        net.initialize("glorot_normal", rng=2)
        begin = process_time()
        history = net.fit(X, y, steps=steps, **(settings | options))
        return process_time() - begin, [net.weights, net.biases, history.loss]

    return run


def many(problem: Population, **options: Any) -> Slice:
    X, y = problem.data()
    weights, biases = problem.start()

    def run(steps: int) -> tuple[float, list[Any]]:
        nets = [
            network(problem, [w[i] for w in weights], [b[i] for b in biases])
            for i in range(problem.nets)
        ]
        optimizer = il.SGD(problem.learning_rate)
        begin = process_time()
        il.fit_many(nets, X, y, optimizer=optimizer, steps=steps, record=0, n_jobs=1, **options)
        return process_time() - begin, [net.weights for net in nets]

    return run


def calls(make: Callable[..., Callable[[], Any]], *arguments: Any) -> Slice:
    call = make(*arguments)

    def run(count: int) -> tuple[float, list[Any]]:
        begin = process_time()
        for _ in range(count):
            result = call()
        return process_time() - begin, [result]

    return run


def start(problem: Problem) -> tuple[il.Network, Array, Array]:
    return network(problem, *problem.start()), *problem.data()


def recorded(problem: Problem, steps: int) -> Callable[[], Any]:
    net, X, y = start(problem)
    rate = il.SGD(problem.learning_rate)
    return lambda: net.copy().fit(X, y, optimizer=rate, steps=steps, n_jobs=1).unit_spread


def diagnosed(problem: Problem) -> Callable[[], Any]:
    net, X, y = start(problem)
    return lambda: [layer.flow.d_weights for layer in il.diagnose(net, X, y).layers]


def forward(problem: Problem) -> Callable[[], Any]:
    net, X, _ = start(problem)
    row = X[:1].copy()
    return lambda: net.forward(row)


def gradients(problem: Problem) -> Callable[[], Any]:
    net, X, y = start(problem)
    return lambda: net.gradients(X, y).weights


def created(problem: Problem) -> Callable[[], Any]:
    return lambda: il.Network(problem.widths).initialize("he_normal", rng=0, n_jobs=1).weights


def one_step(problem: Problem) -> Callable[[], Any]:
    net, X, y = start(problem)
    rate = il.SGD(0.0)
    return lambda: net.fit(X, y, optimizer=rate, steps=1, record=0, n_jobs=1).loss


CALLS: Final[dict[str, Callable[[Problem], Callable[[], Any]]]] = {
    "forward of one row": forward,
    "gradients": gradients,
    "create and initialize": created,
    "fit of one step": one_step,
}


def layer(inputs: int, outputs: int, samples: int) -> Callable[[], Any]:
    problem = Problem((inputs, outputs), samples)
    net, X, _ = start(problem)
    return lambda: net.forward(X)


def drawn(scheme: str, dtype: str) -> Callable[[], Any]:
    made = il.initializers.get(scheme)
    shape = (256, 256) if scheme == "orthogonal" else (1, 1 << 18)
    out = np.empty(shape, dtype)
    return lambda: made(shape, rng=0, out=out, n_jobs=1)


def function(name: str, dtype: str) -> Callable[[], Any]:
    g = il.activations.get(name)
    z = np.linspace(-6, 6, 1 << 13, dtype=dtype)
    return lambda: g(z)


def imports(statement: str) -> Slice:
    """In interpreters of their own, from bytecode, as of installed packages."""
    cache = TemporaryDirectory()  # it goes with the process
    environment = os.environ | {"PYTHONPYCACHEPREFIX": cache.name, "PYTHONDONTWRITEBYTECODE": ""}

    def run(count: int) -> tuple[float, list[Any]]:
        command = [sys.executable, "-c", TIMED.format(statement)]
        outputs = [subprocess.check_output(command, env=environment) for _ in range(count)]
        return sum(map(float, outputs)), []

    return run


# ---- the process of a build ------------------------------------------------------------------


def serve() -> None:
    """Answer lines of a row's number and a count with the seconds and a hash of the result."""
    processes.pin(1)
    rows = list(works())
    made: tuple[int, Slice] | None = None
    for line in sys.stdin:
        index, count = map(int, line.split())
        if made is None or made[0] != index:
            made = index, rows[index].make()
        seconds, result = made[1](count) if count else counted(made[1])
        print(json.dumps([seconds, digest(result)]), flush=True)


def counted(run: Slice) -> tuple[float, list[Any]]:
    """Seconds of one unit, warm."""
    count = count_for(lambda units: run(units)[0], 0.02)
    return run(count)[0] / count, []


def digest(result: Any) -> str:
    found = hashlib.sha256()
    for value in result if isinstance(result, list) else [result]:
        found.update(digest(value).encode() if isinstance(value, list) else as_bytes(value))
    return found.hexdigest()


def as_bytes(value: Any) -> bytes:
    return np.ascontiguousarray(value).tobytes()


class Build:
    """One build at work."""

    def __init__(self, python: str, environment: dict[str, str]) -> None:
        code = "from tests.bench import versions; versions.serve()"
        self.process = subprocess.Popen(
            [python, "-c", code],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, index: int, count: int) -> tuple[float, str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(index, count, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.process.args!r} ended; its message is above")
        seconds, result = json.loads(answer)
        return float(seconds), str(result)

    def end(self) -> None:
        self.process.communicate()


# ---- comparing -------------------------------------------------------------------------------


@dataclass
class Found:
    """Seconds of a unit, slice by slice."""

    theirs: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def of_shortest(self) -> float:
        return min(self.ours) / min(self.theirs)

    @property
    def median(self) -> float:
        return statistics.median(
            our / their for our, their in zip(self.ours, self.theirs, strict=True)
        )

    @property
    def ratio(self) -> float:
        """The one that is held against the limit: noise moves each of them alone, and upwards."""
        return min(self.of_shortest, self.median)

    def told(self, row: str) -> str:
        times = f"{min(self.theirs) * 1e6:>12,.2f}{min(self.ours) * 1e6:>12,.2f}"
        return f"{row:<72}{times} us{self.of_shortest:>8.3f}{self.median:>8.3f}"


def measure(builds: Sequence[Build], index: int, rounds: int, seconds: float, found: Found) -> None:
    """Slices of both builds in turn, who begins as well."""
    units = [build.ask(index, 0)[0] for build in builds]
    count = max(1, round(seconds / max(min(units), 1e-9)))
    for turn in range(rounds):
        order = (0, 1) if turn % 2 == 0 else (1, 0)
        answers = {which: builds[which].ask(index, count) for which in order}
        if answers[0][1] != answers[1][1]:
            raise RuntimeError(f"{list(works())[index].row}: the two builds end at other bits")
        found.theirs.append(answers[0][0] / count)
        found.ours.append(answers[1][0] / count)


def limit_of(row: str, limit: float, allowed: Sequence[str]) -> float:
    """The factor that a row may take, of its own or that of all."""
    own = [
        float(percent) for text, _, percent in (a.rpartition("=") for a in allowed) if text in row
    ]
    return 1 + max(own, default=limit) / 100


def main(arguments: list[str] | None = None) -> int:
    rows = list(works())
    parts = list(dict.fromkeys(work.part for work in rows))
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("python", help="the interpreter of the other build")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; all")
    parser.add_argument("--row", default="", help="rows with this text, such as 784-128-10")
    parser.add_argument("--limit", type=float, default=3, help="percent slower (default 3)")
    parser.add_argument("--allow", nargs="+", default=[], metavar="TEXT=PERCENT", help="of rows")
    parser.add_argument("--rounds", type=int, default=15, help="pairs of slices (default 15)")
    parser.add_argument("--seconds", type=float, default=0.03, help="length of a slice (0.03)")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join(parts)}")

    theirs = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    chosen = [
        index
        for index, work in enumerate(rows)
        if work.part in (options.parts or parts) and options.row in work.row
    ]
    found = {index: Found() for index in chosen}
    limits = {
        index: limit_of(f"{rows[index].part} {rows[index].row}", options.limit, options.allow)
        for index in chosen
    }

    def run(indices: Sequence[int], rounds: int) -> None:
        builds = [Build(options.python, theirs), Build(sys.executable, dict(os.environ))]
        try:
            for index in indices:
                measure(builds, index, rounds, options.seconds, found[index])
                told = found[index].told(f"{rows[index].part}: {rows[index].row}")
                over = f"  above {limits[index]:.2f}" if slow(index) else ""
                print(told + over, flush=True)
        finally:
            for build in builds:
                build.end()

    def slow(index: int) -> bool:
        return found[index].ratio > limits[index]

    print(f"{'':<72}{'theirs':>12}{'ours':>12}   {'shortest':>8}{'median':>8}")
    run(chosen, options.rounds)
    for _ in range(2):
        again = [index for index in chosen if slow(index)]
        if again:
            print("\nagain, in new processes")
            run(again, 2 * options.rounds)
    slower = [index for index in chosen if slow(index)]
    ratios = [found[index].ratio for index in chosen]
    print(
        f"\n{len(ratios)} rows, {min(ratios):.3f} to {max(ratios):.3f}; {len(slower)} above limit"
    )
    for index in slower:
        print(f"{rows[index].part}: {rows[index].row} {found[index].ratio:.3f}")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
