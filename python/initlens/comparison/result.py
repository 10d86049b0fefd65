"""Comparison: nets that differ in their initialization alone, as a table and in pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._config import configuration
from .._tools.checks import choice, integer
from .._tools.format import number, share, units
from .._tools.seeds import seeds_text
from .._tools.text import counted, join, jsonable, shown, unknown
from ..activations import RELU_FAMILY
from ..activations import get as get_activation
from ..initializers import Scheme
from ..initializers import get as get_scheme
from ..nets.network import Network, Settings
from ..optimizers import Optimizer
from ..plotting import (
    BoundaryDisplay,
    LossCurves,
    LossDisplay,
    RidgeDisplay,
    UnitCurves,
    UnitsDisplay,
    plot_boundaries,
    plot_losses,
    plot_ridges,
    plot_units,
)
from ..plotting.ridges import Of
from ..report import Reported, page, pictures, reproduction, section, table_html
from ..tables import Table
from .call import compare_call
from .outcomes import LEARNED_TEXT, SATURATED, common_outcome
from .problem import digest, layers_text
from .runs import Run

__all__ = ["Comparison"]

MOST_NAMED: Final = 6  # schemes in a sentence
ROWS_AT_EACH_END: Final = 20  # of a long table where it is shown


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Reported):
    """Nets that differ in their initialization alone: what `compare` returns.

    `to_frame` has one row per run: scheme, seed, first_loss, final_loss, chance_loss, accuracy,
    test_accuracy, distinct_start, units_start, distinct_end, units_end, saturated_start, steps,
    diverged_at and outcome.

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
            One per seed.

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
            written = str(get_scheme(text))
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
        """Return one row per scheme: median and range over its seeds.

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
        # Rectifiers are flat on one side by nature. That goes for relu6 too, whose upper side
        # `diagnose` judges: what a run records is the share of both sides together.
        if saturated and not any(get_activation(text).kind in RELU_FAMILY for text in hidden):
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
        if any(common_outcome(runs).startswith("learned") for runs in groups.values()):
            notes.append(LEARNED_TEXT)
        return [*notes, *self._answers()]

    def _answers(self) -> list[str]:
        """Hold the verdicts at the start against the outcomes."""
        judged = [run for run in self.runs if run.answer]
        each = []
        for answer in ("error", "unknown", "healthy"):
            runs = [run for run in judged if run.answer == answer]
            if runs:
                learned = sum(run.outcome == "learned" for run in runs)
                labels = dict.fromkeys(run.scheme for run in runs)
                each.append(
                    f"{answer} for {join(labels, MOST_NAMED)} ({learned} of {len(runs)} learned)"
                )
        if not each:
            return []
        which = "" if len(judged) == len(self.runs) else f" of {counted(len(judged), 'run')}"
        return [f"Verdict at the start{which}: {'; '.join(each)}."]

    def _shown(self) -> Table:
        """Return the table; of more than 40 schemes the first and the last 20."""
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
            By label; one value per seed, in the order of `seeds`, of those whose net had finished.
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
        measures = [name for name in columns if name not in ("scheme", "seed", "outcome", "answer")]
        name = choice("measure", measure, measures)
        numbers = np.array(columns[name], dtype=np.float64)  # None becomes NaN
        schemes = np.array(columns["scheme"], dtype=object)
        return {label: numbers[schemes == label] for label in self.schemes}

    def _columns(self) -> dict[str, list[Any]]:
        """Return the columns of `to_frame`, one value per run; of units, distinct and all."""
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
            "versions": jsonable(configuration()),
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
        count = len(self.schemes)
        what = f"{count} initializations" if count > 1 else "one initialization"
        data = self.data
        facts = {
            "samples x features": f"{data['samples']:,} x {data['features']}",
            "SHA-256 of the data": data["sha256"],
        }
        if data["held_out"] is not None:
            facts["held-out samples"] = f"{data['held_out']['samples']:,}"
        return page(
            f"{what} on {data['name']} data",
            (
                section("Outcomes", table_html(self.table())),
                pictures(
                    [
                        ("Loss", self.plot),
                        ("Distinct units and their spread", self.plot_units),
                        ("Decision boundaries", self.plot_boundaries),
                    ]
                ),
                reproduction(compare_call(self), facts),
            ),
        )

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
        return plot_ridges(RetrainedNets(nets), *self._samples, of=of, ax=ax)

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
        ax : matplotlib.axes.Axes or array of one per panel, optional
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
        return plot_boundaries(RetrainedNets(nets), *self._samples, units=units, ax=ax)

    def _picture_title(self) -> str:
        return f"{self._net_text()} on {self.data['name']} data"


class RetrainedNets(Mapping[str, Network]):
    """Nets of a comparison by label, each trained again when it is asked for."""

    def __init__(self, nets: Mapping[str, Callable[[], Network]]) -> None:
        self.nets = nets

    def __getitem__(self, label: str) -> Network:
        return self.nets[label]()

    def __iter__(self) -> Iterator[str]:
        return iter(self.nets)

    def __len__(self) -> int:
        return len(self.nets)


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
