"""Causes: how far each thing that a start consists of is from what is conventional.

Nothing is trained and nothing is propagated: weights, biases, inputs and targets are read one by
one, each against the range that conventional starts show. A value in that range is no cause, so
He's, Glorot's and LeCun's laws, orthogonal matrices, LSUV and the defaults of the libraries have
none. `TOLERANCES` holds the ranges, `CAUSES` the causes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._tools.format import about, number
from .._tools.text import counted
from ..activations import MODULO_SIGN, RELU_FAMILY, Activation, modulo_of
from ..activations import get as get_activation
from ..nets.network import Network
from ..optimizers import SGD
from ..theory.gains import gain
from . import fixes
from .dialect import Dialect
from .fixes import Fix
from .folds import Place
from .measures import LayerMeasures

__all__ = ["CAUSES", "TOLERANCES", "Cause", "CauseKind", "Tolerance", "find_causes"]


class CauseKind(NamedTuple):
    """What is said of every cause of one name.

    Parameters
    ----------
    topics : frozenset of str
        The topics, as in `TOPICS`, whose verdicts it can bring about.
    deviates : str
        What is off.
    fix : str
        What is done about it.
    """

    topics: frozenset[str]
    deviates: str
    fix: str


def _kind(topics: str, deviates: str, fix: str) -> CauseKind:
    return CauseKind(frozenset(topics.split()), deviates, fix)


CAUSES: Final[Mapping[str, CauseKind]] = {
    "not finite": _kind(
        "finite", "NaN or infinite weights or biases", "draw the layers anew, with biases of 0"
    ),
    "inputs": _kind(
        "scale saturation gradient loss finite",
        "scale of X, or its mean against its spread",
        "standardize the columns of X",
    ),
    "targets": _kind(
        "scale gradient loss finite",
        "scale or offset of y against outputs of order 1 (mse)",
        "standardize the columns of y",
    ),
    "biases": _kind(
        "saturation gradient loss scale",
        "biases against the spread of w.x",
        "set the biases to 0",
    ),
    "mean of the weights": _kind(
        "saturation gradient scale loss",
        "weights of one sign: their mean against their spread",
        "subtract the mean from the weights",
    ),
    "copies": _kind(
        "symmetry gradient", "units with equal incoming weights", "draw the layer anew"
    ),
    "near copies": _kind(
        "symmetry", "units with incoming weights equal up to noise", "draw the layer anew"
    ),
    "scale": _kind(
        "scale saturation gradient loss finite",
        "size of the weights of single layers against the usual laws",
        "multiply the weights by the missing factor",
    ),
    "scale of all layers": _kind(
        "scale saturation gradient loss finite",
        "size of the weights of most layers against the usual laws",
        "draw all layers anew, with biases of 0",
    ),
    "output activation": _kind(
        "loss gradient", "range of the outputs against that of the targets", "change the output"
    ),
    "learning rate": _kind(
        "rate loss finite", "the rate against 2 / sharpness", "use a rate that the curvature allows"
    ),
}


class Tolerance(NamedTuple):
    """The range that conventional starts show, and the factor beyond it that counts as 1.

    The deviation of a value v is log(v / high) / log(factor) above the range and
    log(low / v) / log(factor) below it. From 1 it is a cause.
    """

    low: float
    high: float
    factor: float

    def deviation(self, value: float) -> float:
        """Return by how many factors a value is out of the range; 0 within, at most `FARTHEST`."""
        if not math.isfinite(value):
            return FARTHEST
        if value > self.high:
            return min(math.log(value / self.high) / math.log(self.factor), FARTHEST)
        if value < self.low:
            apart = math.log(self.low / value) / math.log(self.factor) if value else FARTHEST
            return min(apart, FARTHEST)
        return 0.0


FARTHEST: Final = 100.0  # the deviation of zeros and infinities, so that they can be sorted
NONE: Final = 0.0  # no lower end

TOLERANCES: Final[Mapping[str, Tolerance]] = {
    # Root mean square of X. Pixels in [0, 1] have 0.2 to 0.5, standardized columns 1, raw
    # measurements in handy units up to about 5.
    "input scale": Tolerance(0.1, 3.0, 2.0),
    # Means of the columns over their standard deviations, both as root mean squares. Columns that
    # are uniform in [0, 1] have 1.7.
    "input mean": Tolerance(NONE, 2.0, 1.5),
    # Standard deviation of y, and its mean over it, for mse; labels of 0 and 1 have 0.1 to 0.5.
    "target scale": Tolerance(0.1, 3.0, 2.0),
    "target mean": Tolerance(NONE, 5.0, 2.0),
    # Root mean square of the biases, over the scale of the inputs where that is above 1. PyTorch's
    # uniform biases have at most 0.58, for a single input.
    "biases": Tolerance(NONE, 0.6, 2.0),
    # |mean W| / std W over the larger of 0.5 and what chance gives a layer of so few weights.
    "mean of the weights": Tolerance(NONE, 1.0, 1.2),
    # Root mean square of W over the nearest end of the range of the usual laws.
    "scale": Tolerance(1.0, 1.0, 1.5),
    # Product over the layers of scale over gain: what depth makes of it.
    "depth": Tolerance(1e-4, 1e4, 10.0),
    # Units over distinct columns of W; at the start no two are equal.
    "copies": Tolerance(NONE, 1.0, 1.25),
    "near copies": Tolerance(NONE, 1.0, 1.25),
    # The learning rate over 2 / sharpness.
    "learning rate": Tolerance(NONE, 1.0, 1.5),
}

CHANCE: Final = 3.5  # standard errors within which the mean of a few weights may be
SMALL_MEAN: Final = 0.5
SCALE_ERRORS: Final = 2.0  # standard errors of the size of a few weights
# A relative noise of 1e-3 on both of a pair, times sqrt(2), and its tail.
NEAR: Final = 3e-3
# Of the most deviating layer: what a layer must reach to be named beside it.
BESIDE: Final = 1 / 3
# A share of the layers above which it is all of them, and what the others must reach.
MOST: Final = 0.6
SLIGHTLY: Final = 0.3
FAR_UP, FAR_DOWN = 2.0, 3.0  # or times the scheme for the activation, see `fixes.scheme_for`
PYTORCH: Final = 1 / math.sqrt(3)  # std of its default times sqrt(n_in), the smallest law
LARGEST_GAIN: Final = 5 / 3  # of PyTorch's table
UNDONE: Final = 4.0  # how much of the scale of the inputs layer 1 may undo
SAMPLE_ROWS: Final = 256


@dataclass(frozen=True)
class Cause:
    """One thing that is far from conventional.

    Parameters
    ----------
    name : str
        Which, one of `CAUSES`.
    layer : int or None
        The layer, from 1; None where it is of the data, or of several layers.
    layers : tuple of int
        All layers that it is of.
    evidence : dict
        The numbers it rests on.
    sentence : str
        What is off, with its numbers.
    fix : Fix
        How to set it right.
    deviation : float
        In factors beyond the conventional range, see `Tolerance`; at least 1.
    """

    name: str
    layer: int | None
    layers: tuple[int, ...]
    evidence: Mapping[str, Any]
    sentence: str
    fix: Fix
    deviation: float


class _Reading(NamedTuple):
    """One layer, read."""

    number: int
    inputs: int
    units: int
    activation: Activation | None  # None in the output layer
    weights: NDArray[Any]
    biases: NDArray[Any]
    finite: bool
    rms: float  # of the weights
    mean: float
    bias_rms: float
    distinct: int  # columns, the same up to sign for odd functions
    near: int  # the same up to small noise

    @property
    def std(self) -> float:
        return math.sqrt(max(self.rms**2 - self.mean**2, 0.0))

    @property
    def signed(self) -> float:
        """|mean| / std of the weights, over what chance gives so few; 0 where that is much.

        Equal weights are copies.
        """
        count = self.inputs * self.distinct
        if self.copied or count <= 4 or self.std <= 1e-6 * self.rms:
            return 0.0
        return abs(self.mean) / self.std / max(SMALL_MEAN, CHANCE / math.sqrt(count - 3))

    @property
    def one_signed(self) -> bool:
        return TOLERANCES["mean of the weights"].deviation(self.signed) >= 1.0

    @property
    def copied(self) -> bool:
        """Whether at least half of the units are copies of others, or near ones."""
        return 2 * min(self.distinct, self.near) <= self.units > 1


def find_causes(
    net: Network,
    X: NDArray[Any] | None = None,
    target: NDArray[Any] | None = None,
    *,
    layers: Sequence[LayerMeasures] | None = None,
    rate: float | None = None,
    sharpness: float | None = None,
    momentum: float = 0.0,
    optimizer: SGD | None = None,
    output: str | None = None,
    dialect: Dialect | None = None,
) -> list[Cause]:
    """Return what is far from conventional in a start, the most deviating first.

    Parameters
    ----------
    net : Network
        Before training; the numbers of a trained net are not those of a start.
    X : ndarray of shape (m, n_in), optional
        Samples. Without them the inputs are not judged.
    target : ndarray of shape (m, n_out), optional
        Encoded targets. Without them, or for a loss other than mse, they are not judged.
    layers : sequence of LayerMeasures, optional
        What `measure` gave of this net; saves reading norms again.
    rate, sharpness : float, optional
        Learning rate, and the largest curvature of the loss at the start; both, or no rate is
        judged.
    momentum : float, default 0
        Of SGD; it allows a rate 1 + momentum times larger.
    optimizer : SGD, optional
        The fix keeps its settings, all but the rate.
    output : str, optional
        Activation of the output as the model itself has it, where that is not what the loss
        implies: "sigmoid" or "tanh" under mse, "softmax" before a loss that has one.
    dialect : Dialect, optional
        In which library's words the fixes are written; by default those of `Network`.

    Returns
    -------
    list of Cause
        Empty where all is within what conventional starts show.

    Notes
    -----
    Each thing is read by itself, so one that is off does not make others look so. The size of the
    weights is held against the law, among those that are in use (fan-in, fan-out, their mean, and
    their maximum, which is that of orthogonal matrices), that fits most of the layers.

    Examples
    --------
    >>> import initlens as il
    >>> net = il.Network([64, 32, 10], "tanh").initialize("glorot_uniform", rng=0)
    >>> find_causes(net)
    []
    >>> net.biases[0][...] = 5.0
    >>> cause = find_causes(net)[0]
    >>> cause.name, cause.layer, round(cause.deviation, 1), cause.fix.code
    ('biases', 1, 3.1, 'net.biases[0][...] = 0.0')
    """
    dialect = dialect or Dialect.of_network(net)
    found: list[Cause] = []
    inputs = None if X is None or not X.size else _Columns.of(X)
    if inputs is not None:
        found += _inputs(inputs, dialect)
    if target is not None and target.size and net.settings.loss == "mse":
        found += _targets(_Columns.of(target), dialect)
    if output is not None and target is not None and target.size:
        found += _output(net, target, output)
    readings = _read(net, layers)
    sound = [reading for reading in readings if reading.finite]
    found += _not_finite(readings, net, dialect)
    found += _biases(sound, net, X, inputs, dialect)
    found += _one_signed(sound, net, dialect)
    found += _copies(sound, net, dialect)
    found += _scales(sound, net, inputs, dialect)
    if rate is not None and sharpness is not None:
        found += _rate(rate, sharpness, momentum, optimizer, dialect)
    return sorted(found, key=lambda cause: -cause.deviation)


# ---- data -----------------------------------------------------------------------------------


class _Columns(NamedTuple):
    """Scale of a matrix: root mean squares over all of its columns."""

    rms: float
    mean: float
    std: float
    constant: int
    columns: int

    @classmethod
    def of(cls, values: NDArray[Any]) -> _Columns:
        array = np.asarray(values)
        largest = float(max(array.max(), -float(array.min())))
        if largest == 0.0:
            return cls(0.0, 0.0, 0.0, array.shape[1], array.shape[1])
        scaled = np.asarray(array, np.float64)
        if not 1e-150 < largest < 1e150:  # so that no square overflows, or vanishes
            scaled = scaled / largest
        else:
            largest = 1.0
        mean = scaled.mean(axis=0)
        square = np.einsum("ij,ij->j", scaled, scaled) / len(scaled)
        variance = np.maximum(square - mean * mean, 0.0)
        constant = (variance <= 1e-20 * square) | (array == array[0]).all(axis=0)
        variance[constant] = 0.0
        constants = int(np.count_nonzero(constant))
        return cls(
            largest * math.sqrt(float(square.mean())),
            largest * math.sqrt(float(np.mean(mean * mean))),
            largest * math.sqrt(float(variance.mean())),
            constants,
            mean.size,
        )


def _inputs(columns: _Columns, dialect: Dialect) -> Iterator[Cause]:
    scale = TOLERANCES["input scale"].deviation(columns.rms)
    # Columns of zeros do not count: they do nothing.
    ratio = columns.mean / columns.std if columns.std else math.inf if columns.mean else 0.0
    offset = TOLERANCES["input mean"].deviation(ratio)
    deviation = max(scale, offset)
    if deviation < 1.0:
        return
    if columns.std == 0.0:
        what = "every column of the inputs is constant: no sample can be told from another"
    elif offset > scale:
        what = (
            f"the inputs have mean {number(columns.mean)} against a standard deviation of "
            f"{number(columns.std)}"
        )
    else:
        what = f"the inputs have RMS {number(columns.rms)}; usual is about 1"
    if columns.constant and columns.std:
        what += f" ({counted(columns.constant, 'column')} constant)"
    yield Cause(
        "inputs",
        None,
        (),
        columns._asdict(),
        _sentence(what),
        fixes.standardize_inputs(dialect, constant=columns.constant > 0),
        deviation,
    )


def _targets(columns: _Columns, dialect: Dialect) -> Iterator[Cause]:
    scale = TOLERANCES["target scale"].deviation(columns.std) if columns.std else 0.0
    offset = TOLERANCES["target mean"].deviation(columns.mean / columns.std) if columns.std else 0.0
    deviation = max(scale, offset)
    if deviation < 1.0:
        return
    yield Cause(
        "targets",
        None,
        (),
        columns._asdict(),
        f"The targets have mean {number(columns.mean)} and standard deviation "
        f"{number(columns.std)}; outputs start at about 0 and 1.",
        fixes.standardize_targets(dialect),
        deviation,
    )


_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
}


def _output(net: Network, target: NDArray[Any], output: str) -> Iterator[Cause]:
    low, high = _RANGES.get(output, (-math.inf, math.inf))
    least, most = float(target.min()), float(target.max())
    twice = output == "softmax" and net.settings.loss == "cross_entropy"
    if not twice and low <= least and most <= high:
        return
    what = (
        "the model ends in softmax, and its loss applies softmax again"
        if twice
        else f"{output} outputs lie in [{low:g}, {high:g}], the targets in "
        f"[{number(least)}, {number(most)}]"
    )
    yield Cause(
        "output activation",
        len(net.weights),
        (len(net.weights),),
        {"output": output, "least": least, "most": most},
        _sentence(what),
        Fix("Remove the activation after the last layer."),
        FARTHEST / 2,
    )


def _rate(
    rate: float, sharpness: float, momentum: float, optimizer: SGD | None, dialect: Dialect
) -> Iterator[Cause]:
    limit = 2.0 * (1.0 + momentum) / sharpness if sharpness > 0.0 else math.inf
    deviation = (
        TOLERANCES["learning rate"].deviation(rate / limit) if 0.0 < limit < math.inf else 0.0
    )
    if deviation >= 1.0:
        yield Cause(
            "learning rate",
            None,
            (),
            {"learning_rate": rate, "sharpness": sharpness, "limit": limit},
            f"The learning rate {rate:g} is {about(rate / limit)} times the largest that the "
            f"curvature allows, {limit:.3g}, beyond which steps overshoot.",
            fixes.use_rate(fixes.fitting_rate(sharpness, momentum), dialect, optimizer),
            deviation,
        )


# ---- layers ---------------------------------------------------------------------------------


def _read(net: Network, layers: Sequence[LayerMeasures] | None) -> list[_Reading]:
    hidden = [_activation(text) for text in net.settings.activation]
    readings = []
    for index, (w, b) in enumerate(zip(net.weights, net.biases, strict=True)):
        activation = hidden[index] if index < len(hidden) else None
        if layers is None:
            rms, bias_rms = _rms(w), _rms(b)
        else:
            flow = layers[index].flow
            rms, bias_rms = flow.weights / math.sqrt(w.size), flow.biases / math.sqrt(b.size)
        finite = math.isfinite(rms) and math.isfinite(bias_rms)
        mean = float(w.mean(dtype=np.float64)) if finite else math.nan
        distinct = near = w.shape[1]
        if finite and activation is not None and w.shape[1] > 1:
            distinct, near = _distinct(w, activation)
        readings.append(
            _Reading(
                index + 1,
                w.shape[0],
                w.shape[1],
                activation,
                w,
                b,
                finite,
                rms,
                mean,
                bias_rms,
                distinct,
                near,
            )
        )
    return readings


@lru_cache(maxsize=64)
def _activation(text: str) -> Activation:
    return get_activation(text)


def _rms(values: NDArray[Any]) -> float:
    largest = float(np.abs(values).max())
    if not 0.0 < largest < math.inf:
        return largest
    return largest * math.sqrt(float(np.mean(np.square(values / largest, dtype=np.float64))))


def _distinct(w: NDArray[Any], activation: Activation) -> tuple[int, int]:
    """Return how many columns differ, and how many by more than small noise.

    Columns that are nearly equal are neighbours in the order of one projection; only neighbours
    that are close there are compared. -0 is 0, and for odd functions -w is w.
    """
    units = w.shape[1]
    odd = modulo_of(activation) == MODULO_SIGN
    lengths = np.einsum("ij,ij->j", w, w, dtype=np.float64)
    projected = _direction(len(w)) @ w
    if odd:
        projected = np.abs(projected)
    order = np.argsort(projected)
    reach = 4.0 * NEAR * np.sqrt(lengths[order[1:]])
    close = np.flatnonzero(np.diff(projected[order]) <= reach)
    if not close.size:
        return units, units
    first, second = w[:, order[close]], w[:, order[close + 1]]
    if odd:
        second = second * np.where(np.einsum("ij,ij->j", first, second) < 0.0, -1.0, 1.0)
    apart = first - second
    equal = int(np.count_nonzero(~apart.any(axis=0)))
    if len(w) == 1:  # of one input, columns are numbers, and near by chance
        return units - equal, units - equal
    near = np.einsum("ij,ij->j", apart, apart) <= NEAR**2 * lengths[order[close + 1]]
    return units - equal, units - int(np.count_nonzero(near))


@lru_cache(maxsize=32)
def _direction(size: int) -> NDArray[np.float64]:
    """Return a fixed direction to which no start is tuned."""
    return np.random.default_rng(20).normal(size=size)


def _not_finite(readings: Sequence[_Reading], net: Network, dialect: Dialect) -> Iterator[Cause]:
    bad = tuple(reading.number for reading in readings if not reading.finite)
    if bad:
        yield Cause(
            "not finite",
            _only(bad),
            bad,
            {"layers": list(bad)},
            f"Weights or biases of {_layers(dialect, bad)} are NaN, infinite, or too large.",
            fixes.redraw(net, dialect, bad, biases=True),
            FARTHEST,
        )


def _biases(
    readings: Sequence[_Reading],
    net: Network,
    X: NDArray[Any] | None,
    inputs: _Columns | None,
    dialect: Dialect,
) -> Iterator[Cause]:
    # The scale of z at a conventional start: that of large inputs, up to a function that saturates.
    scale = max(1.0, inputs.rms) if inputs is not None else 1.0
    deviations = {}
    for reading in readings:
        if reading.activation is not None or net.settings.loss != "mse":
            ratio = reading.bias_rms / scale
            deviations[reading.number] = TOLERANCES["biases"].deviation(ratio)
        if reading.activation is not None and not _gains(reading.activation).grows:
            scale = 1.0
    named = _named(deviations)
    if not named:
        return
    sizes = {reading.number: reading.bias_rms for reading in readings}
    spreads = _spreads(net, X)
    worst = max(named, key=lambda layer: deviations[layer])
    against = f" against a spread of {number(spreads[worst - 1])} of w.x" if spreads else ""
    also = [layer for layer in named if layer != worst]
    yield Cause(
        "biases",
        _only(named),
        named,
        {
            "bias_rms": [sizes[layer] for layer in named],
            "spreads": [spreads[layer - 1] for layer in named] if spreads else None,
        },
        f"The biases of {_layers(dialect, (worst,))} have RMS {number(sizes[worst])}{against}."
        + (f" Those of {_layers(dialect, also)} are large too." if also else ""),
        fixes.zero_biases(dialect, named),
        max(deviations.values()),
    )


def _spreads(net: Network, X: NDArray[Any] | None) -> list[float]:
    """Return for each layer the standard deviation of w.x over samples, RMS over units."""
    if X is None:
        return []
    rows = np.asarray(X)[:: max(1, len(X) // SAMPLE_ROWS)]
    with np.errstate(over="ignore", invalid="ignore"):  # far off, and said so
        return [
            math.sqrt(float(np.mean(np.var(layer.z, axis=0, dtype=np.float64))))
            for layer in net.activations(rows)
        ]


def _one_signed(readings: Sequence[_Reading], net: Network, dialect: Dialect) -> Iterator[Cause]:
    tolerance = TOLERANCES["mean of the weights"]
    deviations = {r.number: tolerance.deviation(r.signed) for r in readings}
    named = _named(deviations)
    if not named:
        return
    worst = max(named, key=lambda layer: deviations[layer])
    reading = next(reading for reading in readings if reading.number == worst)
    signed = bool(np.all(reading.weights >= 0.0) or np.all(reading.weights <= 0.0))
    sign = "positive" if reading.mean > 0.0 else "negative"
    # What is left after the mean is taken away may be too small or too large.
    left = all(
        PYTORCH / 3 <= r.std * math.sqrt(r.inputs) <= 3 * LARGEST_GAIN
        for r in readings
        if r.number in named
    )
    yield Cause(
        "mean of the weights",
        _only(named),
        named,
        {
            "mean": [r.mean for r in readings if r.number in named],
            "std": [r.std for r in readings if r.number in named],
        },
        f"The weights of {_layers(dialect, named)} are {'all' if signed else 'mostly'} {sign}: "
        f"mean {number(reading.mean)} against a standard deviation of {number(reading.std)}"
        + (f" in {_layers(dialect, (worst,))}." if len(named) > 1 else "."),
        fixes.center(dialect, named) if left else fixes.redraw(net, dialect, named),
        max(deviations.values()),
    )


def _copies(readings: Sequence[_Reading], net: Network, dialect: Dialect) -> Iterator[Cause]:
    hidden = [reading for reading in readings if reading.activation is not None]
    exact = {r.number: TOLERANCES["copies"].deviation(r.units / r.distinct) for r in hidden}
    near = {
        r.number: TOLERANCES["near copies"].deviation(r.units / r.near)
        for r in hidden
        if exact[r.number] < 1.0
    }
    for name, deviations in (("copies", exact), ("near copies", near)):
        named = _named(deviations)
        if not named:
            continue
        of = {r.number: r for r in hidden if r.number in named}
        left = {n: r.distinct if name == "copies" else r.near for n, r in of.items()}
        worst = max(named, key=lambda layer: deviations[layer])
        zero = not any(r.rms for r in of.values())
        noise = "" if name == "copies" else f" but for a noise below {NEAR:g}"
        alike = "all weights are 0" if zero else f"the others have the same incoming weights{noise}"
        also = [layer for layer in named if layer != worst]
        yield Cause(
            name,
            _only(named),
            named,
            {"distinct": list(left.values()), "units": [r.units for r in of.values()]},
            f"{Place((worst,), dialect.names).start} has {counted(of[worst].units, 'unit')} but "
            f"only {left[worst]} distinct {'one' if left[worst] == 1 else 'ones'}: {alike}."
            + (f" The same holds for {_layers(dialect, also)}." if also else ""),
            fixes.redraw(net, dialect, named),
            max(deviations.values()),
        )


# ---- scale ----------------------------------------------------------------------------------


class _Gains(NamedTuple):
    """What is usual for an activation, as std W times sqrt(n_in)."""

    forward: float  # of its own layer
    centred: float  # of the layer after it, as LSUV brings it to unit variance
    grows: float  # by what a gain of 1 multiplies a large signal; 0 where it saturates
    shrinks: float  # and a small one; 0 where it is not 0 at 0


@lru_cache(maxsize=64)
def _gains(activation: Activation) -> _Gains:
    try:
        forward, centred = gain(activation), gain(activation, "std")
    except ValueError:
        return _Gains(1.0, 1.0, 0.0, 0.0)
    if activation.kind in RELU_FAMILY:
        return _Gains(forward, centred, 1.0 / forward, 1.0 / forward)
    (at_zero, far), slope = np.abs(activation([0.0, 1e3])), abs(float(activation.slope([0.0])[0]))
    grows = 1.0 / forward if far > 100.0 else 0.0
    return _Gains(forward, centred, grows, slope if at_zero == 0.0 else 0.0)


def _ranges(
    readings: Sequence[_Reading], inputs: _Columns | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest and the largest usual gain of each layer."""
    low, high = [], []
    before: Activation | None = None
    for r in readings:
        own = 1.0 if r.activation is None else _gains(r.activation).forward
        if r.number == 1:  # LSUV undoes the scale of the inputs
            scale = 1.0 if inputs is None or not inputs.rms else inputs.rms
            after = min(1.0 / scale, UNDONE)
            least = max(PYTORCH * min(1.0, 1.0 / scale), PYTORCH / UNDONE)
        else:
            after, least = 1.0 if before is None else _gains(before).centred, PYTORCH
        low.append(min(least, own))
        high.append(max(LARGEST_GAIN, own, after))
        before = r.activation
    return np.array(low), np.array(high)


def _laws(readings: Sequence[_Reading]) -> Iterator[NDArray[np.float64]]:
    """Yield the standard deviations of a gain of 1 by each of the usual laws."""
    n_in, n_out = np.array([[r.inputs, r.units] for r in readings], np.float64).T
    for size in (n_in, 0.5 * (n_in + n_out), np.maximum(n_in, n_out), n_out):
        yield 1.0 / np.sqrt(size)


def _scales(
    readings: Sequence[_Reading], net: Network, inputs: _Columns | None, dialect: Dialect
) -> Iterator[Cause]:
    """Judge the size of the weights, by the law that fits most of the layers."""
    judged = [r for r in readings if r.rms]  # of zeros, the others are copies
    zeros = tuple(r.number for r in readings if not r.rms and r.units == 1 and r.activation)
    if not judged:
        return
    # Of weights of one sign the spread counts: their mean is a cause of its own.
    sizes = np.array([r.std if r.one_signed and r.std else r.rms for r in judged])
    counts = np.array([r.inputs * r.distinct for r in judged], np.float64)
    errors = SCALE_ERRORS / np.sqrt(2.0 * counts)
    low, high = _ranges(judged, inputs)
    unit = math.log(TOLERANCES["scale"].factor)
    best: NDArray[np.float64] | None = None
    for law in _laws(judged):
        logs = np.log(sizes / law)
        beyond = np.maximum(logs - np.log(high), 0.0) + np.minimum(logs - np.log(low), 0.0)
        signed = beyond / (unit + np.log1p(errors))
        if best is None or _misfit(signed) < _misfit(best):
            best = signed
    assert best is not None
    numbers = [r.number for r in judged]
    usual = {
        r.number: float(size / fixes.usual_std(r.activation, r.inputs, r.units))
        for r, size in zip(judged, sizes, strict=True)
    }
    lone: set[int] = set()
    for sign in (1, -1):
        deviations = dict(zip(numbers, np.clip(sign * best, 0.0, FARTHEST).tolist(), strict=True))
        named = _named(deviations)
        if not named:
            continue
        slightly = tuple(
            n
            for n in numbers
            if deviations[n] >= SLIGHTLY or usual[n] ** sign >= (FAR_UP if sign > 0 else FAR_DOWN)
        )
        all_of_them = len(slightly) >= max(2.0, MOST * len(judged))
        lone |= set(named)
        yield from _off(
            net,
            dialect,
            judged,
            usual,
            slightly if all_of_them else named,
            sign,
            max(deviations.values()),
            everything=all_of_them,
        )
    if not lone:
        yield from _by_depth(net, dialect, judged, sizes, usual)
    if zeros:
        yield Cause(
            "scale",
            _only(zeros),
            zeros,
            {"factors": [0.0 for _ in zeros]},
            f"The weights of {_layers(dialect, zeros)} are 0.",
            fixes.redraw(net, dialect, zeros),
            FARTHEST,
        )


def _by_depth(
    net: Network,
    dialect: Dialect,
    judged: Sequence[_Reading],
    sizes: NDArray[np.float64],
    usual: Mapping[int, float],
) -> Iterator[Cause]:
    """Judge what many layers make of a small deviation of each: the product of their gains."""
    logs = {1: 0.0, -1: 0.0}
    for r, size in zip(judged, sizes.tolist(), strict=True):
        if r.activation is not None:
            gains = _gains(r.activation)
            for sign, unit in ((1, gains.grows), (-1, gains.shrinks)):
                logs[sign] += math.log(size * math.sqrt(r.inputs) * unit) if unit else 0.0
    for sign, total in logs.items():
        deviation = TOLERANCES["depth"].deviation(math.exp(max(min(total, 700.0), -700.0)))
        if deviation and total * sign > 0.0:
            every = tuple(r.number for r in judged)
            yield from _off(
                net, dialect, judged, usual, every, sign, 1.0 + deviation, everything=True
            )
            return


def _misfit(signed: NDArray[np.float64]) -> float:
    """Return how badly a law fits; one layer that is far off says nothing of the law."""
    return float(np.minimum(np.abs(signed), 1.0).sum())


def _off(
    net: Network,
    dialect: Dialect,
    judged: Sequence[_Reading],
    usual: Mapping[int, float],
    named: tuple[int, ...],
    sign: int,
    deviation: float,
    *,
    everything: bool,
) -> Iterator[Cause]:
    of = [r for r in judged if r.number in named]
    factors = [usual[n] for n in named]
    size = "large" if sign > 0 else "small"
    where = "all layers" if len(named) == len(net.weights) else _layers(dialect, named)
    typical = math.exp(sum(map(math.log, factors)) / len(factors))
    times = f"{about(typical)} times the usual size"
    if len(named) > 1:
        times += " on average"
    plain = not everything and not any(r.copied for r in of)
    yield Cause(
        "scale of all layers" if everything else "scale",
        None if everything else _only(named),
        named,
        {"factors": factors},
        f"The weights of {where} are too {size}: {times} for their activation.",
        fixes.rescale(dialect, named, tuple(1.0 / f for f in factors))
        if plain
        else fixes.redraw(net, dialect, tuple(range(1, len(net.weights) + 1)), biases=True)
        if everything
        else fixes.redraw(net, dialect, named),
        deviation,
    )


# ---- text -----------------------------------------------------------------------------------


def _named(deviations: Mapping[int, float]) -> tuple[int, ...]:
    """Return the layers to name: those that deviate, and not much less than the first."""
    most = max(deviations.values(), default=0.0)
    if most < 1.0:
        return ()
    return tuple(n for n, value in deviations.items() if value >= max(1.0, BESIDE * most))


def _only(layers: tuple[int, ...]) -> int | None:
    return layers[0] if len(layers) == 1 else None


def _layers(dialect: Dialect, numbers: Sequence[int]) -> str:
    """Write "layer 2 (fc2)" or "layers 1, 2 and 4"."""
    return str(Place(tuple(numbers), dialect.names))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
