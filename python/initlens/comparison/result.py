"""compare: train one net from several initializations, the same seeds and data for each."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .. import activations, initializers, optimizers
from .._tools import pool
from .._tools.checks import choice, integer, training_counts
from .._config import config
from .._tools.cpus import threads
from .._tools.format import data_frame, number, share, units
from .outcomes import SATURATED, common_outcome, outcome_of
from .problem import Data, check_widths, default_layers, digest, layers_text, read_data, read_pair
from .._tools.progress import Progress, reporter
from ..report.reported import Reported
from .._tools.seeds import seed_numbers, seeds_text
from .._tools.text import counted, join, jsonable, shown, unknown
from ..activations import RELU_FAMILY
from ..activations import Activation
from ..datasets import Dataset
from ..nets.history import History, worst_units
from ..initializers import LSUV, Custom, Scheme, SchemeLike
from ..nets.network import Network, Settings
from ..optimizers import Optimizer
from ..plotting import BoundaryDisplay, LossCurves, LossDisplay, RidgeDisplay, UnitCurves, UnitsDisplay, plot_boundaries, plot_losses, plot_ridges, plot_units
from ..plotting.ridges import Of
from ..tables import Table

if TYPE_CHECKING:
    from .._core import FitResult, OptimizerDict  # the stub's own, not there at run time

__all__ = ["LECTURE_SCHEMES", "Comparison", "Run", "compare"]

LECTURE_SCHEMES: Final = (
    "zeros",
    "constant(0.5)",
    "normal(0.01)",
    "normal(1)",
    "normal(100)",
    "glorot_uniform",
    "he_normal",
)

MOST_NAMED: Final = 6  # schemes in a sentence
ROWS_AT_EACH_END: Final = 20  # of a long table where it is shown

Schemes: TypeAlias = SchemeLike | Sequence[SchemeLike] | Mapping[str, SchemeLike]


@dataclass(frozen=True, eq=False)
class Run:
    """One net of a comparison.

    Parameters
    ----------
    scheme : str
        Label of its scheme.
    seed : int
        ``Network.initialize(scheme, rng=seed)`` gives its start.
    first_loss, final_loss : float
        On all training data, before and after.
    chance_loss : float
        Loss of the best constant guess.
    accuracy, test_accuracy : float
        Share of right classes in [0, 1] after training; NaN where it does not apply.
    distinct_start, distinct_end : (int, int) or None
        (distinct, all) units of the hidden layer with the smallest share of distinct units; None
        without a hidden layer.
    saturated_start : float
        Largest saturated share of a hidden layer on the first batch; NaN where it is not defined.
    steps : int
        Steps taken.
    diverged_at : int or None
        The step whose gradient was not finite.
    outcome : str
        "learned", "stuck near chance", "learns slowly", ...: computed from what was recorded.
    history : History
        What was recorded in training.
    """

    scheme: str
    seed: int
    first_loss: float
    final_loss: float
    chance_loss: float
    accuracy: float
    test_accuracy: float
    distinct_start: tuple[int, int] | None
    distinct_end: tuple[int, int] | None
    saturated_start: float
    steps: int
    diverged_at: int | None
    outcome: str
    history: History = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the history, in numbers that JSON can hold; NaN becomes None."""
        return {
            field.name: jsonable(getattr(self, field.name))
            for field in fields(self)
            if field.name != "history"
        }


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Reported):
    """Nets that differ in their initialization alone: what `compare` returns.

    Parameters
    ----------
    runs : tuple of Run
        Scheme by scheme, seed by seed.
    schemes : dict of str to Scheme
        By label, in the order given.
    seeds : tuple of int
        Of each scheme.
    settings : Settings
        Of every net.
    optimizer : Optimizer
        Its settings.
    steps : int
        Steps asked for.
    batch_size : int or None
        None for full batch.
    record : int
        Steps between two rows of a history; 0 for no record.
    data : dict
        Name, sizes and a hash of the data; the text that gave them, or None; the held-out samples,
        or None.
    elapsed : float
        Seconds.
    interrupted : bool
        Whether Ctrl-C ended it; `runs` then holds the nets that had finished.
    """

    runs: tuple[Run, ...]
    schemes: Mapping[str, Scheme]
    seeds: tuple[int, ...]
    settings: Settings
    optimizer: Optimizer
    steps: int
    batch_size: int | None
    record: int
    data: Mapping[str, Any]
    elapsed: float
    interrupted: bool
    _samples: tuple[NDArray[Any], NDArray[Any]]

    def of(self, scheme: str) -> tuple[Run, ...]:
        """Return the runs of one scheme.

        Parameters
        ----------
        scheme : str
            Its label, as in the table, or the scheme's text as it was typed.

        Returns
        -------
        tuple of Run
            One a seed.

        Raises
        ------
        ValueError
            If there is no such label.
        """
        label = self._label(scheme)
        return tuple(run for run in self.runs if run.scheme == label)

    def _label(self, scheme: Any) -> str:
        """Return the label that is meant: itself, or that of a scheme written another way."""
        text = str(scheme) if isinstance(scheme, Scheme) else scheme
        if not isinstance(text, str):
            first = next(iter(self.schemes))
            raise TypeError(f"scheme must be a label, such as {first!r}, got {shown(text)}")
        if text in self.schemes:
            return text
        try:
            written = str(initializers.get(text))
        except ValueError:
            written = ""
        # A dict may have given the text to another scheme.
        if written in self.schemes and str(self.schemes[written]) == written:
            return written
        raise ValueError(unknown("label", text, self.schemes))

    def outcome(self, scheme: str) -> str:
        """Return the outcome of most runs of a scheme, and of how many where it is not all.

        Parameters
        ----------
        scheme : str
            Its label, as in the table.

        Returns
        -------
        str
            "-" if no run had finished.

        Raises
        ------
        ValueError
            If there is no such label.
        """
        runs = self.of(scheme)
        return common_outcome(runs) if runs else "-"

    def network(self, scheme: str, seed: int | None = None, *, steps: int | None = None) -> Network:
        """Train one of the nets again, to the same bits.

        Parameters
        ----------
        scheme : str
            Its label, as in the table.
        seed : int, optional
            One of `seeds`; that of the run with the median final loss by default.
        steps : int, optional
            How far; as far as the comparison by default. 0 gives its start.

        Returns
        -------
        Network

        Raises
        ------
        ValueError
            If there is no such label or seed, or the data have changed since the comparison.

        Examples
        --------
        >>> import initlens as il
        >>> result = il.compare(["he_normal"], steps=300, seeds=3)
        >>> flower = il.datasets.flower()
        >>> loss = result.network("he_normal", seed=2).loss(flower.X, flower.y)
        >>> loss == result.of("he_normal")[2].final_loss
        True
        """
        total = self.steps if steps is None else integer("steps", steps, minimum=0)
        chosen = self._seed(scheme, seed)
        X, y = self._samples
        if digest(X, y) != self.data["sha256"]:
            raise ValueError(
                "the arrays X and y have changed since the comparison, which holds no copy of "
                "them; compare again"
            )
        settings = self.settings
        net = Network(settings.layers, settings.activation, settings.loss, settings.dtype)
        net.initialize(self.schemes[self._label(scheme)], rng=chosen)
        net.fit(
            *(X, y), optimizer=self.optimizer, steps=total, batch_size=self.batch_size, record=0
        )
        return net

    def _seed(self, scheme: str, seed: int | None) -> int:
        """Return a seed of the comparison; by default that of the median run of a scheme."""
        runs = self.of(scheme)
        if seed is None:
            if not runs:
                raise ValueError(f"no net of {scheme!r} had finished when the comparison ended")
            ordered = sorted(runs, key=lambda run: np.nan_to_num(run.final_loss, nan=np.inf))
            return ordered[(len(ordered) - 1) // 2].seed
        chosen = integer("seed", seed, minimum=0)
        if chosen not in self.seeds:
            raise ValueError(f"seed {chosen} is not of the comparison: {seeds_text(self.seeds)}")
        return chosen

    def table(self) -> Table:
        """Return one row a scheme: median and range over its seeds.

        Returns
        -------
        Table
        """
        groups = {label: runs for label in self.schemes if (runs := self.of(label))}
        tested = any(not np.isnan(run.test_accuracy) for run in self.runs)
        columns = (
            "scheme",
            *(("seeds",) if self.interrupted else ()),
            "distinct units\nstart -> end",
            "saturated\nat start",
            "first loss\n(x chance)",
            "final loss\nmedian [min, max]",
            "accuracy %\nmedian [min, max]",
            *(("test accuracy %\nmedian [min, max]",) if tested else ()),
            "outcome",
        )
        rows = tuple(self._row(label, runs, tested) for label, runs in groups.items())
        return Table(self._title(), columns, rows, tuple(self._notes(groups)))

    def _row(self, label: str, runs: Sequence[Run], tested: bool) -> tuple[str, ...]:
        start = _worst(run.distinct_start for run in runs)
        end = _worst(run.distinct_end for run in runs)
        first = float(np.median([run.first_loss for run in runs]))
        chance = runs[0].chance_loss
        return (
            label,
            *((f"{len(runs)} of {len(self.seeds)}",) if self.interrupted else ()),
            "-" if start is None else f"{units(start)} -> {units(end)}",
            share(float(np.median([run.saturated_start for run in runs]))),
            number(first) + (f" ({_ratio(first / chance)})" if chance > 0 else ""),
            _spread([run.final_loss for run in runs], number),
            _spread([run.accuracy for run in runs], _percent),
            *((_spread([run.test_accuracy for run in runs], _percent),) if tested else ()),
            common_outcome(runs),
        )

    def _title(self) -> str:
        data = self.data
        points = data["samples"]
        samples = f"{points:,} points"
        if data["classes"] is not None:
            samples += f", {data['classes']} classes"
        batch = "" if self.batch_size is None else f", batches of {min(self.batch_size, points)}"
        left = f" · interrupted: {len(self.runs)} nets finished" if self.interrupted else ""
        return (
            f"{data['name']} data ({samples}) · {self._net_text()} · "
            f"{self.optimizer}, {counted(self.steps, 'step')}{batch} · {seeds_text(self.seeds)} · "
            f"{self.elapsed:.1f} s{left}"
        )

    def _net_text(self) -> str:
        settings = self.settings
        hidden = " ".join(dict.fromkeys(settings.activation)) or "no hidden layer"
        return f"{layers_text(settings.layers)} {hidden}"

    def _notes(self, groups: Mapping[str, Sequence[Run]]) -> list[str]:
        """Say in sentences what the rows show; each sentence only where it is true."""
        notes = []
        copies: dict[tuple[int, int], list[str]] = {}
        for label, runs in groups.items():
            ends = {run.distinct_end for run in runs}
            if ends == {run.distinct_start for run in runs} and len(ends) == 1:
                (pair,) = ends
                if pair is not None and pair[0] == 1 < pair[1]:
                    copies.setdefault(pair, []).append(label)
        for (one, width), labels in copies.items():
            verb = "has" if len(labels) == 1 else "have"
            notes.append(
                f"Units that start equal stay equal: {join(labels, MOST_NAMED)} still {verb} {one} "
                f"distinct unit of {width} after {counted(self.steps, 'step')}."
            )
        saturated = {
            label: middle
            for label, runs in groups.items()
            if (middle := float(np.median([run.saturated_start for run in runs]))) >= SATURATED
        }
        hidden = set(self.settings.activation)
        # Rectifiers are flat on one side by nature.
        if saturated and not any(activations.get(text).kind in RELU_FAMILY for text in hidden):
            word = hidden.pop() if len(hidden) == 1 else "hidden"
            each = [f"{label} starts with {100 * s:.0f} %" for label, s in saturated.items()]
            notes.append(
                f"Saturation: {join(each, MOST_NAMED)} of {word} outputs on the flat part."
            )
        uneven = [
            f"{label} ({100 * min(found):.0f} % against {100 * max(found):.0f} %)"
            for label, runs in groups.items()
            if common_outcome(runs).startswith("learned")
            and (found := [run.accuracy for run in runs])
            and max(found) - min(found) >= 0.1
        ]
        if uneven:
            notes.append(
                f"Some seeds of {join(uneven, MOST_NAMED)} end far below others: look at the "
                "spread, not at one run."
            )
        return notes

    def __repr__(self) -> str:
        """Return the table as text; of more than 40 schemes the first and the last 20."""
        return repr(self._short_table())

    def _repr_html_(self) -> str:
        return self._short_table()._repr_html_()

    def _short_table(self) -> Table:
        table = self.table()
        left = len(table.rows) - 2 * ROWS_AT_EACH_END
        if left <= 0:
            return table
        gap = ("...", *("" for _ in table.columns[1:]))
        rows = (*table.rows[:ROWS_AT_EACH_END], gap, *table.rows[-ROWS_AT_EACH_END:])
        note = f"{left:,} of {len(table.rows):,} schemes are left out; .to_frame() has every run."
        return replace(table, rows=rows, notes=(*table.notes, note))

    def values(self, measure: str) -> dict[str, NDArray[np.float64]]:
        """Return a measure of every run: the numbers behind the table, by scheme.

        Parameters
        ----------
        measure : str
            "first_loss", "final_loss", "accuracy", ...: a column of `to_frame` that holds numbers.

        Returns
        -------
        dict of str to ndarray of shape (seeds,)
            By label; one value a seed, in the order of `seeds`, of those whose net had finished.
            NaN where it does not apply.

        Raises
        ------
        ValueError
            If there is no such measure.
        TypeError
            If it is not text.

        Examples
        --------
        >>> import initlens as il
        >>> result = il.compare(["zeros", "he_normal"], steps=500, seeds=4)
        >>> {label: losses.shape for label, losses in result.values("final_loss").items()}
        {'zeros': (4,), 'he_normal': (4,)}
        """
        columns = self._columns()
        measures = [name for name in columns if name not in ("scheme", "seed", "outcome")]
        name = choice("measure", measure, measures)
        numbers = np.array(columns[name], dtype=np.float64)  # None becomes NaN
        schemes = np.array(columns["scheme"], dtype=object)
        return {label: numbers[schemes == label] for label in self.schemes}

    def to_frame(self) -> Any:
        """Return a `pandas.DataFrame` with one row a run.

        Returns
        -------
        pandas.DataFrame
            Columns scheme, seed, first_loss, final_loss, chance_loss, accuracy, test_accuracy,
            distinct_start, units_start, distinct_end, units_end, saturated_start, steps,
            diverged_at and outcome.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return data_frame(self._columns())

    def _columns(self) -> dict[str, list[Any]]:
        """Return the columns of `to_frame`, a value a run; of units a count and all of them."""
        columns: dict[str, list[Any]] = {}
        for run in self.runs:
            for item in fields(run):
                value = getattr(run, item.name)
                if item.name.startswith("distinct_"):
                    distinct, every = (None, None) if value is None else value
                    columns.setdefault(item.name, []).append(distinct)
                    name = item.name.replace("distinct", "units")
                    columns.setdefault(name, []).append(every)
                elif item.name != "history":
                    columns.setdefault(item.name, []).append(value)
        return columns

    def to_dict(self, *, histories: bool = False) -> dict[str, Any]:
        """Return the whole recipe and its results, in lists and numbers that JSON can hold.

        Parameters
        ----------
        histories : bool, default False
            With all that was recorded in training.

        Returns
        -------
        dict
            Versions and machine, data, settings, schemes, seeds, elapsed time, runs.
        """
        return {
            "versions": jsonable(config()),
            "data": jsonable(self.data),
            "layers": list(self.settings.layers),
            "activation": list(self.settings.activation),
            "loss": self.settings.loss,
            "dtype": self.settings.dtype,
            "optimizer": self.optimizer.to_dict(),
            "steps": self.steps,
            "batch_size": self.batch_size,
            "record": self.record,
            "schemes": {label: str(scheme) for label, scheme in self.schemes.items()},
            "seeds": list(self.seeds),
            "elapsed_seconds": self.elapsed,
            "interrupted": self.interrupted,
            "runs": [
                run.to_dict() | ({"history": run.history.to_dict()} if histories else {})
                for run in self.runs
            ],
        }

    def _page(self) -> str:
        from ..report import comparison_page

        return comparison_page(self)

    def plot(self, ax: Any = None) -> LossDisplay:
        """Draw median and range of the loss of every scheme, and the loss at chance.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; a new figure by default.

        Returns
        -------
        LossDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        curves = [
            LossCurves.of(label, [run.history for run in runs])
            for label in self.schemes
            if (runs := self.of(label))
        ]
        return plot_losses(
            *(curves, self.runs[0].chance_loss),
            ax=ax,
            title=self._picture_title(),
            quantity="loss" if self.batch_size is None else "loss of the batch",
        )

    def plot_units(self, ax: Any = None) -> UnitsDisplay:
        """Draw distinct units and unit spread of every scheme: median and range over its seeds.

        Of nets of several hidden layers it is the smallest share and the smallest spread at each
        step.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or array of two, optional
            Where; the place of a single one is divided. A new figure by default.

        Returns
        -------
        UnitsDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If nothing was recorded, or the nets have no hidden layer.
        """
        curves = [
            UnitCurves.of(label, [run.history for run in runs])
            for label in self.schemes
            if (runs := self.of(label))
        ]
        return plot_units(curves, ax=ax, title=self._picture_title())

    def plot_ridges(
        self, scheme: str, seed: int | None = None, *, of: Of = "activations", ax: Any = None
    ) -> RidgeDisplay:
        """Draw activations or gradients by layer at the start, in the middle and at the end.

        The net is trained again: see `network`.

        Parameters
        ----------
        scheme : str
            Its label, as in the table.
        seed : int, optional
            One of `seeds`; that of the run with the median final loss by default.
        of : {"activations", "gradients"}, default "activations"
            See `plotting.plot_ridges`.
        ax : matplotlib.axes.Axes or array of three, optional
            Where; the place of a single one is divided. A new figure by default.

        Returns
        -------
        RidgeDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no such label or seed, or the nets have no hidden layer.
        """
        chosen = self._seed(scheme, seed)
        places = {"start": 0, "middle": self.steps // 2, "end": self.steps}
        nets = {
            f"{place}: step {step:,}": partial(self.network, scheme, chosen, steps=step)
            for place, step in places.items()
        }
        return plot_ridges(_Again(nets), *self._samples, of=of, ax=ax)

    def plot_boundaries(
        self,
        schemes: str | Sequence[str] | None = None,
        seed: int | None = None,
        *,
        units: bool = True,
        ax: Any = None,
    ) -> BoundaryDisplay:
        """Draw the decision boundary of a net of each scheme, and of its units.

        The nets are trained again: see `network`.

        Parameters
        ----------
        schemes : str or sequence of str, optional
            Labels, as in the table; all by default.
        seed : int, optional
            One of `seeds`; for each scheme that of its median final loss by default.
        units : bool, default True
            With the units of the first hidden layer.
        ax : matplotlib.axes.Axes or array of one a panel, optional
            Where; the place of a single one is divided. A new figure by default.

        Returns
        -------
        BoundaryDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no such label or seed, or the data have not two features.
        """
        if schemes is None:
            schemes = [label for label in self.schemes if self.of(label)]
        labels = [schemes] if isinstance(schemes, str) else schemes
        nets = {
            label: partial(self.network, label, self._seed(label, seed))
            for label in map(self._label, labels)
        }
        if not nets:
            raise ValueError("schemes is empty; give a label at least, or None for all")
        return plot_boundaries(_Again(nets), *self._samples, units=units, ax=ax)

    def _picture_title(self) -> str:
        return f"{self._net_text()} on {self.data['name']} data"


class _Again(Mapping[str, Network]):
    """Nets of a comparison by label, each trained again when it is asked for."""

    def __init__(self, nets: Mapping[str, Callable[[], Network]]) -> None:
        self.nets = nets

    def __getitem__(self, label: str) -> Network:
        return self.nets[label]()

    def __iter__(self) -> Iterator[str]:
        return iter(self.nets)

    def __len__(self) -> int:
        return len(self.nets)


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
        One net a scheme and seed; an int n means ``range(n)``. Net and order of minibatches depend
        on the seed alone.
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
    chosen_optimizer = optimizers.get(optimizer)
    total, batch, every = training_counts(steps, batch_size, record)
    plan = _Plan(
        settings=Network(widths, activation, loss, dtype).settings,
        optimizer=chosen_optimizer._spec(),
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
    distinct: list[int] = field(default_factory=list)

    def measure(self, samples: NDArray[Any], target: NDArray[Any]) -> None:
        self.loss = self.net._loss(samples, target)
        self.distinct = self.net._distinct_units()


@dataclass(frozen=True, eq=False)
class _Plan:
    """What all nets of a comparison share."""

    settings: Settings
    optimizer: OptimizerDict
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
        for start in starts:
            start.measure(samples, target)
        results = Network._fit_many(
            nets,
            samples,
            target,
            [self.optimizer] * len(nets),
            self.steps,
            self.batch_size,
            self.record,
            lambda _: self.stop.is_set(),
        )
        return [
            self._finish(label, seed, start, result, samples, target)
            for (label, _, seed), start, result in zip(tasks, starts, results, strict=True)
            if result["steps"] == self.steps or result["diverged"]
        ]

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
        saturated = history.worst_saturated(0) if len(history.steps) else float("nan")
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
            outcome=outcome_of(start.loss, final_loss, history, distinct_end, saturated),
            history=history,
        )


def named_schemes(schemes: Schemes) -> dict[str, Scheme]:
    """Return schemes by label: that of a dict, else their own text."""
    if isinstance(schemes, Mapping):
        for label in schemes:
            if not isinstance(label, str):
                raise TypeError(
                    f"labels of schemes must be text, got {label!r}; write {str(label)!r}"
                )
        named = {str(label): _labelled(label, scheme) for label, scheme in schemes.items()}
        if blank := [label for label in named if not label.strip()]:
            raise ValueError(f"schemes has the label {blank[0]!r}: give one that can be seen")
    else:
        texts = isinstance(schemes, np.ndarray) and schemes.dtype.kind not in "fiub"
        if not texts and (isinstance(schemes, str | Scheme | np.ndarray) or callable(schemes)):
            schemes = [schemes]
        elif not isinstance(schemes, Sequence):
            raise TypeError(f"schemes must be a list or a dict of schemes, got {shown(schemes)}")
        found = [initializers.get(scheme) for scheme in schemes]
        named = {str(scheme): scheme for scheme in found}
        if len(named) < len(found):
            twice = [label for label, n in Counter(map(str, found)).items() if n > 1]
            raise ValueError(
                f"schemes holds {join(twice)} twice; leave one out, or, in Python, give a dict of "
                "labels and schemes"
            )
    if not named:
        raise ValueError("schemes is empty; give one at least, such as he_normal")
    return named


def _labelled(label: str, scheme: SchemeLike) -> Scheme:
    """Return the scheme; a function under its label, which messages then name."""
    if callable(scheme) and not isinstance(scheme, Scheme | type):
        return Custom(label, scheme)
    return initializers.get(scheme)


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


def _worst(pairs: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    known = [pair for pair in pairs if pair is not None]
    return min(known, key=lambda pair: pair[0] / pair[1], default=None)


def _spread(values: Sequence[float], text: Callable[[float], str]) -> str:
    """Write the median, and the range where it can be seen."""
    array = np.asarray(values)
    low, middle, high = (text(float(f(array))) for f in (np.min, np.median, np.max))
    return middle if low == high else f"{middle} [{low}, {high}]"


def _ratio(value: float) -> str:
    if value < 10.0:
        return f"{value:.1f}"
    return f"{value:.0f}" if value < 10_000.0 else f"{value:.2g}"


def _percent(value: float) -> str:
    return "-" if np.isnan(value) else f"{100 * value:.1f}"
