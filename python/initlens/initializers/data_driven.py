"""LSUV: a start that is measured on data and rescaled, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools import rng as _rng
from .._tools.checks import as_array, choice, integer, real
from .._tools.warnings import InitWarning, warn
from ..tables import Table, Tabular
from .scheme import Layer, Purpose, Scheme
from .structured import Orthogonal

__all__ = ["LSUV", "LSUVLayer", "LSUVRecord"]


class Net(Protocol):
    """What LSUV needs of a `Network`."""

    @property
    def weights(self) -> Sequence[NDArray[Any]]:
        """The weights themselves, to be changed in place."""

    @property
    def lsuv_record(self) -> LSUVRecord | None:
        """What LSUV did in the last `initialize`."""

    def initialize(self, scheme: LSUV, *, rng: _rng.Rng = None) -> object:
        """Draw weights and biases."""

    def activations(self, X: ArrayLike, /) -> Sequence[Any]:
        """Return pre-activations `z` and activations `a` of every layer."""


class LSUVLayer(NamedTuple):
    """What was done to one layer.

    Parameters
    ----------
    layer : int
        Its index.
    std_before, std_after : float
        Of all its units on all samples.
    factor : float
        By which its weights were multiplied.
    iterations : int
        Divisions.
    converged : bool
        Whether `std_after` is within the tolerance.
    """

    layer: int
    std_before: float
    std_after: float
    factor: float
    iterations: int
    converged: bool


@dataclass(frozen=True, repr=False)
class LSUVRecord(Tabular):
    """What LSUV did to a net.

    Parameters
    ----------
    layers : tuple of LSUVLayer
        In order.
    measured : {"z", "a"}
        Pre-activations or activations.
    """

    layers: tuple[LSUVLayer, ...]
    measured: str

    def table(self) -> Table:
        """Return one row per layer.

        Returns
        -------
        Table
        """
        rows = tuple(
            (
                str(row.layer + 1),
                f"{row.std_before:.4g}",
                f"{row.std_after:.4g}",
                f"{row.factor:.4g}",
                str(row.iterations),
            )
            for row in self.layers
        )
        columns = ("layer", "std before", "std after", "factor", "iterations")
        return Table(f"LSUV, standard deviations of {self.measured}", columns, rows)


@dataclass(frozen=True, eq=False)
class LSUV(Scheme):
    """Layer-sequential unit variance: orthogonal weights, rescaled by what a batch shows.

    Layer by layer, weights are divided by the standard deviation of the layer's outputs over all
    units and samples. Pre-activations are linear in the weights, so one division is exact where
    biases are zero; for activations it is repeated.

    Parameters
    ----------
    X : array_like of shape (m, n_in), optional
        The batch. `compare` gives its own data where there is none.
    measure : {"z", "a"}, default "z"
        Pre-activations or activations; those of the output layer are always "z".
    tolerance : float, default 1e-3
        Of the standard deviation, around 1.
    max_iterations : int, default 20
        A layer that has not converged then is left as it is, with an `InitWarning`.

    Raises
    ------
    ValueError
        When it is applied: if there is no X, or a layer's outputs do not vary, as when units are
        dead; the net is unchanged then.

    References
    ----------
    .. [1] D. Mishkin and J. Matas, "All you need is a good init", ICLR 2016, arXiv:1511.06422.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> X = il.datasets.flower().X
    >>> net = il.Network([2, 8, 8, 1]).initialize(il.initializers.LSUV(X), rng=0)
    >>> [bool(np.isclose(layer.z.std(), 1.0)) for layer in net.activations(X)]
    [True, True, True]
    """

    X: ArrayLike | None = None
    measure: str = "z"
    tolerance: float = 1e-3
    max_iterations: int = 20

    _name: ClassVar[str] = "lsuv"

    def __post_init__(self) -> None:
        """Check the settings."""
        choice("measure", self.measure, ("z", "a"))
        object.__setattr__(self, "tolerance", real("tolerance", self.tolerance, above=0.0))
        limit = integer("max_iterations", self.max_iterations, minimum=1)
        object.__setattr__(self, "max_iterations", limit)
        if self.X is not None:
            object.__setattr__(self, "X", as_array("X", self.X))

    def __str__(self) -> str:
        """Return the text form, without the data."""
        return super(LSUV, self if self.X is None else self.on(None)).__str__()

    def __eq__(self, other: object) -> bool:
        """Return whether settings and data are equal."""
        return (
            isinstance(other, LSUV)
            and str(self) == str(other)
            and (self.X is None) == (other.X is None)
            and (self.X is None or np.array_equal(np.asarray(self.X), np.asarray(other.X)))
        )

    def __hash__(self) -> int:
        """Return a hash of the settings."""
        return hash(str(self))

    def on(self, X: ArrayLike | None) -> LSUV:
        """Return the same settings with other data.

        Parameters
        ----------
        X : array_like of shape (m, n_in) or None
            The batch.

        Returns
        -------
        LSUV
        """
        return replace(self, X=X)

    def apply(self, net: Net, *, rng: _rng.Rng = None) -> LSUVRecord:
        """Initialize a net, and tell what was done.

        Parameters
        ----------
        net : Network
            All its layers.
        rng : optional
            As in `Network.initialize`.

        Returns
        -------
        LSUVRecord

        Examples
        --------
        >>> import initlens as il
        >>> X = il.datasets.flower().X
        >>> record = il.initializers.LSUV(X).apply(il.Network([2, 4, 1]), rng=0)
        >>> [layer.iterations for layer in record.layers]
        [1, 1]
        """
        net.initialize(self, rng=rng)
        record = net.lsuv_record
        assert record is not None  # initialize has just made it
        return record

    def _law_text(self, layer: Layer, purpose: Purpose = "weights") -> str:
        outputs = "activations" if self.measure == "a" else "pre-activations"
        return f"orthogonal, divided by the standard deviation of the {outputs} on the data"

    def _draw(self, layer: Layer, key: int, purpose: Purpose, dtype: str) -> NDArray[Any]:
        if self.X is None:
            raise ValueError("lsuv needs data: give it as initializers.LSUV(X)")
        return Orthogonal()._draw(layer, key, purpose, dtype)


def rescale(net: Net, schemes: Sequence[Scheme]) -> LSUVRecord | None:
    """Rescale in place the layers whose scheme is LSUV; None if there is none."""
    rows = []
    measured = "z"
    for index, scheme in enumerate(schemes):
        if isinstance(scheme, LSUV):
            rows.append(_rescale_layer(net, index, scheme))
            measured = scheme.measure
    return LSUVRecord(tuple(rows), measured) if rows else None


def _rescale_layer(net: Net, index: int, scheme: LSUV) -> LSUVLayer:
    assert scheme.X is not None  # _draw has refused it
    name = "z" if index == len(net.weights) - 1 else scheme.measure
    before = std = _std(net, index, name, scheme.X)
    factor, iterations = 1.0, 0
    # One division at least: on pre-activations it is exact.
    while iterations < scheme.max_iterations and (
        not iterations or abs(std - 1.0) > scheme.tolerance
    ):
        factor /= std
        net.weights[index][...] /= std
        std = _std(net, index, name, scheme.X)
        iterations += 1
    converged = abs(std - 1.0) <= scheme.tolerance
    if not converged:
        warn(
            f"lsuv: the standard deviation of layer {index} is {std:.4g} after {iterations} "
            f"iterations, not 1",
            InitWarning,
        )
    return LSUVLayer(index, before, std, factor, iterations, converged)


def _std(net: Net, index: int, name: str, X: ArrayLike) -> float:
    values = getattr(net.activations(X)[index], name)
    std = float(np.std(values, dtype=np.float64))
    scale = float(np.abs(values).max())
    if not np.isfinite(std) or std <= 1e-6 * scale or std == 0.0:
        raise ValueError(
            f"lsuv cannot scale layer {index}: its outputs do not vary over these "
            f"{len(values)} samples (standard deviation {std:.3g})"
        )
    return std
