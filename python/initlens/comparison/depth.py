"""Depth: what becomes of a scale of the weights as the net gets deeper."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .._tools.checks import integer, real
from .._tools.progress import Progress, reporter
from .._tools.text import counted, join
from ..activations import Activation
from ..initializers import Normal, SchemeLike
from ..optimizers import Optimizer
from ..plotting.scale_by_depth import ratio_table
from ..tables import Result, Table
from .plan import compare
from .problem import Data
from .result import Comparison

if TYPE_CHECKING:
    from ..plotting import ScaleByDepthDisplay

__all__ = ["DEPTHS", "SCALES", "ScaleByDepth", "scale_by_depth"]

SCALES: Final = (0.01, 0.1, 0.3, 1.0, 3.0, "glorot_normal", "he_normal")
DEPTHS: Final = (1, 2, 4, 8, 16)


@dataclass(frozen=True, eq=False, repr=False)
class ScaleByDepth(Result):
    """Nets of several scales and depths: what `scale_by_depth` returns.

    `to_frame` has one row per cell: scale, depth, ratio (of the median final loss to the loss at
    chance) and outcome.

    Parameters
    ----------
    comparisons : dict of int to Comparison
        By number of hidden layers; each holds all scales.
    scales : tuple of str
        Labels of the rows.
    depths : tuple of int
        Numbers of hidden layers, the columns.
    width : int
        Units of each hidden layer.
    elapsed : float
        Seconds.
    interrupted : bool
        Whether Ctrl-C ended it; what had not finished is empty then.
    """

    comparisons: Mapping[int, Comparison]
    scales: tuple[str, ...]
    depths: tuple[int, ...]
    width: int
    elapsed: float
    interrupted: bool

    def outcome(self, scale: str, depth: int) -> str:
        """Return what became of a cell: the outcome of most of its seeds, "-" if none finished.

        Parameters
        ----------
        scale : str
            One of `scales`.
        depth : int
            One of `depths`.

        Returns
        -------
        str
            As in the table of a `Comparison`.

        Raises
        ------
        ValueError
            If there is no such cell.
        """
        if depth not in self.depths:
            raise ValueError(f"depth {depth} is none of {join(map(str, self.depths))}")
        return self.comparisons[depth].outcome(scale) if depth in self.comparisons else "-"

    def ratios(self) -> NDArray[np.float64]:
        """Return the median final loss over the loss at chance, (scales, depths).

        Returns
        -------
        ndarray
            inf where most seeds diverged; NaN for a cell without a finished net, or where the loss
            at chance is 0.
        """
        out = np.full((len(self.scales), len(self.depths)), np.nan)
        for (row, column), _ in np.ndenumerate(out):
            comparison = self.comparisons.get(self.depths[column])
            runs = () if comparison is None else comparison.of(self.scales[row])
            if runs and runs[0].chance_loss > 0:
                losses = [run.final_loss for run in runs]
                median = np.median(np.nan_to_num(losses, nan=np.inf, posinf=np.inf))
                out[row, column] = median / runs[0].chance_loss
        return out

    def learned(self) -> NDArray[np.bool_]:
        """Return whether most seeds of each cell learned, (scales, depths)."""
        return np.array(
            [
                [self.outcome(scale, depth).startswith("learned") for depth in self.depths]
                for scale in self.scales
            ]
        )

    def table(self) -> Table:
        """Return the ratios, one row per scale and one column per number of hidden layers.

        Returns
        -------
        Table
        """
        table = ratio_table(self.scales, self.depths, self.ratios(), self.learned())
        return replace(table, title=self._title())

    def _title(self) -> str:
        one = next(iter(self.comparisons.values()))
        left = " · interrupted" if self.interrupted else ""
        return (
            f"{one.data['name']} data · hidden layers of {self.width} {self._activation()} · "
            f"{one.optimizer}, {counted(one.steps, 'step')} · {counted(len(one.seeds), 'seed')} · "
            f"{self.elapsed:.1f} s{left}"
        )

    def _activation(self) -> str:
        deepest = self.comparisons[max(self.comparisons)]
        return " ".join(dict.fromkeys(deepest.settings.activation))

    def _columns(self) -> dict[str, Any]:
        cells = [(scale, depth) for scale in self.scales for depth in self.depths]
        return {
            "scale": [scale for scale, _ in cells],
            "depth": [depth for _, depth in cells],
            "ratio": self.ratios().reshape(-1),
            "outcome": [self.outcome(*cell) for cell in cells],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the whole recipe and its results, in lists and numbers that JSON can hold.

        Returns
        -------
        dict
            Scales, depths, width, elapsed time, and each `Comparison.to_dict`.
        """
        return {
            "scales": list(self.scales),
            "depths": list(self.depths),
            "width": self.width,
            "elapsed_seconds": self.elapsed,
            "interrupted": self.interrupted,
            "comparisons": [comparison.to_dict() for comparison in self.comparisons.values()],
        }

    def plot(self, ax: Any = None) -> ScaleByDepthDisplay:
        """Draw the ratios as a heat map with its numbers; cells that did not learn are hatched.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; a new figure by default.

        Returns
        -------
        ScaleByDepthDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from ..plotting import plot_scale_by_depth

        one = next(iter(self.comparisons.values()))
        title = (
            f"{one.data['name']} data, hidden layers of {self.width} {self._activation()}, "
            f"{counted(one.steps, 'step')}"
        )
        return plot_scale_by_depth(
            self.scales, self.depths, self.ratios(), self.learned(), ax=ax, title=title
        )


def scale_by_depth(
    scales: Sequence[float | SchemeLike] = SCALES,
    depths: Iterable[int] = DEPTHS,
    *,
    width: int = 8,
    data: Data = "flower",
    activation: str | Activation = "tanh",
    loss: str | None = None,
    optimizer: str | Optimizer = "sgd(0.1)",
    steps: int = 1_000,
    batch_size: int | None = None,
    seeds: int | Iterable[int] = 3,
    progress: Progress = None,
    n_jobs: int | None = None,
) -> ScaleByDepth:
    """Train nets of several depths from several scales of their weights.

    Parameters
    ----------
    scales : sequence of float or scheme
        Rows. A number s means "normal(s)", the same for every layer; a scheme such as "he_normal"
        looks at the fan-in.
    depths : iterable of int
        Numbers of hidden layers, the columns.
    width : int, default 8
        Units of each hidden layer.
    data : str, Dataset or (X, y), default "flower"
        What to train on.
    activation : str or Activation, default "tanh"
        Of all hidden layers.
    loss : str, optional
        By default cross-entropy, binary for one output.
    optimizer : Optimizer or str, default "sgd(0.1)"
        As in `Network.fit`.
    steps : int, default 1,000
        Optimizer steps of each net.
    batch_size : int, optional
        Samples a step; all of them by default.
    seeds : int or iterable of int, default 3
        As in `compare`.
    progress : bool or callable, optional
        True shows a bar on stderr; a function is called as ``progress(done, nets)``.
    n_jobs : int, optional
        Threads; as many as there are CPUs by default. The bits are the same for any number.

    Returns
    -------
    ScaleByDepth
        After Ctrl-C what had finished, with `ScaleByDepth.interrupted` set.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the data do not fit.
    TypeError
        If an argument is of another kind.
    KeyboardInterrupt
        At Ctrl-C before the first net has finished.

    Examples
    --------
    >>> import initlens as il
    >>> grid = il.scale_by_depth([0.01, "he_normal"], [1, 4], steps=300, seeds=1)
    >>> [[bool(cell) for cell in row] for row in grid.ratios() < 0.99]
    [[True, False], [True, True]]
    """
    begin = time.perf_counter()
    if isinstance(scales, str) or not isinstance(scales, Sequence):
        raise TypeError(f"scales must be a list of numbers and schemes, got {scales!r}")
    if not scales:
        raise ValueError("scales is empty; give one at least, such as 0.01 or 'he_normal'")
    schemes = [_scheme(f"scales[{i}]", scale) for i, scale in enumerate(scales)]
    if not isinstance(depths, Iterable):
        raise TypeError(f"depths must be a list of numbers of hidden layers, got {depths!r}")
    columns = [integer(f"depths[{i}]", depth, minimum=1) for i, depth in enumerate(depths)]
    if not columns or len(set(columns)) < len(columns):
        raise ValueError(f"depths must be different numbers of hidden layers, got {columns}")
    units = integer("width", width, minimum=1)
    # Not trained: it checks the arguments, and has the widths that the data need.
    start = compare(schemes, data=data, loss=loss, seeds=seeds, steps=0, record=0, n_jobs=n_jobs)
    if start.interrupted:
        raise KeyboardInterrupt
    inputs, *_, outputs = start.settings.layers
    each = len(start.schemes) * len(start.seeds)
    found: dict[int, Comparison] = {}
    interrupted = False
    with reporter(progress, each * len(columns), "net") as report:
        for place, depth in enumerate(columns):

            def shifted(done: int, _: int, before: int = each * place) -> None:
                if report is not None:
                    report(before + done)

            try:
                found[depth] = compare(
                    start.schemes,
                    data=data,
                    layers=[inputs, *[units] * depth, outputs],
                    activation=activation,
                    loss=loss,
                    optimizer=optimizer,
                    steps=steps,
                    batch_size=batch_size,
                    seeds=start.seeds,
                    progress=None if report is None else shifted,
                    n_jobs=n_jobs,
                )
                interrupted = found[depth].interrupted
            except KeyboardInterrupt:
                if not found:
                    raise
                interrupted = True
            if interrupted:
                break
    return ScaleByDepth(
        comparisons=found,
        scales=tuple(start.schemes),
        depths=tuple(columns),
        width=units,
        elapsed=time.perf_counter() - begin,
        interrupted=interrupted,
    )


def _scheme(name: str, scale: float | SchemeLike) -> SchemeLike:
    if isinstance(scale, int | float | np.integer | np.floating):
        return Normal(real(name, scale, above=0.0))
    return scale
