"""Problem: what the nets of an explorer are trained on, and how."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..comparison.problem import Data, default_layers, read_data
from ..optimizers import Optimizer
from ..optimizers import get as get_optimizer

__all__ = ["GRID", "Problem"]

GRID: Final = 24  # points a side at which a unit is drawn


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """What the nets of an explorer are trained on, and how.

    Parameters
    ----------
    name : str
        Of the data.
    X : ndarray of shape (m, n)
        Samples in rows.
    y : ndarray of shape (m,) or (m, n_out)
        Targets.
    outputs : int
        Width of the last layer.
    optimizer : Optimizer
        Its settings.
    """

    name: str
    X: NDArray[Any]
    y: NDArray[Any]
    outputs: int
    optimizer: Optimizer

    @classmethod
    def of(cls, data: Data, optimizer: str | Optimizer) -> Problem:
        """Read data and optimizer as `compare` does."""
        dataset, X, y = read_data(data)
        *_, outputs = default_layers(X, y, None)
        name = "given" if dataset is None else dataset.name
        return cls(name, X, y, outputs, get_optimizer(optimizer))

    @property
    def is_plane(self) -> bool:
        """Whether the samples are points of the plane, so that units can be drawn over it."""
        return bool(self.X.shape[1] == 2)

    @cached_property
    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner of the part of the plane that is drawn."""
        low, high = np.min(self.X, axis=0), np.max(self.X, axis=0)
        margin = np.maximum(0.05 * (high - low), 1e-6)
        return low - margin, high + margin

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        """The points at which units are drawn, row by row from the top: (GRID * GRID, 2)."""
        low, high = self.box
        across, up = np.meshgrid(
            np.linspace(low[0], high[0], GRID), np.linspace(high[1], low[1], GRID)
        )
        return np.column_stack([across.ravel(), up.ravel()])
