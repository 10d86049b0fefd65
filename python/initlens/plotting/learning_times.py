"""Learning time: how long each layer takes to move by its own norm."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tools.selection import evenly
from .._tools.text import join
from ..tables import Table
from ._figure import (
    FARTHEST_LOG,
    MOST_LABELS,
    axes,
    check_kind,
    check_labelled,
    left_out,
    legend,
    literal,
    looks,
    one_line,
    readable_log,
    told,
    whole_numbers,
)
from .display import Display
from .protocols import DiagnosisLike

__all__ = ["LearningTimeDisplay", "plot_learning_times"]


@dataclass(frozen=True, eq=False, repr=False)
class LearningTimeDisplay(Display):
    """A picture of the learning times of layers, and what is in it.

    Parameters
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.
    lines_ : list of matplotlib Line2D
        One per label.
    times : dict of str to ndarray of shape (L,)
        Steps by layer, the data drawn; inf for a layer that no gradient reaches, 0 for zero
        weights.
    offered : int
        Number of labels there were to draw.
    """

    lines_: list[Any]
    times: Mapping[str, NDArray[np.float64]]
    offered: int

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        each = told(
            [f"{one_line(label)}: {_ends(times)} steps" for label, times in self.times.items()]
        )
        notes = " ".join(self.table().notes)
        return f"Learning time by layer on a logarithmic axis. {each}. {notes}"

    def table(self) -> Table:
        """Return the learning times, one row per label and one column per layer.

        Returns
        -------
        Table
        """
        layers = max(times.size for times in self.times.values())
        rows = tuple(
            (label, *map(_steps, times), *("-" for _ in range(layers - times.size)))
            for label, times in self.times.items()
        )
        every = np.concatenate(list(self.times.values()))
        found = (
            "No gradient reaches a layer whose time is infinite; it is drawn at the top."
            if np.isinf(every).any()
            else "",
            "The time of zero weights is 0; it is drawn at the bottom."
            if (every == 0).any()
            else "",
            "Where there is no finite gradient nothing is drawn." if np.isnan(every).any() else "",
            *left_out((len(self.times), self.offered, "nets")),
        )
        notes = filter(None, found)
        columns = ("net", *(f"layer {layer}" for layer in range(1, layers + 1)))
        return Table("Learning time in steps", columns, rows, tuple(notes))


def plot_learning_times(
    diagnoses: Mapping[str, DiagnosisLike], *, ax: Any = None, title: str = ""
) -> LearningTimeDisplay:
    """Draw the learning time of every layer of some nets.

    Parameters
    ----------
    diagnoses : dict of str to Diagnosis
        By label; of more than 12 so many that lie evenly between the first and the last.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure by default. Nothing is shown, and no global setting is touched.
    title : str, optional
        Of axes that have none yet.

    Returns
    -------
    LearningTimeDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no diagnosis, or none with finite gradients.

    Notes
    -----
    norm(W) / norm(dW) / learning rate: steps of SGD until the weights of the layer have moved by
    their norm, at the gradient that was measured.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> nets = [il.Network([2, 8, 8, 1]).initialize(f"normal({std})", rng=0) for std in (0.1, 1)]
    >>> found = {f"std {n.weights[0].std():.1f}": il.diagnose(n, flower.X, flower.y) for n in nets}
    >>> display = il.plotting.plot_learning_times(found)
    >>> [row[0] for row in display.table().rows]
    ['std 0.1', 'std 1.1']
    """
    check_labelled("diagnoses", diagnoses, "Diagnosis objects")
    for label, diagnosis in diagnoses.items():
        check_kind(f"diagnoses[{label!r}]", diagnosis, DiagnosisLike, "Diagnosis")
    every = list(diagnoses)
    times = {
        label: np.array(
            [diagnoses[label].learning_time(i + 1) for i in range(len(diagnoses[label].layers))]
        )
        for label in (every[i] for i in evenly(len(every), MOST_LABELS))
    }
    if all(np.isnan(found).all() for found in times.values()):
        which = "this net has" if len(times) == 1 else f"{join(map(repr, times), 6)} have"
        raise ValueError(
            f"{which} no learning times: diagnose with X and y, before the gradients are infinite"
        )
    ax = axes(ax, 4.0)
    ax.set(xlabel="layer", ylabel="learning time (steps)", yscale="log")
    positive = [t for found in times.values() for t in found if np.isfinite(t) and t > 0]
    low, high = (min(positive), max(positive)) if positive else (1.0, 10.0)
    low, high = max(low, 1.0 / FARTHEST_LOG), min(high, FARTHEST_LOG)
    room = 3.0 * (high / low) ** 0.1  # for what is said at the edges
    low, high = low / room, high * room
    ax.set_ylim(low, high)
    lines = []
    for found, look in zip(times.values(), looks(), strict=False):
        layers = np.arange(1, found.size + 1)
        lines += ax.plot(
            *(layers, np.clip(found, low, high)),
            color=look.color,
            linestyle=look.linestyle,
            marker=look.marker,
            markersize=6,
            clip_on=False,
        )
    whole_numbers(ax.xaxis)
    readable_log(ax.yaxis)
    if title and not ax.get_title():
        literal([ax.set_title(one_line(title, 80))])
    ax.margins(x=0.1)
    for limit, words, place in (
        (math.inf, "no gradient: infinite", 1),
        (0.0, "zero weights: 0", 0),
    ):
        if any((found == limit).any() for found in times.values()):
            ax.annotate(
                *(words, (0.99, place), (0, 6 - 12 * place)),
                xycoords="axes fraction",
                textcoords="offset points",
                ha="right",
                va="top" if place else "bottom",
                fontsize="small",
            )
    if len(diagnoses) > 1:
        legend(ax, lines, list(times), left_out((len(times), len(diagnoses), "nets")))
    return LearningTimeDisplay(ax, ax.figure, lines, times, len(diagnoses))


def _ends(times: NDArray[np.float64]) -> str:
    """Write a few times; of many the first and the last."""
    words = [_steps(time) for time in times]
    return ", ".join(words) if len(words) <= 6 else f"{words[0]}, {words[1]}, ..., {words[-1]}"


def _steps(time: float) -> str:
    if math.isnan(time):
        return "-"
    return f"{time:,.0f}" if 10 <= time < 1e6 else f"{time:.3g}"
