"""Ray: the loss along an optimizer's first step, how far the run goes, and where to."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._tools.selection import evenly
from ..tables import Table
from ._figure import (
    COLOURS,
    FARTHEST_LOG,
    MOST_LABELS,
    axes,
    check_axes,
    check_kind,
    grid,
    left_out,
    literal,
    needs_matplotlib,
    one_line,
    readable_log,
    told,
    whole_numbers,
    wrapped,
)
from .display import Display
from .protocols import FirstStepLike

__all__ = ["FirstStepDisplay", "plot_first_step"]

MOST_TICKS: Final = 3  # of a narrow panel
ENOUGH, LITTLE = COLOURS[0], COLOURS[3]  # the markers differ, too


@dataclass(frozen=True, eq=False, repr=False)
class FirstStepDisplay(Display):
    """A picture of an optimizer's first step, and what is in it.

    Parameters
    ----------
    ax_ : ndarray of 3 matplotlib Axes, or matplotlib Axes
        Loss along the step; move of each layer in the run; aim and lin. The first alone where one
        axes was given.
    figure_ : matplotlib Figure
        Where it was drawn.
    lines_ : list of matplotlib Line2D
        The ray with the start as its first point, the line at chance, and what lies at the edges.
    points_ : list of matplotlib Line2D
        Moves: enough, too little, beyond the axis; those that there are.
    bars_ : list of matplotlib Rectangle
        Aim and lin, of those that are known.
    optimizer : str
        Whose step, with its settings.
    steps : int
        Of the run.
    multiples : ndarray of shape (M,)
        Of the first step.
    ratios : ndarray of shape (1 + M,)
        Loss over the loss at chance: at the start and after each multiple of the step; infinite
        where it overflows.
    travel : dict of str to float
        For each layer drawn, the move of its weights in one step times the steps, in norms of the
        weights; infinite for zero weights that move.
    bound : float
        A travel below it is too little.
    aim : float
        Cosine between the first change of the outputs and y, both without means.
    lin : float or None
        Share of y that linearised training learns in the run; None where it was not measured.
    offered : int
        Number of layers there were to draw.
    """

    lines_: list[Any]
    points_: list[Any]
    bars_: list[Any]
    optimizer: str
    steps: int
    multiples: NDArray[np.float64]
    ratios: NDArray[np.float64]
    travel: Mapping[str, float]
    bound: float
    aim: float
    lin: float | None
    offered: int

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        start, *after = self.ratios
        ray = ", ".join(
            f"{_digits(ratio)} after {multiple:g}"
            for multiple, ratio in zip(self.multiples, after, strict=True)
        )
        words = [
            f"First step of {self.optimizer}. Loss over the loss at chance on a logarithmic axis: "
            f"{_digits(start)} at the start, {ray} times the step."
        ]
        if self.points_ or self.bars_:  # more than the ray is drawn
            far = [f"{one_line(name)}: {_digits(far)}" for name, far in self.travel.items()]
            if far:
                each = told(far)
                words.append(f"Move in {self.steps:,} steps, in norms of the weights: {each}.")
            words += [f"{name} {_digits(value)}." for name, value in self._gauges()]
        return " ".join([*words, *self.table().notes])

    def _gauges(self) -> list[tuple[str, float]]:
        return [("aim", self.aim), ("lin", math.nan if self.lin is None else self.lin)]

    def table(self) -> Table:
        """Return the losses, the moves of the layers, and aim and lin, one per row.

        Returns
        -------
        Table
        """
        places = ["start", *(f"{multiple:g} x step" for multiple in self.multiples)]
        losses = zip(places, map(_digits, self.ratios), strict=True)
        rows = [
            *(("loss / chance", *row) for row in losses),
            *(("move x steps", name, _digits(far)) for name, far in self.travel.items()),
            *((name, "-", _digits(value)) for name, value in self._gauges()),
        ]
        far = np.array(list(self.travel.values()))
        known = far[~np.isnan(far)]
        found = (
            "A loss that is infinite is drawn at the top." if np.isinf(self.ratios).any() else "",
            "A loss of 0 is drawn at the bottom." if (self.ratios == 0).any() else "",
            "A move that is infinite, as that of zero weights, is drawn at the right edge."
            if np.isinf(far).any()
            else "",
            "A move of 0 is drawn at the left edge." if (far == 0).any() else "",
            f"Not even the fastest layer moves by {self.bound:g} of its norm: too little."
            if known.size and known.max() < self.bound
            else "",
            *left_out((len(self.travel), self.offered, "layers")),
        )
        title = f"First step of {self.optimizer}, {self.steps:,} steps to come"
        return Table(title, ("number", "at", "value"), tuple(rows), tuple(filter(None, found)))


def plot_first_step(
    step: FirstStepLike, *, bound: float, ax: Any = None, title: str = ""
) -> FirstStepDisplay:
    """Draw the loss along an optimizer's first step, how far the run moves each layer, and where.

    Parameters
    ----------
    step : FirstStep or ForeignStep
        What was measured. Of more than 12 tensors with names so many that lie evenly between the
        first and the last.
    bound : float
        Share of the norm of its weights that a layer moves by in the run: less is too little.
    ax : matplotlib.axes.Axes or array of three, optional
        Where; on a single one the loss is drawn alone. A new figure by default. Nothing is shown,
        and no global setting is touched.
    title : str, optional
        Of a new figure, or of axes that have none yet; names the optimizer by default.

    Returns
    -------
    FirstStepDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the loss at chance is 0, as for targets that are all equal, or not finite, or `ax` holds
        another number of axes.
    TypeError
        If an argument is of another kind.

    Notes
    -----
    The loss is that along a straight line, the step times 1, 3, 10 and 30, over the loss of the
    best constant output. A layer's move is norm(step) / norm(W), times the steps of the run.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> net = il.Network([2, 8, 1]).initialize("zeros")
    >>> found = il.diagnose(net, flower.X, flower.y, optimizer=il.SGD(0.1), steps=100)
    >>> display = found.plot_first_step()
    >>> [row[2] for row in display.table().rows if row[0] == "loss / chance"]
    ['1', '1', '1', '1', '1']
    """
    check_kind("step", step, FirstStepLike, "FirstStep")
    if not 0 < step.chance < math.inf:
        raise ValueError(
            f"the loss at chance is {step.chance:g}, so there is nothing to hold the losses against"
        )
    alone = ax is not None and np.ndim(np.asarray(ax, dtype=object)) == 0
    if not alone:
        check_axes(ax, 1, 3, "a single one for the loss alone")
    panels = np.array([axes(ax)]) if alone else grid(ax, 1, 3, 3.6).reshape(-1)
    ray = panels[0]
    words = title or f"first step of {step.optimizer}"
    if ax is None:
        literal([ray.figure.suptitle(wrapped(words, 80, 2), fontsize="medium")])
    elif not ray.get_title():
        literal([ray.set_title(wrapped(words, 40, 2), fontsize="medium")])
    multiples = np.array(step.multiples, dtype=np.float64)
    ratios = np.array([_over(loss, step.chance) for loss in (step.loss, *step.ray)])
    lines = _draw_ray(ray, multiples, ratios)
    named = isinstance(step.move, Mapping)
    moves = step.move if isinstance(step.move, Mapping) else _numbered(step.move)
    names = list(moves)
    if named:
        names = [names[i] for i in evenly(len(names), MOST_LABELS)]
    travel = {name: float(moves[name]) * step.steps for name in names}
    points: list[Any] = []
    bars: list[Any] = []
    if not alone:
        points = _draw_travel(panels[1], travel, bound, named)
        bars = _draw_gauges(panels[2], step.aim, step.lin)
    return FirstStepDisplay(
        *(ray if alone else panels, ray.figure, lines, points, bars),
        optimizer=str(step.optimizer),
        steps=step.steps,
        multiples=multiples,
        ratios=ratios,
        travel=travel,
        bound=bound,
        aim=step.aim,
        lin=step.lin,
        offered=len(moves),
    )


def _numbered(moves: Sequence[float]) -> dict[str, float]:
    return {f"layer {number}": move for number, move in enumerate(moves, 1)}


def _over(loss: float, chance: float) -> float:
    return float(loss) / chance if math.isfinite(loss) else math.inf


def _limits(values: Sequence[float], least: float, most: float) -> tuple[float, float]:
    """Return the ends of a logarithmic axis that has these places and those values that it can."""
    within = [v for v in values if 1.0 / FARTHEST_LOG <= v <= FARTHEST_LOG]
    low, high = math.log10(min([least, *within])), math.log10(max([most, *within]))
    room = 0.2 + 0.1 * (high - low)  # for what is said at the edges
    return float(10.0 ** (low - room)), float(10.0 ** (high + room))


def _draw_ray(ax: Any, multiples: NDArray[np.float64], ratios: NDArray[np.float64]) -> list[Any]:
    """Draw the losses, the start a place before the first step."""
    edge = ax.spines["left"].get_edgecolor()  # black on a light page, white on a dark one
    places = np.array([multiples[0] / 3.0, *multiples])
    low, high = _limits(ratios.tolist(), 0.5, 2.0)  # no change is to look like none
    ax.set(xscale="log", yscale="log", xlabel="multiple of the first step", ylabel="loss / chance")
    ax.set_xlim(places[0] / 1.8, places[-1] * 4.5)
    ax.set_ylim(low, high)
    inside = np.where((ratios >= low) & (ratios <= high), ratios, np.nan)
    chance = ax.axhline(1.0, color=edge, linestyle=":", zorder=1)
    line = ax.plot(places, inside, color=COLOURS[0], marker="o", markersize=6, zorder=3)
    start = ax.plot(
        *(places[:1], inside[:1]),
        color=COLOURS[0],
        marker="s",
        markersize=9,
        markerfacecolor=ax.get_facecolor(),
        linestyle="none",
        zorder=4,
    )
    last = inside[np.isfinite(inside)][-1:]
    above = not last.size or last[0] < 1.0  # on the other side of the line than the curve
    where, offset = (0.98, 1.0), (0, 2 if above else -3)
    kind = ("axes fraction", "data")
    _say(ax, "chance", where, offset, kind, "right", "bottom" if above else "top")
    lines = [*line, chance, *start]
    for some, limit, marker, down in (
        (ratios > high, high, "^", -8),
        (ratios < low, low, "v", 8),
    ):
        if some.any():
            at = places[some]
            look = {"color": LITTLE, "marker": marker, "markersize": 9, "linestyle": "none"}
            lines += ax.plot(at, np.full(at.size, limit), clip_on=False, zorder=4, **look)
            middle = math.sqrt(at[0] * at[-1])
            side = "top" if down < 0 else "bottom"
            _say(ax, _beyond(ratios[some]), (middle, limit), (0, down), "data", "center", side)
    ax.set_xticks(places, ["start", *(f"{multiple:g}" for multiple in multiples)])
    ax.xaxis.set_minor_locator(needs_matplotlib("ticker").NullLocator())
    readable_log(ax.yaxis)
    return lines


def _beyond(values: NDArray[np.float64]) -> str:
    """Say what no logarithmic axis has a place for."""
    if (values == 0).all():
        return "0"
    if np.isinf(values).all():
        return "infinite"
    return f"above {FARTHEST_LOG:g}" if values[-1] > 1 else f"below {1 / FARTHEST_LOG:g}"


def _say(ax: Any, words: str, place: Any, offset: Any, coordinates: Any, ha: str, va: str) -> None:
    """Write small words at some points from a place."""
    ax.annotate(
        *(words, place, offset, coordinates, "offset points"),
        ha=ha,
        va=va,
        fontsize="small",
        annotation_clip=False,
    )


def _draw_travel(ax: Any, travel: Mapping[str, float], bound: float, named: bool) -> list[Any]:
    """Draw the moves of the layers, the first one at the top; return what there is of them."""
    edge = ax.spines["left"].get_edgecolor()
    far = np.array(list(travel.values()))
    rows = np.arange(1, far.size + 1)
    low, high = _limits(far.tolist(), bound, 1.0)
    ax.set(xscale="log", xlabel="move x steps\n(in norms of the weights)")
    ax.set_xlim(low, high)
    ax.set_ylim(far.size + 0.6, 0.4)
    ax.axvline(bound, color=edge, linestyle=":", zorder=1)
    is_left = math.log(bound / low) < 0.5 * math.log(high / low)
    _say(
        *(ax, "← too little", (bound, 1.0), (0, 3), ("data", "axes fraction")),
        *("left" if is_left else "right", "bottom"),
    )
    inside = (far >= low) & (far <= high)
    size = 8 if far.size <= MOST_LABELS else 5
    points: list[Any] = []
    for some, at, colour, marker in (
        (inside & (far >= bound), far, ENOUGH, "o"),
        (inside & (far < bound), far, LITTLE, "X"),
        (far > high, np.full(far.size, high), LITTLE, ">"),
        (far < low, np.full(far.size, low), LITTLE, "<"),
    ):
        if some.any():
            look = {"color": colour, "marker": marker, "markersize": size, "linestyle": "none"}
            points += ax.plot(at[some], rows[some], clip_on=False, zorder=3, **look)
    for beyond, limit, side in ((far > high, high, -1), (far < low, low, 1)):
        if beyond.any():  # once: the marker says it of the others
            place = (limit, rows[beyond][0])
            ha = "right" if side < 0 else "left"
            _say(ax, _beyond(far[beyond]), place, (8 * side, 0), "data", ha, "center")
    if named:
        ax.set_yticks(rows, _short(list(travel)), fontsize="small")
        literal(ax.get_yticklabels())
    else:
        ax.set_ylabel("layer")
        whole_numbers(ax.yaxis)
    readable_log(ax.xaxis)
    ticks = ax.get_xticks()
    ticks = ticks[(low <= ticks) & (ticks <= high)]
    ticks = ticks[:: -(-ticks.size // MOST_TICKS)]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    return points


def _short(names: Sequence[str]) -> list[str]:
    """Return the names without the modules that they have in common."""
    parts = [name.split(".") for name in names]
    columns = zip(*(one[:-1] for one in parts), strict=False)
    shared = len(list(takewhile(lambda column: len(set(column)) == 1, columns)))
    return [one_line(".".join(one[shared:]).removesuffix(".weight"), 24) for one in parts]


def _draw_gauges(ax: Any, aim: float, lin: float | None) -> list[Any]:
    """Draw aim and lin as parts of a frame, and return these parts."""
    edge = ax.spines["left"].get_edgecolor()
    low = -1.0 if aim < 0 else 0.0
    ax.set(xlim=(low, 1.0), ylim=(-0.4, 1.9), yticks=[])
    ax.set_xticks([low, (low + 1.0) / 2.0, 1.0])
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    bars: list[Any] = []
    for name, place, least, value, colour, hatch, words in (
        ("aim", 1.0, low, aim, COLOURS[0], "", "cosine between\nfirst change and targets"),
        ("lin", 0.0, 0.0, lin, COLOURS[1], "//", "share of targets that\nlinear training learns"),
    ):
        text = f"{name}: not measured"
        if value is not None and math.isfinite(value):
            text = f"{name} {value:.2g}: {words}"
            bars += ax.barh(place, value, 0.3, color=colour, hatch=hatch, edgecolor=edge, lw=0)
        frame = {"fill": False, "edgecolor": edge, "lw": 0.8, "clip_on": False}
        ax.barh(place, 1.0 - least, 0.3, least, **frame)
        _say(ax, text, (0.0, place + 0.15), (0, 4), ("axes fraction", "data"), "left", "bottom")
    if low < 0:
        ax.vlines(0.0, 0.85, 1.15, color=edge, linewidth=0.8)
    return bars


def _digits(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"
