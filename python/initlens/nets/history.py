"""History: what a call of `fit` recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._tools.checks import integer
from .._tools.selection import evenly
from .._tools.text import counted, jsonable
from ..tables import Result, Table

if TYPE_CHECKING:
    from .._core import FitResult  # the stub's own, not there at run time
    from ..plotting import LossDisplay, UnitsDisplay

__all__ = ["LAYER_FIELDS", "History"]

LAYER_FIELDS = (
    "activation_mean",
    "activation_std",
    "saturated",
    "gradient_norm",
    "weight_norm",
    "unit_spread",
    "distinct_units",
)


@dataclass(frozen=True, eq=False, repr=False)
class History(Result):
    """What was recorded in training: R rows, L layers, the output layer last.

    Row r describes the net after `steps[r]` steps of this call, on the batch of the next step.
    `to_frame` has one row per recorded step and layer: step, loss, layer (from 1), and the
    quantities of the layer.

    Parameters
    ----------
    steps : ndarray of shape (R,), int64
        Steps done: 0, k, 2k, ... and the last.
    loss : ndarray of shape (R,), float64
        Loss of that batch.
    activation_mean, activation_std : ndarray of shape (R, L), float64
        Over samples and units.
    saturated : ndarray of shape (R, L), float64
        Share of pairs of unit and sample whose slope is below 5 % of the largest; NaN where it is
        not defined.
    gradient_norm, weight_norm : ndarray of shape (R, L), float64
        Frobenius norms of the weights' gradient and of the weights.
    unit_spread : ndarray of shape (R, L), float64
        Largest distance of a unit (its incoming weights, bias and outgoing weights as one vector)
        from the first of its layer, over their mean norm; 0 where all are copies.
    distinct_units : ndarray of shape (R, L), int64
        Number of units that differ, by at least one bit of their incoming weights, bias or
        outgoing weights.
    widths : tuple of int
        Units of each of the L layers.
    steps_done : int
        Steps taken by this call.
    diverged_at : int or None
        The step at which the gradient of the outputs was not finite; it was not taken.
    stopped : bool
        Whether the caller stopped it early.
    chance_loss : float
        Loss of the best constant guess.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> net = il.Network([2, 4, 1]).initialize("normal(0.01)", rng=3)
    >>> history = net.fit(flower.X, flower.y, steps=200, record=100)
    >>> history.steps.tolist(), history.loss.shape, history.saturated.shape
    ([0, 100, 200], (3,), (3, 2))
    """

    steps: NDArray[np.int64]
    loss: NDArray[np.float64]
    activation_mean: NDArray[np.float64]
    activation_std: NDArray[np.float64]
    saturated: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    weight_norm: NDArray[np.float64]
    unit_spread: NDArray[np.float64]
    distinct_units: NDArray[np.int64]
    widths: tuple[int, ...]
    steps_done: int
    diverged_at: int | None
    stopped: bool
    chance_loss: float

    def table(self, rows: int = 11) -> Table:
        """Return loss and worst hidden layer by step.

        Parameters
        ----------
        rows : int, default 11
            At most so many recorded steps, first and last included.

        Returns
        -------
        Table

        Raises
        ------
        ValueError
            If `rows` is negative.
        TypeError
            If `rows` is not an integer.
        """
        from .._tools.format import number, share, units

        body = tuple(
            (
                f"{self.steps[row]:,}",
                number(self.loss[row]),
                units(self.worst_units(row)),
                share(self.worst_saturated(row)),
                ", ".join(f"{norm:.2g}" for norm in self.gradient_norm[row]),
            )
            for row in evenly(len(self.steps), integer("rows", rows, minimum=0))
        )
        columns = ("step", "loss", "distinct\nunits", "saturated", "gradient norm\nby layer")
        return Table(self._title(), columns, body)

    def _title(self) -> str:
        return f"{self._ending()} · loss at chance {self.chance_loss:.3f}"

    def _ending(self) -> str:
        """Say how many steps were taken, and why not more."""
        if self.diverged_at is not None:
            end = f", diverged at step {self.diverged_at:,}"
        else:
            end = ", stopped" if self.stopped else ""
        return f"{counted(self.steps_done, 'step')}{end}"

    def worst_units(self, row: int) -> tuple[int, int] | None:
        """Return (distinct, all) units of the hidden layer with the most copies, or None."""
        return worst_units(self.distinct_units[row, :-1].tolist(), self.widths[:-1])

    def worst_saturated(self, row: int) -> float:
        """Return the largest saturated share of a hidden layer; NaN where none is defined."""
        hidden = self.saturated[row, :-1]
        known = hidden[~np.isnan(hidden)]
        return float(known.max()) if known.size else float("nan")

    def _columns(self) -> dict[str, Any]:
        count, layers = self.distinct_units.shape
        return {
            "step": np.repeat(self.steps, layers),
            "loss": np.repeat(self.loss, layers),
            "layer": np.tile(np.arange(1, layers + 1), count),
            **{name: getattr(self, name).reshape(-1) for name in LAYER_FIELDS},
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything in lists and numbers that JSON can hold; NaN becomes None."""
        return {name: jsonable(value) for name, value in asdict(self).items()}

    def plot(self, ax: Any = None) -> LossDisplay:
        """Draw the loss curve.

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
        from ..plotting import LossCurves, plot_losses

        curves = [LossCurves.of("loss", [self])]
        return plot_losses(curves, self.chance_loss, ax=ax, title=f"loss over {self._ending()}")

    def plot_units(self, ax: Any = None) -> UnitsDisplay:
        """Draw distinct units and unit spread of every hidden layer.

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
            If nothing was recorded, or the net has no hidden layer.
        """
        from ..plotting import UnitCurves, plot_units

        hidden = range(1, max(2, len(self.widths)))
        curves = [UnitCurves.of(f"layer {layer}", [self], layer) for layer in hidden]
        return plot_units(curves, ax=ax, title=f"units over {self._ending()}")


def worst_units(distinct: Sequence[int], widths: Sequence[int]) -> tuple[int, int] | None:
    """Return (distinct, all) units of the hidden layer with the smallest share of distinct ones."""
    return min(zip(distinct, widths, strict=True), key=lambda pair: pair[0] / pair[1], default=None)


def from_results(
    results: Sequence[FitResult], widths: Sequence[int], *, stopped: bool, chance_loss: float
) -> History:
    """Join the results of consecutive pieces of one training; `widths` are the layers' units."""
    done = sum([result["steps"] for result in results])
    ending: dict[str, Any] = {
        "widths": tuple(widths),
        "steps_done": done,
        "diverged_at": done if results[-1]["diverged"] else None,
        "stopped": stopped,
        "chance_loss": chance_loss,
    }
    if results[0]["record_step"] is None:  # in the first, so in all of them
        return _unrecorded(**ending)
    *starts, _ = accumulate((result["steps"] for result in results), initial=0)
    shifted = zip(_column("record_step", results), starts, strict=True)
    rows: dict[str, Any] = {name: _joined(_column(name, results)) for name in LAYER_FIELDS}
    return History(
        steps=_joined([piece + start for piece, start in shifted]),
        loss=_joined(_column("record_loss", results)),
        **rows,
        **ending,
    )


@lru_cache
def _unrecorded(*, widths: tuple[int, ...], **ending: Any) -> History:
    """Return a history of no rows: one for all nets that ended alike, since it never changes."""
    values = np.empty((0, len(widths)))
    counts = np.empty((0, len(widths)), np.int64)
    rows: dict[str, Any] = {**dict.fromkeys(LAYER_FIELDS, values), "distinct_units": counts}
    return History(steps=counts[:, 0], loss=values[:, 0], widths=widths, **rows, **ending)


def _column(name: str, results: Sequence[FitResult]) -> list[Any]:
    return [result[name] for result in results]  # type: ignore[literal-required]


def _joined(pieces: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return all rows; a later piece starts with the row that ended the one before."""
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
