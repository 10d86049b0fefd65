"""What a net is on data, layer by layer: numbers, no judgement. The core sums, here they get names.

Every quotient of zeros has a stated value, see the classes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import Net, group_units, unit_spread, weight_rank
from ..activations import (
    MODULO_NONE,
    MODULO_SCALE,
    MODULO_SIGN,
    Activation,
    is_exactly_rectified,
    modulo_of,
)
from ..activations import get as get_activation

__all__ = [
    "QUANTILES",
    "SATURATED_SLOPE",
    "Flow",
    "LayerMeasures",
    "Loss",
    "NotFinite",
    "Saturation",
    "SharedStream",
    "Signal",
    "Symmetry",
    "count_groups",
    "distinct_count",
    "measure",
    "relative_slope",
    "shared_streams",
]

SATURATED_SLOPE: Final = 0.05
QUANTILES: Final = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
NEAR: Final = 0.1  # units within this share of their mean norm are one near-group
DORMANT: Final = 0.025  # of the layer's mean activity (Sokar et al. 2023)

_STREAM: Final = 64  # first elements of a layer that are compared
_FEWEST: Final = 8
_REACH: Final = 4e-5  # 2 sqrt(64) 16 epsilon of float32
_CELL: Final = 0.01  # side of the cells in which vectors are looked for
_Cell: TypeAlias = tuple[int, int, int]

_SCALE_ULPS: Final = 16  # dividing by a norm rounds a few times


@dataclass(frozen=True)
class Signal:
    """Values of a layer over samples and units; all NaN where one of them is not finite.

    Parameters
    ----------
    mean, std : float
        Over samples and units.
    quantiles : tuple of float
        At 0, 0.05, 0.25, 0.5, 0.75, 0.95 and 1.
    """

    mean: float
    std: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Saturation:
    """Slopes of a layer. A pair is a unit on a sample; its slope is |g'(z)| / max|g'|.

    NaN where no unit has a slope of its own: the softmax layer.

    Parameters
    ----------
    low, high : float
        Share of saturated pairs, those of a slope below the threshold, with z <= 0 and z > 0.
    hard : float
        Share of pairs whose slope is exactly 0.
    linear : float
        Share of pairs whose slope is above 1 - 0.05^2: |a| < 0.05 for tanh. NaN for functions
        that overshoot (GELU, SiLU, SELU), whose largest slope is not that of a straight part.
    sparse : float
        Share of pairs whose activation is 0.
    by_unit : ndarray of shape (n_out,)
        Share of samples on which a unit is saturated.
    by_sample : ndarray of shape (m,)
        Share of units that are saturated on a sample.
    dead_units : int
        Units of the ReLU with z <= 0 on every sample: no gradient reaches them. 0 for other
        functions.
    dormant_units : int
        Units whose mean |a| is at most 2.5 % of the layer's; where the layer's is 0, all.
    """

    low: float
    high: float
    hard: float
    linear: float
    sparse: float
    by_unit: NDArray[np.float64]
    by_sample: NDArray[np.float64]
    dead_units: int
    dormant_units: int

    @property
    def share(self) -> float:
        """Share of saturated pairs."""
        return self.low + self.high

    @property
    def saturated_units(self) -> int:
        """Units that are saturated on every sample."""
        return int(np.count_nonzero(self.by_unit == 1.0))


@dataclass(frozen=True)
class Flow:
    """Frobenius norms of a layer's parameters and of the gradients of the mean loss.

    Parameters
    ----------
    weights, biases : float
        Norms of W and b.
    d_weights, d_biases, d_z, d_a : float
        Norms of their gradients; NaN without targets. `d_a` is NaN in the output layer, whose
        loss works from z.
    d_signal : float
        Norm of dW without what the means of the layer's inputs give it: the part that a bias could
        not do, and by which samples are told apart.
    """

    weights: float
    biases: float
    d_weights: float
    d_biases: float
    d_z: float
    d_a: float
    d_signal: float

    @property
    def attenuation(self) -> float:
        """What the activation leaves of the gradient: norm(dZ) / norm(dA); NaN if none arrives."""
        return self.d_z / self.d_a if self.d_a else math.nan

    @property
    def learning_time(self) -> float:
        """norm(W) / norm(dW): steps at learning rate 1 until the weights have moved by their norm.

        Infinite without a gradient, 0 for zero weights that have one.
        """
        return _time(self.weights, self.d_weights)

    @property
    def signal_time(self) -> float:
        """The same by the part of dW that tells samples apart; units of a sigmoid need it."""
        return _time(self.weights, self.d_signal)


def _time(size: float, speed: float) -> float:
    return size / speed if speed else math.inf


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Which units of a hidden layer are copies; counts are of groups of equal units.

    A unit is its incoming weights w, its bias b and its outgoing weights v. Units that are equal
    in all three stay equal for ever; units equal in w and b only are the same function now. Values
    are equal if their bits are, and +0 equals -0.

    Parameters
    ----------
    distinct : int
        Groups of units with equal (w, b, v).
    distinct_modulo : int
        The same up to the activation's own symmetry: (-w, -b, -v) for odd functions, which is for
        ever too; (cw, cb, v/c) with c > 0 for the ReLU family, to rounding.
    incoming, bias, outgoing, function, weights : int
        Groups by w, by b, by v, by w and b, and by w and v.
    function_modulo : int
        The last up to sign or scale: one direction of the inputs.
    gradient : int or None
        Groups of equal gradients of (w, b, v): what the next step of SGD can tell apart. None
        without targets.
    gradient_modulo : int or None
        The same up to sign, for odd functions.
    copies : tuple of tuple of int
        Indices of the units of each group of two and more, modulo sign for odd functions.
    near_units : int
        Units of the largest group within 10 % of their mean norm; the whole layer if there is none.
    spread, mean_spread : float
        Largest and mean distance of those from the first of them, over the units' mean norm.
        0 for copies, for a single unit, for zeros.
    near_functions : int
    function_spread : float
        `near_units` and `spread` of incoming weights and biases alone.
    similarity : ndarray of shape (n_out, n_out)
        Correlations of the units' outputs on X, absolute for odd functions; NaN for constant units.
    constant_units : int
        Units whose output is the same on every sample.
    effective_units : float
        exp of the entropy of the normalised singular values of the centred outputs; 0 where all
        outputs are constant.
    stable_rank : float
        Sum of their squares over the largest; 0 likewise.
    weight_rank : int
        Rank of W.
    """

    distinct: int
    distinct_modulo: int
    incoming: int
    bias: int
    outgoing: int
    function: int
    weights: int
    function_modulo: int
    gradient: int | None
    gradient_modulo: int | None
    copies: tuple[tuple[int, ...], ...]
    near_units: int
    spread: float
    mean_spread: float
    near_functions: int
    function_spread: float
    similarity: NDArray[np.float64]
    constant_units: int
    effective_units: float
    stable_rank: float
    weight_rank: int

    @property
    def largest_similarity(self) -> float:
        """Largest correlation of two units; NaN with fewer than two that vary."""
        return _off_diagonal(self.similarity, np.max)

    @property
    def mean_similarity(self) -> float:
        """Mean correlation of two units; NaN with fewer than two that vary."""
        return _off_diagonal(self.similarity, np.mean)


class NotFinite(NamedTuple):
    """How many values of a layer are NaN or infinite."""

    weights: int  # and biases
    z: int
    gradients: int


@dataclass(frozen=True, eq=False)
class LayerMeasures:
    """One layer; the last one is the output layer, which has no symmetry to break.

    Parameters
    ----------
    number : int
        From 1.
    inputs, units : int
        Fan-in and width.
    activation : Activation or None
        None in the output layer.
    z, a : Signal
        Pre-activations and activations.
    saturation : Saturation
    flow : Flow
    symmetry : Symmetry or None
        None in the output layer.
    not_finite : NotFinite
        Values that are NaN or infinite.
    """

    number: int
    inputs: int
    units: int
    activation: Activation | None
    z: Signal
    a: Signal
    saturation: Saturation
    flow: Flow
    symmetry: Symmetry | None
    not_finite: NotFinite


class SharedStream(NamedTuple):
    """Two layers, from 1, whose first weights are the same random numbers, up to a factor."""

    first: int
    second: int
    factor: float


def measure(
    net: Net,
    hidden: Sequence[Activation],
    X: ArrayLike | None,
    target: NDArray[Any] | None,
    threshold: float,
) -> tuple[tuple[LayerMeasures, ...], float, float]:
    """Return the layers, the loss and the confident-wrong share.

    Parameters
    ----------
    net : Net
        What to measure.
    hidden : sequence of Activation
        Of its hidden layers.
    X : array_like or None
        Samples; None for the weights alone.
    target : ndarray or None
        Encoded y; None for no gradients.
    threshold : float
        Relative slope below which a pair is saturated.
    """
    dicts, loss, confident_wrong = net._diagnose(X, target, threshold)
    weights, biases = net.weights, net.biases
    layers = []
    for index, values in enumerate(dicts):
        activation = hidden[index] if index < len(hidden) else None
        layers.append(
            LayerMeasures(
                number=index + 1,
                inputs=weights[index].shape[0],
                units=weights[index].shape[1],
                activation=activation,
                z=_signal(values, "z"),
                a=_signal(values, "a"),
                saturation=_saturation(values, activation),
                flow=Flow(
                    values["weight_norm"],
                    values["bias_norm"],
                    values["weight_gradient_norm"],
                    values["bias_gradient_norm"],
                    values["z_gradient_norm"],
                    values["a_gradient_norm"],
                    values["signal_gradient_norm"],
                ),
                symmetry=None
                if activation is None
                else _symmetry(activation, weights, biases, dicts, index),
                not_finite=NotFinite(
                    int(values["weights_not_finite"]),
                    int(values["z_not_finite"]),
                    int(values["gradients_not_finite"]),
                ),
            )
        )
    return tuple(layers), loss, confident_wrong


def _signal(values: Any, name: str) -> Signal:
    quantiles = tuple(values[f"{name}_quantiles"].tolist())
    return Signal(values[f"{name}_mean"], values[f"{name}_std"], quantiles)


def _saturation(values: Any, activation: Activation | None) -> Saturation:
    nothing = np.empty(0)
    inactive = values.get("unit_inactive", nothing)
    activity = values.get("unit_activity", nothing)
    can_be_off = activation is not None and is_exactly_rectified(activation)
    return Saturation(
        low=values["saturated_low"],
        high=values["saturated_high"],
        hard=values["hard"],
        linear=values["linear"],
        sparse=values["sparse"],
        by_unit=values.get("unit_saturated", nothing),
        by_sample=values.get("sample_saturated", nothing),
        dead_units=int(np.count_nonzero(inactive == 1.0)) if can_be_off else 0,
        dormant_units=int(np.count_nonzero(activity <= DORMANT * activity.mean()))
        if activity.size
        else 0,
    )


def distinct_count(leaders: NDArray[np.int64]) -> int:
    """Return the number of groups, each of which is named by its first unit."""
    return int(np.count_nonzero(leaders == np.arange(leaders.size)))


def _symmetry(
    activation: Activation,
    weights: Sequence[NDArray[Any]],
    biases: Sequence[NDArray[Any]],
    dicts: Sequence[Any],
    index: int,
) -> Symmetry:
    values = dicts[index]
    modulo = modulo_of(activation)
    w, b, v = (
        np.asarray(part, np.float64) for part in (weights[index], biases[index], weights[index + 1])
    )
    units = b.size
    eps = float(np.finfo(weights[index].dtype).eps)

    def leaders(w: Any, b: Any, v: Any, modulo: int = MODULO_NONE) -> NDArray[np.int64]:
        return group_units(units, w, b, v, modulo, _tolerance(0.0, modulo, eps))

    # Where all incoming weights differ, so do functions and units: the usual case costs one search.
    incoming = leaders(w, None, None)
    apart = distinct_count(incoming) == units
    function = incoming if apart else leaders(w, b, None)
    whole = incoming if apart else leaders(w, b, v)
    but_for_bias = incoming if apart else leaders(w, None, v)
    function_modulo = leaders(w, b, None, modulo=modulo) if modulo else function
    apart = distinct_count(function_modulo) == units
    whole_modulo = function_modulo if apart or not modulo else leaders(w, b, v, modulo=modulo)
    lasting = whole_modulo if modulo == MODULO_SIGN else whole
    gradient: int | None = None
    gradient_modulo: int | None = None
    if "weight_gradient" in values:
        parts = (
            values["weight_gradient"],
            values["bias_gradient"],
            dicts[index + 1]["weight_gradient"],
        )
        gradient = gradient_modulo = distinct_count(leaders(*parts))
        if modulo == MODULO_SIGN:
            gradient_modulo = distinct_count(leaders(*parts, modulo=modulo))
    near, spread, mean_spread = unit_spread(units, w, b, v, NEAR)
    near_functions, function_spread, _ = unit_spread(units, w, b, None, NEAR)
    similarity, constant, effective, stable = _outputs(
        values.get("scatter"),
        values.get("singular_values", np.empty(0)),
        units,
        odd=modulo == MODULO_SIGN,
    )
    return Symmetry(
        distinct=distinct_count(whole),
        distinct_modulo=distinct_count(whole_modulo),
        incoming=distinct_count(incoming),
        bias=distinct_count(leaders(None, b, None)),
        outgoing=distinct_count(leaders(None, None, v)),
        function=distinct_count(function),
        weights=distinct_count(but_for_bias),
        function_modulo=distinct_count(function_modulo),
        gradient=gradient,
        gradient_modulo=gradient_modulo,
        copies=_groups(lasting),
        near_units=near,
        spread=spread,
        mean_spread=mean_spread,
        near_functions=near_functions,
        function_spread=function_spread,
        similarity=similarity,
        constant_units=constant,
        effective_units=effective,
        stable_rank=stable,
        weight_rank=weight_rank(units, w, max(w.shape) * eps),
    )


def count_groups(units: int, parts: tuple[Any, Any, Any], modulo: int, tolerance: float) -> int:
    """Return the number of groups among units, given as incoming, bias and outgoing or None."""
    eps = max(float(np.finfo(part.dtype).eps) for part in parts if part is not None)
    return distinct_count(group_units(units, *parts, modulo, _tolerance(tolerance, modulo, eps)))


def _tolerance(wanted: float, modulo: int, eps: float) -> float:
    """Return the tolerance; scaled units are equal to rounding at best."""
    return max(wanted, _SCALE_ULPS * eps) if modulo == MODULO_SCALE else wanted


def _groups(leaders: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    order = np.argsort(leaders, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(leaders[order])) + 1)
    return tuple(tuple(part.tolist()) for part in parts if part.size > 1)


def _outputs(
    scatter: NDArray[np.float64] | None,
    singular: NDArray[np.float64],
    units: int,
    *,
    odd: bool,
) -> tuple[NDArray[np.float64], int, float, float]:
    """Return correlations, constant units, effective units and stable rank."""
    if scatter is None or not np.isfinite(scatter).all():
        # One number for all of them: a wide layer without data takes no memory for it.
        return np.broadcast_to(np.array(math.nan), (units, units)), 0, math.nan, math.nan
    similarity = np.full((units, units), math.nan)
    norm = np.sqrt(scatter.diagonal())
    varying = norm > 0
    some = np.ix_(varying, varying)
    correlation = (scatter[some] / norm[varying]) / norm[varying, None]
    similarity[some] = np.minimum(np.abs(correlation) if odd else correlation, 1.0)
    largest = float(singular.max(initial=0.0))
    if largest == 0.0:
        return similarity, units - int(varying.sum()), 0.0, 0.0
    singular = singular / largest
    share = singular / singular.sum()
    present = share[share > 0]
    effective = float(np.exp(-np.sum(present * np.log(present))))
    return similarity, units - int(varying.sum()), effective, float(np.sum(singular**2))


def _off_diagonal(matrix: NDArray[np.float64], f: Any) -> float:
    values = matrix[~np.eye(len(matrix), dtype=bool)]
    known = values[~np.isnan(values)]
    return float(f(known)) if known.size else math.nan


def shared_streams(weights: Sequence[NDArray[Any]]) -> list[SharedStream]:
    """Return the layers that were drawn from the random stream of an earlier one, each with it.

    Their first elements, in the order of (n_in, n_out) or of (n_out, n_in), are multiples. Of more
    layers than two each is named with the first.

    Notes
    -----
    Linear in layers: one is compared only with those near to it on the unit sphere, or opposite.
    """
    sizes = [min(w.size, _STREAM) for w in weights]
    tolerances = [16 * float(np.finfo(w.dtype).eps) for w in weights]
    found: dict[int, SharedStream] = {}
    starts = {
        "C": [_start_of(w) for w in weights],
        "F": [_start_of(w.T) for w in weights],
    }
    for count in sorted({size for size in sizes if size >= _FEWEST}):
        for order in ("C", "F"):
            known, cells = _on_the_sphere(starts[order], count)
            # First layers of different streams: with as many elements as are compared, and with
            # more. Two of the latter are compared on more elements.
            firsts: dict[bool, dict[_Cell, list[int]]] = {False: {}, True: {}}
            for j, around in zip(known, cells, strict=True):
                longer = sizes[j] > count
                for table in (False, True):
                    shared = _first_multiple(
                        starts[order], count, firsts[table], around, j, tolerances
                    )
                    if shared is None:
                        if table == longer:
                            firsts[table].setdefault(around[0], []).append(j)
                    elif not (table and longer):
                        before = found.get(j)
                        if before is None or shared.first < before.first:
                            found[j] = shared
    return sorted(found.values())


def _start_of(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Return a copy of the first elements, without one of them all."""
    rows = matrix[: -(-_STREAM // max(1, matrix.shape[1]))]
    return rows.ravel()[:_STREAM].astype(np.float64)


def _first_multiple(
    starts: Sequence[NDArray[np.float64]],
    count: int,
    firsts: dict[_Cell, list[int]],
    around: Sequence[_Cell],
    j: int,
    tolerances: Sequence[float],
) -> SharedStream | None:
    """Return the first one of which layer j, from 0, is a multiple."""
    b = starts[j][:count]
    for i in sorted(i for cell in around for i in firsts.get(cell, ())):
        a = starts[i][:count]
        factor = float(a @ b / (a @ a))
        if factor and np.abs(b - factor * a).max() <= tolerances[i] * np.abs(b).max():
            return SharedStream(i + 1, j + 1, factor)
    return None


def _on_the_sphere(
    starts: Sequence[NDArray[np.float64]], count: int
) -> tuple[list[int], list[list[_Cell]]]:
    """Return which layers have so many elements, and the cells where multiples of them can be.

    Elements that agree to 16 epsilon of float32 in units of the largest are unit vectors that are
    nearer than `_REACH`, up to the sign; so are the absolute values of their projections.
    """
    known = [
        index
        for index, start in enumerate(starts)
        # Few or equal values are no stream.
        if start.size >= count and np.isfinite(start[:count]).all() and np.ptp(start[:count]) != 0.0
    ]
    if len(known) < 2:
        return [], []
    rows = np.array([starts[index][:count] for index in known])
    rows /= np.abs(rows).max(axis=1, keepdims=True)
    rows /= np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    axes = np.cos(np.square(np.arange(1.0, 3 * count + 1)).reshape(3, count))  # of no weights
    places = np.abs(rows @ (axes / np.sqrt(np.square(axes).sum(axis=1, keepdims=True))).T) / _CELL
    cells = []
    for place in places.tolist():
        # One cell, and its neighbours where the place is near to a side of it.
        sides = [
            dict.fromkeys((int(p), int(p - _REACH / _CELL), int(p + _REACH / _CELL))) for p in place
        ]
        cells.append(list(product(*sides)))
    return known, cells  # type: ignore[return-value]


@dataclass(frozen=True)
class Loss:
    """The loss on the data.

    Parameters
    ----------
    first : float
        Mean loss of the net; NaN without targets.
    chance : float
        That of the best constant guess: entropy of the class frequencies, or variance of y.
    confident_wrong : float
        Share of samples (of outputs, for binary cross-entropy) whose true class has a probability
        below 0.05; NaN for "mse" and without targets.
    """

    first: float
    chance: float
    confident_wrong: float

    @property
    def ratio(self) -> float:
        """`first` over `chance`; 1 if both are 0, infinite if only `chance` is."""
        if self.chance:
            return self.first / self.chance
        return self.first if math.isnan(self.first) else (math.inf if self.first else 1.0)


def relative_slope(activation: str | Activation, z: ArrayLike) -> NDArray[Any]:
    """Return |g'(z)| over its largest value: below 0.05 a pair of unit and sample is saturated.

    Parameters
    ----------
    activation : str or Activation
        Which function.
    z : array_like
        Pre-activations.

    Returns
    -------
    ndarray
        Of the shape of `z`, in [0, 1]; NaN for a function whose slope has no bound.

    Examples
    --------
    >>> import initlens as il
    >>> il.diagnosis.relative_slope("tanh", [0.0, 2.17, 2.18]) < 0.05
    array([False, False,  True])
    """
    g = get_activation(activation)
    slope: NDArray[Any] = np.abs(g.slope(z)) / g.max_slope
    return slope if math.isfinite(g.max_slope) else np.full_like(slope, np.nan)
