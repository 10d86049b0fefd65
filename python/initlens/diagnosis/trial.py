"""Trial: what became of a copy of a net that was trained for a share of the run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from numpy.typing import NDArray

from .._tools.checks import real
from .._tools.format import number
from .._tools.text import counted, jsonable
from ..nets import targets
from ..nets.network import Network
from ..optimizers import Optimizer

__all__ = ["PLACES", "Trial", "probe", "share_of_steps", "steps_at", "times_chance"]

PLACES: Final = 10  # pieces of the run, after each of which the loss is measured


@dataclass(frozen=True, eq=False)
class Trial:
    """What became of a copy that was trained: what a probe returns.

    Parameters
    ----------
    optimizer : SGD, Adam or RMSProp
        What it was trained with.
    share : float
        Of the run, as given.
    steps : int
        Steps of the probe: the share of the run's, rounded, and at least 1.
    run : int
        Steps of the whole run.
    batch_size : int or None
        Samples a step; None for all.
    places : tuple of int
        Steps after which the loss was measured, 0 first.
    losses : tuple of float
        Mean loss on all samples there.
    chance : float
        Loss of the best constant guess; 0 where all targets are the same.
    diverged_at : int or None
        The step whose gradient was not finite; it was not taken.
    distinct : tuple of (int, int)
        Distinct and all units of each hidden layer afterwards; empty for a model of another
        library.
    again : object
        What the function `measure` of `probe` returned of the trained copy; None without one, and
        of a copy that diverged.
    """

    optimizer: Optimizer
    share: float
    steps: int
    run: int
    batch_size: int | None
    places: tuple[int, ...]
    losses: tuple[float, ...]
    chance: float
    diverged_at: int | None
    distinct: tuple[tuple[int, int], ...] = ()
    again: Any = None

    @property
    def ratios(self) -> tuple[float, ...]:
        """Losses over chance: `times_chance` of each."""
        return tuple(times_chance(loss, self.chance) for loss in self.losses)

    @property
    def first(self) -> float:
        """Loss over chance before training."""
        return self.ratios[0]

    @property
    def last(self) -> float:
        """Loss over chance at the end."""
        return self.ratios[-1]

    @property
    def lowest(self) -> float:
        """Lowest loss over chance among the places."""
        return min(self.ratios)

    def __str__(self) -> str:
        """Return what was done and what came of it, in a sentence."""
        what = (
            f"A copy trained for {self.steps:,} of {counted(self.run, 'step')} with "
            f"{self.optimizer}"
        )
        if self.batch_size is not None:
            what += f", batches of {self.batch_size:,}"
        if self.diverged_at is not None:
            return f"{what}: diverged at step {self.diverged_at:,} (not finite)."
        if not self.chance > 0.0:
            ends = f"{number(self.losses[0])} -> {number(self.losses[-1])}"
            return f"{what}: loss {ends}; all targets are the same, so chance is 0."
        text = f"{what}: loss {_short(self.first)} -> {_short(self.last)} x chance"
        if self.lowest < min(self.first, self.last):
            text += f", lowest {_short(self.lowest)}"
        return text + "."

    def to_dict(self) -> dict[str, Any]:
        """Return all but `again`, in values that JSON can hold; NaN and infinity become None."""
        plain: dict[str, Any] = jsonable(
            {
                "optimizer": self.optimizer.to_dict(),
                "share": self.share,
                "steps": self.steps,
                "run": self.run,
                "batch_size": self.batch_size,
                "places": self.places,
                "losses": self.losses,
                "chance": self.chance,
                "ratios": self.ratios,
                "first": self.first,
                "last": self.last,
                "lowest": self.lowest,
                "diverged_at": self.diverged_at,
                "distinct": self.distinct,
            }
        )
        return plain


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.3g}"


def share_of_steps(share: float | None) -> float:
    """Return the share of the run that a probe takes, 0 for none.

    Raises
    ------
    ValueError
        If it is not in [0, 1].
    TypeError
        If it is not a real number.
    """
    return 0.0 if share is None else real("probe", share, minimum=0.0, maximum=1.0)


def steps_at(share: float, run: int) -> tuple[int, ...]:
    """Return the steps after which a probe measures the loss: 0 and up to `PLACES` more."""
    total = max(1, round(share * run))
    return tuple(sorted({round(place * total / PLACES) for place in range(PLACES + 1)}))


def times_chance(loss: float, chance: float) -> float:
    """Return loss / chance; 1 if both are 0, infinite if only chance is or loss is not finite."""
    if not math.isfinite(loss):
        return math.inf
    if chance > 0.0:
        return loss / chance
    return math.inf if loss > 0.0 else 1.0


def probe(
    net: Network,
    X: NDArray[Any],
    target: NDArray[Any],
    optimizer: Optimizer,
    steps: int,
    batch_size: int | None,
    share: float,
    measure: Callable[[Network], Any] | None = None,
) -> Trial:
    """Train a copy of a net for a share of its run, and measure it again.

    Parameters
    ----------
    net : Network
        Not changed; the copy starts its optimizer and the order of its minibatches anew.
    X : ndarray of shape (m, n_in)
        Samples.
    target : ndarray of shape (m, n_out)
        Encoded y.
    optimizer : SGD, Adam or RMSProp
        Of the run.
    steps : int
        Of the whole run.
    batch_size : int or None
        Samples a step.
    share : float
        In (0, 1].
    measure : callable, optional
        Called with the trained copy, unless it diverged; its result is `Trial.again`.

    Returns
    -------
    Trial
        One that diverged is a result too.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C.
    """
    settings = net.settings
    copy = Network(settings.layers, settings.activation, settings.loss, settings.dtype)
    for view, array in zip(copy._parameters(), net._parameters(), strict=True):
        view[...] = array
    copy._reorder(net._get_progress()["key"])
    chance = targets.chance_loss(target, settings.loss)
    batch = None if batch_size is None or batch_size >= len(X) else batch_size
    places = steps_at(share, steps)
    seen = [0]
    losses = [copy._loss(X, target)]
    diverged: int | None = None
    for start, end in pairwise(places):
        # In pieces: two calls of k steps give the bits of one call of 2k.
        history = copy.fit(
            X, target, optimizer=optimizer, steps=end - start, batch_size=batch, record=0
        )
        seen.append(start + history.steps_done)
        losses.append(copy._loss(X, target))
        if history.diverged_at is not None:
            diverged = start + history.diverged_at
            break
    widths = settings.layers[1:-1]
    return Trial(
        optimizer,
        share,
        places[-1],
        steps,
        batch,
        tuple(seen),
        tuple(losses),
        chance,
        diverged,
        tuple(zip(copy._distinct_units()[:-1], widths, strict=True)),
        None if measure is None or diverged is not None else measure(copy),
    )
