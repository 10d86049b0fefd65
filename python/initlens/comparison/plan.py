"""The plan of a comparison: one net trained from several initializations."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._tools import pool
from .._tools.checks import training_counts
from .._tools.cpus import threads
from .._tools.progress import Progress, reporter
from .._tools.seeds import seed_numbers
from ..activations import Activation
from ..datasets import Dataset
from ..diagnosis.examination import examine
from ..diagnosis.training import Training
from ..initializers import LSUV, Scheme
from ..nets.history import History, worst_units
from ..nets.network import Network, Settings
from ..optimizers import Optimizer
from ..optimizers import get as get_optimizer
from .outcomes import outcome_of, trend_step
from .pieces import joined, piece_lengths
from .problem import Data, check_widths, default_layers, digest, read_data, read_pair
from .result import Comparison
from .runs import Run
from .schemes import LECTURE_SCHEMES, Schemes, named_schemes

if TYPE_CHECKING:
    from .._core import FitResult  # the stub's own, not there at run time

__all__ = ["compare"]

MOST_JUDGED: Final = 100  # runs whose start is diagnosed


def compare(
    schemes: Schemes = LECTURE_SCHEMES,
    *,
    data: Data = "flower",
    layers: Sequence[int] | None = None,
    activation: str | Activation | Sequence[str | Activation] = "tanh",
    loss: str | None = None,
    optimizer: str | Optimizer = "sgd(1.2)",
    steps: int = 10_000,
    batch_size: int | None = None,
    seeds: int | Iterable[int] = range(12),
    test: tuple[ArrayLike, ArrayLike] | None = None,
    dtype: DTypeLike = "float64",
    record: int | None = None,
    progress: Progress = None,
    n_jobs: int | None = None,
) -> Comparison:
    """Train one net from several initializations, the same seeds and data for each.

    Parameters
    ----------
    schemes : sequence or dict of schemes, default `LECTURE_SCHEMES`
        Names, `Scheme` objects or functions ``(shape, rng) -> array``; a dict gives labels. "lsuv"
        takes the data of the comparison.
        Functions are called from the threads of the pool.
    data : str, Dataset or (X, y), default "flower"
        What to train on; see `datasets.get`. Held-out samples of a Dataset are the default of
        `test`.
    layers : sequence of int, optional
        Widths. By default one hidden layer of 4 units between what the data need: the lecture's
        [2, 4, 1] for the flower.
    activation : str, Activation or sequence of them, default "tanh"
        Of the hidden layers.
    loss : str, optional
        By default cross-entropy, binary for one output.
    optimizer : Optimizer or str, default "sgd(1.2)"
        As in `Network.fit`.
    steps : int, default 10,000
        Optimizer steps of each net.
    batch_size : int, optional
        Samples a step; all of them by default.
    seeds : int or iterable of int, default range(12)
        One net per scheme and seed; an int n means ``range(n)``. The net and the order of
        minibatches depend on the seed alone.
    test : (X, y), optional
        Held-out samples, for the accuracy on them.
    dtype : dtype, default "float64"
        "float32" or "float64".
    record : int, optional
        Record every so many steps; 0 never, about 100 rows by default. A row takes about 50 bytes
        a layer in every run.
    progress : bool or callable, optional
        True shows a bar on stderr; a function is called as ``progress(done, nets)``.
    n_jobs : int, optional
        Threads; as many as there are CPUs by default. The bits are the same for any number.

    Returns
    -------
    Comparison
        Of the first runs, at most 100, it holds the verdict at the start against the outcome.
        After Ctrl-C the nets that had finished, seed by seed, with `Comparison.interrupted` set.

    Raises
    ------
    ValueError
        If an argument is out of its range, or data, layers and loss do not fit together.
    TypeError
        If an argument is of another kind.
    KeyboardInterrupt
        At Ctrl-C before the first net has finished.

    Examples
    --------
    >>> import initlens as il
    >>> result = il.compare(["zeros", "he_normal"], steps=500, seeds=2)
    >>> [run.outcome for run in result.of("zeros")]
    ['stuck: every weight gradient is zero', 'stuck: every weight gradient is zero']
    """
    start = time.perf_counter()
    chosen_seeds = seed_numbers(seeds)
    dataset, X, y = read_data(data)
    named = {
        label: scheme.on(X) if isinstance(scheme, LSUV) and scheme.X is None else scheme
        for label, scheme in named_schemes(schemes).items()
    }
    widths = default_layers(X, y, loss) if layers is None else layers
    if test is None and dataset is not None and dataset.X_test is not None:
        assert dataset.y_test is not None  # the two come together
        test = dataset.X_test, dataset.y_test
    if test is not None:
        test = read_pair("test must be", test)
    chosen_optimizer = get_optimizer(optimizer)
    total, batch, every = training_counts(steps, batch_size, record)
    plan = _Plan(
        settings=Network(widths, activation, loss, dtype).settings,
        optimizer=chosen_optimizer,
        judged=frozenset(chosen_seeds[: MOST_JUDGED // max(1, len(named))]),
        steps=total,
        batch_size=batch,
        record=every,
        X=X,
        y=y,
        test=test,
        stop=threading.Event(),
    )
    check_widths(plan.settings.layers, X, y)
    plan.check()
    jobs = threads(n_jobs)
    # Seed by seed: after Ctrl-C every scheme has some.
    tasks = [(label, scheme, seed) for seed in chosen_seeds for label, scheme in named.items()]
    size = pool.group_size(plan.settings.layers, plan.settings.dtype)
    with reporter(progress, len(tasks), "net") as report:
        runs, interrupted = pool.run_groups(plan.run, tasks, size, jobs, plan.stop, report)
    order = {label: place for place, label in enumerate(named)}
    return Comparison(
        runs=tuple(sorted(runs, key=lambda run: order[run.scheme])),
        schemes=named,
        seeds=chosen_seeds,
        settings=plan.settings,
        optimizer=chosen_optimizer,
        steps=plan.steps,
        batch_size=batch_size,
        record=plan.record,
        data=_describe_data(data, dataset, plan),
        elapsed=time.perf_counter() - start,
        interrupted=interrupted,
        _samples=(X, y),
    )


Task: TypeAlias = tuple[str, Scheme, int]


@dataclass(eq=False)
class _Start:
    """A net before training, and what is measured of it there."""

    net: Network
    loss: float = float("nan")
    earlier_loss: float | None = None
    distinct: list[int] = field(default_factory=list)
    answer: str = ""
    record: History | None = None

    def measure(
        self, samples: NDArray[Any], target: NDArray[Any], training: Training | None
    ) -> None:
        self.loss = self.net._loss(samples, target)
        self.distinct = self.net._distinct_units()
        if training is not None:
            self.answer = examine(self.net, samples, target, training).answer


@dataclass(frozen=True, eq=False)
class _Plan:
    """What all nets of a comparison share."""

    settings: Settings
    optimizer: Optimizer
    judged: frozenset[int]
    steps: int
    batch_size: int
    record: int
    X: NDArray[Any]
    y: NDArray[Any]
    test: tuple[ArrayLike, ArrayLike] | None
    stop: threading.Event

    def network(self) -> Network:
        settings = self.settings
        return Network(settings.layers, settings.activation, settings.loss, settings.dtype)

    def check(self) -> None:
        """Raise what data and settings raise, before the first net is trained."""
        probe = self.network()
        probe.loss(self.X, self.y)
        if self.test is not None:
            try:
                probe.loss(*self.test)
            except (TypeError, ValueError) as error:
                raise type(error)(f"test: {error}") from error

    def run(self, tasks: Sequence[Task]) -> list[Run]:
        """Train the nets of some tasks side by side; if told to stop, return the finished ones."""
        if self.stop.is_set():
            return []
        starts = [_Start(self.network().initialize(scheme, rng=seed)) for _, scheme, seed in tasks]
        nets = [start.net for start in starts]
        samples, target = nets[0]._samples(self.X, self.y)
        first = self._train(nets, samples, target, 0, 1)  # no step: a record of the start
        training = Training(self.optimizer, self.steps, self.batch_size or None)
        for (_, _, seed), start, result in zip(tasks, starts, first, strict=True):
            start.measure(samples, target, training if seed in self.judged else None)
            start.record = nets[0]._history([result], target, stopped=False)
        # In pieces, which give the same bits as one call, to see the loss where the trend begins.
        pieces: list[list[FitResult]] = []
        done, begin = 0, trend_step(self.steps)
        for length in piece_lengths(self.steps, begin, self.record):
            pieces.append(self._train(nets, samples, target, length, self.record))
            done += length
            if done == begin:
                for start in starts:
                    start.earlier_loss = start.net._loss(samples, target)
        results = [joined(of_net, self.record) for of_net in zip(*pieces, strict=True)]
        return [
            self._finish(label, seed, start, result, samples, target)
            for (label, _, seed), start, result in zip(tasks, starts, results, strict=True)
            if result["steps"] == self.steps or result["diverged"]
        ]

    def _train(
        self,
        nets: Sequence[Network],
        samples: NDArray[Any],
        target: NDArray[Any],
        steps: int,
        record: int,
    ) -> list[FitResult]:
        return Network._fit_many(
            nets,
            samples,
            target,
            [self.optimizer._spec()] * len(nets),
            steps,
            self.batch_size,
            record,
            lambda _: self.stop.is_set(),
        )

    def _finish(
        self,
        label: str,
        seed: int,
        start: _Start,
        result: FitResult,
        samples: NDArray[Any],
        target: NDArray[Any],
    ) -> Run:
        """Measure a trained net."""
        net = start.net
        history = net._history([result], target, stopped=False)
        final_loss = net._loss(samples, target)
        widths = self.settings.layers[1:-1]
        classes = self.settings.loss != "mse"
        distinct_end = worst_units(net._distinct_units()[:-1], widths)
        assert start.record is not None
        saturated = start.record.worst_saturated(0)
        weights_move = bool(start.record.gradient_norm.any())
        if not weights_move and history.diverged_at is None:
            weights_move = any(w.any() for w in net._gradients(samples, target)[1])
        return Run(
            scheme=label,
            seed=seed,
            first_loss=start.loss,
            final_loss=final_loss,
            chance_loss=history.chance_loss,
            accuracy=net.accuracy(samples, self.y) if classes else float("nan"),
            test_accuracy=(
                net.accuracy(*self.test) if classes and self.test is not None else float("nan")
            ),
            distinct_start=worst_units(start.distinct[:-1], widths),
            distinct_end=distinct_end,
            saturated_start=saturated,
            steps=history.steps_done,
            diverged_at=history.diverged_at,
            outcome=outcome_of(
                start.loss,
                final_loss,
                chance_loss=history.chance_loss,
                earlier_loss=start.earlier_loss,
                diverged_at=history.diverged_at,
                weights_move=weights_move,
                distinct_end=distinct_end,
                hidden_layers=len(widths),
                saturated_start=saturated,
            ),
            answer=start.answer,
            history=history,
        )


def _describe_data(data: Data, dataset: Dataset | None, plan: _Plan) -> dict[str, Any]:
    samples, features = plan.X.shape
    held_out = None
    if plan.test is not None:
        held_out = {"samples": len(np.asarray(plan.test[1])), "sha256": digest(*plan.test)}
    return {
        "name": "given" if dataset is None else dataset.name,
        "text": data if isinstance(data, str) else None,
        "samples": samples,
        "features": features,
        "classes": None if plan.settings.loss == "mse" else max(2, plan.settings.layers[-1]),
        "sha256": digest(plan.X, plan.y),
        "held_out": held_out,
    }
