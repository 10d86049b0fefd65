"""diagnose: measure a net on data and name what will keep it from learning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import activations
from ..nets import targets
from .._tools.checks import as_array, choice, integer, real, rows_match
from .._tools.format import data_frame, number, share
from ..activations import MODULO_NONE, modulo_of
from .measures import QUANTILES, Flow, LayerMeasures, NotFinite, Saturation, Signal, Symmetry, count_groups, measure, shared_streams
from .._tools.text import counted, jsonable, shown
from .measures import Loss
from .rules import Case, judge
from .verdicts import CODES, TOPICS, Judged, Verdict
from ..activations import Activation
from .._tools.selection import evenly
from ..nets.history import History
from ..nets.network import Network, Settings
from ..tables import Table

if TYPE_CHECKING:
    from ..plotting import LearningTimeDisplay, SaturationDisplay, SimilarityDisplay

__all__ = [
    "CODES",
    "QUANTILES",
    "TOPICS",
    "Diagnosis",
    "Flow",
    "LayerMeasures",
    "Loss",
    "NotFinite",
    "Saturation",
    "Signal",
    "Symmetry",
    "UnitGroups",
    "Verdict",
    "diagnose",
    "diagnose_arrays",
    "distinct_units",
    "relative_slope",
]

SATURATED_SLOPE: Final = 0.05

_SAMPLES_DRAWN: Final = 400  # of a map of slopes: a column each

Activations: TypeAlias = str | Activation | Sequence[str | Activation]


class _Measured(NamedTuple):
    """The net as it was, for pictures of it: nets are trained on."""

    settings: Settings
    parameters: list[NDArray[Any]]
    X: NDArray[Any] | None

    def network(self) -> Network:
        settings = self.settings
        net = Network(settings.layers, settings.activation, settings.loss, settings.dtype)
        for view, array in zip(net._parameters(), self.parameters, strict=True):
            view[...] = array
        return net


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Judged):
    """What a net is on data, and what that means: what `diagnose` returns.

    Parameters
    ----------
    layers : tuple of LayerMeasures
        The numbers, the output layer last.
    loss : Loss
        First loss, chance loss, confident-wrong share.
    verdicts : tuple of Verdict
        Errors first, then warnings, then notes; "healthy" leads where nothing is wrong.
    samples : int
        Rows of X; 0 where the weights alone were measured.
    threshold : float
        Relative slope below which a pair of unit and sample is saturated.
    learning_rate : float or None
        As given.
    steps : int or None
        As given.
    """

    layers: tuple[LayerMeasures, ...]
    loss: Loss
    verdicts: tuple[Verdict, ...]
    samples: int
    threshold: float
    learning_rate: float | None
    steps: int | None
    _measured: _Measured

    @property
    def saturated(self) -> float:
        """Share of saturated pairs among all of the hidden layers; NaN without hidden layers."""
        hidden = self.layers[:-1]
        units = sum(layer.units for layer in hidden)
        if not units:
            return math.nan
        return sum(layer.saturation.share * layer.units for layer in hidden) / units

    @property
    def first_last_ratio(self) -> float:
        """norm(dW) of the first layer over that of the last; NaN if both are 0."""
        first, last = self.layers[0].flow.d_weights, self.layers[-1].flow.d_weights
        if last:
            return first / last
        return math.inf if first else math.nan

    def learning_time(self, layer: int) -> float:
        """Return the steps of SGD until the weights of a layer have moved by their norm.

        Parameters
        ----------
        layer : int
            From 1, the output layer last.

        Returns
        -------
        float
            `Flow.learning_time` over the learning rate: infinite without a gradient, NaN without
            targets.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        flow = self._layer(layer, len(self.layers)).flow
        rate = 1.0 if self.learning_rate is None else self.learning_rate
        if math.isnan(flow.d_weights):
            return math.nan
        return flow.learning_time / rate if rate else math.inf

    def _layer(self, number: int, last: int) -> LayerMeasures:
        chosen = integer("layer", number, minimum=1)
        if chosen > last:
            kind = "a layer" if last == len(self.layers) else "a hidden layer"
            raise ValueError(f"layer must be {kind}, 1 to {last}, got {chosen}")
        return self.layers[chosen - 1]

    def table(self) -> Table:
        """Return one row a layer, and the verdicts below.

        Returns
        -------
        Table
        """
        columns = (
            "layer",
            "inputs x units",
            "activation",
            "distinct\nunits",
            "effective\nunits",
            "z\nstd",
            "saturated",
            "dead\nunits",
            "|dW|",
            "learning time\n(steps)",
        )
        rows = tuple(self._row(layer) for layer in self.layers)
        return Table(self._title(), columns, rows, tuple(map(str, self.verdicts)))

    def _row(self, layer: LayerMeasures) -> tuple[str, ...]:
        symmetry = layer.symmetry
        dead = layer.saturation.dead_units
        return (
            str(layer.number),
            f"{layer.inputs} x {layer.units}",
            "output" if layer.activation is None else str(layer.activation),
            "-" if symmetry is None else f"{symmetry.distinct}/{layer.units}",
            _effective(layer),
            _digits(layer.z.std),
            share(layer.saturation.share),
            "-" if layer.activation is None else str(dead),
            _digits(layer.flow.d_weights),
            _digits(self.learning_time(layer.number)),
        )

    def _title(self) -> str:
        parts = ["Diagnosis: " + self.verdict.code]
        parts.append(counted(self.samples, "sample") if self.samples else "weights alone")
        if not math.isnan(self.loss.first):
            parts.append(f"loss {number(self.loss.first)} ({self.loss.ratio:.3g} x chance)")
        rate = "1" if self.learning_rate is None else f"{self.learning_rate:g}"
        parts.append(f"learning rate {rate}")
        return " · ".join(parts)

    def __repr__(self) -> str:
        """Return the table as text."""
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def to_dict(self, *, arrays: bool = False) -> dict[str, Any]:
        """Return everything in lists and numbers that JSON can hold; NaN becomes None.

        Parameters
        ----------
        arrays : bool, default False
            With what there is of every unit, pair of units and sample.
        """
        return {
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "loss": jsonable(asdict(self.loss) | {"ratio": self.loss.ratio}),
            "samples": self.samples,
            "threshold": self.threshold,
            "learning_rate": self.learning_rate,
            "steps": self.steps,
            "saturated": jsonable(self.saturated),
            "first_last_ratio": jsonable(self.first_last_ratio),
            "layers": [_layer_dict(layer, arrays) for layer in self.layers],
        }

    def to_frame(self) -> Any:
        """Return a `pandas.DataFrame` with one row a layer.

        Returns
        -------
        pandas.DataFrame
            Numbers of the layer, named as in `to_dict`, with dots: "flow.d_weights".

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        rows = [_flat(_layer_dict(layer, arrays=False)) for layer in self.layers]
        names = dict.fromkeys(name for row in rows for name in row)
        return data_frame({name: [row.get(name) for row in rows] for name in names})

    def plot_similarity(self, layer: int = 1, ax: Any = None) -> SimilarityDisplay:
        """Draw how much alike the outputs of the units of a hidden layer are.

        Parameters
        ----------
        layer : int, default 1
            Which hidden layer, from 1.
        ax : matplotlib.axes.Axes, optional
            Where; a new figure by default.

        Returns
        -------
        SimilarityDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no such hidden layer, or it has no correlations: no X, or values that are
            not finite.
        """
        from ..plotting import plot_similarity

        return plot_similarity(self._layer(layer, len(self.layers) - 1), ax=ax)

    def plot_saturation(self, layer: int = 1, ax: Any = None) -> SaturationDisplay:
        """Draw the relative slope of every unit of a hidden layer on every sample.

        Parameters
        ----------
        layer : int, default 1
            Which hidden layer, from 1.
        ax : matplotlib.axes.Axes, optional
            Where; a new figure by default.

        Returns
        -------
        SaturationDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no such hidden layer, or the net was diagnosed without X.
        """
        from ..plotting import plot_saturation

        chosen = self._layer(layer, len(self.layers) - 1)
        X = self._measured.X
        if X is None or chosen.activation is None:
            raise ValueError("a map of slopes needs samples: il.diagnose(net, X)")
        z = self._measured.network().activations(X[evenly(len(X), _SAMPLES_DRAWN)])[layer - 1].z
        return plot_saturation(
            relative_slope(chosen.activation, z).T.astype(np.float64),
            layer=layer,
            threshold=self.threshold,
            samples=self.samples,
            ax=ax,
            title=f"layer {layer}, {chosen.activation}: {share(chosen.saturation.share)} flat",
        )

    def plot_learning_time(self, ax: Any = None) -> LearningTimeDisplay:
        """Draw the learning time of every layer on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; a new figure by default.

        Returns
        -------
        LearningTimeDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the net was diagnosed without X and y.
        """
        from ..plotting import plot_learning_times

        rate = 1.0 if self.learning_rate is None else self.learning_rate
        title = f"learning time at learning rate {rate:g}"
        return plot_learning_times({"net": self}, ax=ax, title=title)

    def _page(self) -> str:
        from ..report import diagnosis_page

        return diagnosis_page(self)


class UnitGroups(NamedTuple):
    """Number of groups of equal units, by which part of them is compared."""

    units: int  # incoming weights, bias and outgoing weights
    function: int  # incoming weights and bias
    incoming: int
    bias: int
    outgoing: int


def diagnose(
    net: Network,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    learning_rate: float | None = None,
    steps: int | None = None,
    history: History | None = None,
    threshold: float = SATURATED_SLOPE,
) -> Diagnosis:
    """Measure a net on data and say which failure it has, if any, why, and what to change.

    Parameters
    ----------
    net : Network
        Before training, or after.
    X : array_like of shape (m, n_in), optional
        Samples; the training data, or a batch of a few hundred. Without them the weights alone are
        measured.
    y : array_like, optional
        Targets, as in `Network.loss`. Without them there are no gradients.
    learning_rate : float, optional
        Of the SGD to come; 1 by default. "Slow" is judged by it: `Flow.learning_time`.
    steps : int, optional
        How many there will be; 10,000 by default.
    history : History, optional
        What `fit` recorded of this net: adds the verdicts "diverged" and "stuck".
    threshold : float, default 0.05
        A pair of unit and sample is saturated where |g'(z)| is below this share of the largest.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        If X and y do not fit the net, or an argument is out of its range.
    TypeError
        If an argument is of another kind.

    Notes
    -----
    NaN weights are a verdict, "non_finite"; NaN in X or y is an error. The rules are plain bounds
    on the numbers in `Verdict.evidence`, for SGD: Adam rescales its steps and outlives a small
    start.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> net = il.Network([2, 4, 1], activation="tanh").initialize("zeros")
    >>> diagnosis = il.diagnose(net, flower.X, flower.y)
    >>> diagnosis.verdict.code, diagnosis.ok("symmetry"), diagnosis.ok("saturation")
    ('zero_gradient', False, True)
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, got {shown(net)}")
    rate = None if learning_rate is None else real("learning_rate", learning_rate, minimum=0.0)
    budget = None if steps is None else integer("steps", steps, minimum=0)
    limit = real("threshold", threshold, minimum=0.0, maximum=1.0)
    if history is not None and not isinstance(history, History):
        raise TypeError(f"history must be what fit returned, got {shown(history)}")
    samples = None if X is None else as_array("X", X)
    target, chance = None, math.nan
    if y is not None:
        if samples is None:
            raise ValueError("y without X: pass both, or neither")
        rows_match(samples, np.asarray(y))
        target = targets.encode(y, net.settings.loss, net.settings.layers[-1])
        chance = targets.chance_loss(target, net.settings.loss)
    hidden = [activations.get(text) for text in net.settings.activation]
    layers, first, confident_wrong = measure(net, hidden, samples, target, limit)
    loss = Loss(first, chance, confident_wrong)
    verdicts = judge(Case(layers, loss, shared_streams(net.weights), rate, budget, history))
    rows = 0 if samples is None else len(samples)
    parameters = [array.copy() for array in net._parameters()]
    measured = _Measured(net.settings, parameters, samples)
    return Diagnosis(layers, loss, verdicts, rows, limit, rate, budget, measured)


def diagnose_arrays(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike | None],
    activation: Activations = "tanh",
    loss: str | None = None,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    learning_rate: float | None = None,
    steps: int | None = None,
    threshold: float = SATURATED_SLOPE,
) -> Diagnosis:
    """Diagnose a net given as plain arrays.

    Parameters
    ----------
    weights : sequence of array_like, each (n_in, n_out)
        Of every layer. float32 if all of them are, else float64.
    biases : sequence of array_like or None, each (n_out,)
        None for a layer without.
    activation : str, Activation or sequence of them, default "tanh"
        One for all hidden layers, or one for each.
    loss : str, optional
        As in `Network`.
    X, y, learning_rate, steps, threshold
        As in `diagnose`.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        If there is no layer, the shapes do not chain, or `diagnose` refuses the rest.
    TypeError
        If an argument is of another kind.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> weights = [np.full((2, 4), 0.5), np.full((4, 1), 0.5)]
    >>> il.diagnosis.diagnose_arrays(weights, [None, None], "tanh").verdict.code
    'symmetric'
    """
    matrices = [_real_array(f"weights[{index}]", w, 2) for index, w in enumerate(weights)]
    if not matrices:
        raise ValueError("weights holds no layer")
    for index, (first, second) in enumerate(pairwise(matrices)):
        if first.shape[1] != second.shape[0]:
            raise ValueError(
                f"weights[{index}] of shape {first.shape} gives {first.shape[1]} values and "
                f"weights[{index + 1}] of shape {second.shape} takes {second.shape[0]}"
            )
    if len(biases) != len(matrices):
        raise ValueError(f"biases must be one for each of {len(matrices)} layers, or None")
    offsets = [
        np.zeros(w.shape[1], w.dtype) if b is None else _real_array(f"biases[{index}]", b, 1)
        for index, (w, b) in enumerate(zip(matrices, biases, strict=True))
    ]
    widths = [matrices[0].shape[0], *(w.shape[1] for w in matrices)]
    if min(widths) < 1:
        raise ValueError(f"every layer needs inputs and units, got widths {widths}")
    single = all(array.dtype == np.float32 for array in (*matrices, *offsets))
    template = Network(widths, activation, loss, "float32" if single else "float64")
    for name, views, arrays in (
        ("weights", template.weights, matrices),
        ("biases", template.biases, offsets),
    ):
        for index, (view, array) in enumerate(zip(views, arrays, strict=True)):
            if view.shape != array.shape:
                raise ValueError(f"{name}[{index}] has shape {array.shape}, not {view.shape}")
            view[...] = array
    return diagnose(template, X, y, learning_rate=learning_rate, steps=steps, threshold=threshold)


def distinct_units(
    net: Network, *, tol: float = 0.0, modulo: Literal["none", "activation"] = "none"
) -> list[UnitGroups]:
    """Count the distinct units of every hidden layer.

    Parameters
    ----------
    net : Network
        Which net.
    tol : float, default 0
        0 compares bits; else units within this multiple of the units' mean norm of the first of a
        group belong to it.
    modulo : {"none", "activation"}, default "none"
        "activation" counts units as one that are the same up to the activation's own symmetry: the
        sign for odd functions, a positive scale (to rounding) for the ReLU family.

    Returns
    -------
    list of UnitGroups
        One a hidden layer.

    Raises
    ------
    ValueError
        If `tol` is negative or `modulo` another word.

    Examples
    --------
    >>> import initlens as il
    >>> net = il.Network([2, 4, 1]).initialize(["constant(0.5)", "normal(1)"], rng=0)
    >>> groups, = il.diagnosis.distinct_units(net)
    >>> groups.units, groups.function, groups.outgoing
    (4, 1, 4)
    """
    tolerance = real("tol", tol, minimum=0.0)
    by_activation = choice("modulo", modulo, ("none", "activation")) == "activation"
    weights, biases = net.weights, net.biases
    found = []
    for index, text in enumerate(net.settings.activation):
        kind = modulo_of(activations.get(text)) if by_activation else MODULO_NONE
        w, b, v = weights[index], biases[index], weights[index + 1]
        parts = ((w, b, v), (w, b, None), (w, None, None), (None, b, None), (None, None, v))
        found.append(UnitGroups(*(count_groups(b.size, part, kind, tolerance) for part in parts)))
    return found


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
        Of the shape of `z`, in [0, 1].

    Examples
    --------
    >>> import initlens as il
    >>> il.diagnosis.relative_slope("tanh", [0.0, 2.17, 2.18]) < 0.05
    array([False, False,  True])
    """
    g = activations.get(activation)
    slope: NDArray[Any] = np.abs(g.slope(z)) / g.max_slope
    return slope


def _real_array(name: str, value: ArrayLike, rank: int) -> NDArray[Any]:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != rank:
        raise ValueError(f"{name} must have {rank} dimensions, got shape {array.shape}")
    return array


def _effective(layer: LayerMeasures) -> str:
    """Return the effective units beside the most that the layer can have."""
    symmetry = layer.symmetry
    if symmetry is None or math.isnan(symmetry.effective_units):
        return "-"
    return f"{symmetry.effective_units:.1f} of {min(layer.units, layer.inputs)}"


def _digits(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _layer_dict(layer: LayerMeasures, arrays: bool) -> dict[str, Any]:
    values = asdict(layer) | {"activation": str(layer.activation or "output")}
    values["not_finite"] = layer.not_finite._asdict()
    values["saturation"]["share"] = layer.saturation.share
    values["saturation"]["saturated_units"] = layer.saturation.saturated_units
    values["flow"]["attenuation"] = layer.flow.attenuation
    values["flow"]["learning_time"] = layer.flow.learning_time
    values["flow"]["signal_time"] = layer.flow.signal_time
    if layer.symmetry is not None:
        values["symmetry"]["largest_similarity"] = layer.symmetry.largest_similarity
        values["symmetry"]["mean_similarity"] = layer.symmetry.mean_similarity
    if not arrays:
        for part, name in _ARRAYS:
            (values[part] or {}).pop(name, None)
    plain: dict[str, Any] = jsonable(values)
    return plain


_ARRAYS: Final = (
    ("saturation", "by_unit"),
    ("saturation", "by_sample"),
    ("symmetry", "similarity"),
)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            flat[prefix + name] = value
    return flat
