"""Network: a dense net with names, checks and files around the C core."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._core import Net
from .._tools import npz
from .._tools import rng as _rng
from .._tools.checks import as_array, float_name, integer, rows_match, training_counts
from .._tools.cpus import threads
from .._tools.files import replacing
from .._tools.progress import Progress, reporter
from .._tools.text import shown
from ..activations import Activation
from ..activations import get as get_activation
from ..initializers import (
    LSUV,
    Constant,
    CoreScheme,
    Layer,
    LSUVRecord,
    Purpose,
    Scheme,
    SchemeLike,
)
from ..initializers import get as get_scheme
from ..initializers.data_driven import rescale
from ..initializers.scheme import is_large, narrowed
from ..optimizers import Optimizer
from ..optimizers import get as get_optimizer
from ..tables import Table, Tabular
from . import history, targets
from .history import History

if TYPE_CHECKING:
    from .._core import FitResult, SchemeTuple  # the stub's own, not there at run time

__all__ = ["Gradients", "LayerActivation", "Network", "Settings"]

FILE_FORMAT = "initlens network 1"

StopCallback: TypeAlias = Callable[[int, "Network"], object]


@dataclass(frozen=True)
class Settings:
    """What a net is, apart from its numbers; comparable with ``==``.

    Parameters
    ----------
    layers : tuple of int
        Widths, inputs first and outputs last.
    activation : tuple of str
        One text per hidden layer.
    loss : str
        "binary_cross_entropy", "cross_entropy" or "mse".
    dtype : str
        "float32" or "float64".
    """

    layers: tuple[int, ...]
    activation: tuple[str, ...]
    loss: str
    dtype: str


class LayerActivation(NamedTuple):
    """One layer on a batch: pre-activations `z` and activations `a`, both (m, n_out)."""

    z: NDArray[Any]
    a: NDArray[Any]


class Gradients(NamedTuple):
    """Mean gradients over a batch, without weight decay, and its loss."""

    loss: float
    weights: list[NDArray[Any]]
    biases: list[NDArray[Any]]


class Network(Net, Tabular):
    """A dense net: layers with biases, one activation a hidden layer, a loss.

    Parameters
    ----------
    layers : sequence of int
        Widths, inputs first and outputs last; each at least 1. Two widths are a net without a
        hidden layer: logistic or linear regression.
    activation : str, Activation or sequence of them, default "tanh"
        One for all hidden layers, or one for each; see `activations.names`.
    loss : str, optional
        It fixes the output: "binary_cross_entropy" (sigmoid), "cross_entropy" (softmax) or "mse"
        (identity). By default cross-entropy, binary for one output.
    dtype : dtype, default "float64"
        "float32" or "float64".

    Raises
    ------
    ValueError
        If a width is below 1, or activation or loss are not known.
    TypeError
        If a width is not an integer, or dtype is not float32 or float64.
    MemoryError
        If the parameters do not fit.

    Notes
    -----
    All parameters are zero until `initialize`. A net may be used by one thread at a time; a second
    one gets a RuntimeError. Equal units stay equal to the last bit through any training, and the
    same seed gives the same bits on every machine.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> net = il.Network([2, 4, 1], activation="tanh").initialize("he_normal", rng=3)
    >>> history = net.fit(flower.X, flower.y, optimizer=il.SGD(1.2), steps=2_000)
    >>> net.accuracy(flower.X, flower.y) > 0.6
    True
    """

    def __init__(
        self,
        layers: Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "tanh",
        loss: str | None = None,
        dtype: DTypeLike = "float64",
    ) -> None:
        widths = _widths(layers)
        hidden = _hidden_activations(activation, len(widths) - 2)
        loss_name = targets.resolve_loss(loss, widths[-1])
        precision = float_name(dtype)
        kinds = [(item.kind, item.parameter) for item in hidden]
        try:
            super().__init__(widths, kinds, loss_name, precision)
        except MemoryError:
            count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(widths))
            size = count * np.dtype(precision).itemsize / 1e9
            raise MemoryError(
                f"layers {list(widths)} need {count:,} parameters of dtype {precision} "
                f"({size:,.1f} GB); use smaller widths"
            ) from None
        self._settings = Settings(widths, tuple(map(str, hidden)), loss_name, precision)
        self._seed: int | None = None
        self._lsuv_record: LSUVRecord | None = None

    @property
    def settings(self) -> Settings:
        """Layers, activations, loss and dtype."""
        return self._settings

    @property
    def seed(self) -> int | None:
        """The int that gives the last `initialize` again as `rng`, None where there is none."""
        return self._seed

    @property
    def lsuv_record(self) -> LSUVRecord | None:
        """What LSUV did in the last `initialize`, None if it had no part."""
        return self._lsuv_record

    def initialize(
        self,
        scheme: SchemeLike | Sequence[SchemeLike],
        *,
        bias: SchemeLike | Sequence[SchemeLike] | None = None,
        rng: _rng.Rng = None,
        n_jobs: int | None = None,
    ) -> Self:
        """Draw weights and biases, and forget all training.

        Parameters
        ----------
        scheme : str, Scheme, callable, ndarray or sequence of them
            One for all layers, or one for each; see `initializers.get`.
        bias : str, Scheme, callable, ndarray or sequence of them, optional
            The same for the biases. By default what belongs to the scheme of the weights: zeros,
            but for schemes that say otherwise, such as "torch_linear" or "mean_field_critical".
        rng : None, int, SeedSequence, Generator, BitGenerator or RandomState, optional
            None takes fresh entropy; `seed` tells it. A legacy `RandomState` is drawn from itself,
            layer by layer, as (n_out, n_in): the numbers of a course that calls
            ``np.random.randn(n_out, n_in)``. It cannot draw biases.
        n_jobs : int, optional
            Threads; as many as there are CPUs by default, fewer for small layers. The numbers are
            the same for any number.

        Returns
        -------
        Network
            The net itself.

        Raises
        ------
        ValueError
            If a scheme is not known, their number is not that of the layers, or a function's
            array does not fit; the net is unchanged then, but a generator may have advanced.
        TypeError
            If `rng` is of another kind.
        """
        widths = list(pairwise(self.settings.layers))
        layers = [Layer.dense(*pair, index, len(widths)) for index, pair in enumerate(widths)]
        schemes = _per_layer("scheme", scheme, len(layers))
        if bias is None:
            bias_schemes = [item._bias() or Constant(0.0) for item in schemes]
        else:
            bias_schemes = _per_layer("bias", bias, len(layers))
        jobs = threads(n_jobs)
        source = _rng.resolve(rng)
        if any(isinstance(item, LSUV) for item in schemes):
            # Measured and rescaled on a net of its own: it may be refused half-way.
            draft = self.copy()
            seed = draft._draw(schemes, bias_schemes, layers, source, jobs)
            record = rescale(draft, schemes)
            self._set_progress(draft._get_progress(), draft._get_slots())
            for view, array in zip(self._parameters(), draft._parameters(), strict=True):
                view[...] = array
        else:
            seed = self._draw(schemes, bias_schemes, layers, source, jobs)
            record = None
        self._seed, self._lsuv_record = seed, record
        return self

    def _draw(
        self,
        schemes: Sequence[Scheme],
        bias_schemes: Sequence[Scheme],
        layers: Sequence[Layer],
        source: _rng.Key | np.random.RandomState,
        jobs: int,
    ) -> int | None:
        """Draw all parameters; return the seed."""
        # What is drawn here, not in the core, is drawn before anything changes.
        dtype = self.settings.dtype
        bias_specs = _specs(bias_schemes, layers, "biases")
        if isinstance(source, np.random.RandomState):
            for item in bias_schemes:
                if not isinstance(item, Constant):
                    raise ValueError(
                        f"a RandomState draws weights only, and the bias scheme {item} is random: "
                        "give bias='zeros', or another rng, such as numpy.random.default_rng(0)"
                    )
            key, seed = 0, None  # it has no key; nets start with 0
            drawn: list[NDArray[Any] | None] = [
                narrowed(str(item), item._draw_legacy(layer, source), dtype)
                for item, layer in zip(schemes, layers, strict=True)
            ]
            drawn += _own_draws(bias_schemes, bias_specs, layers, key, "biases", dtype)
            specs = _specs([Constant(0.0)] * len(layers), layers, "weights")
        else:
            key, seed = source
            specs = _specs(schemes, layers, "weights")
            drawn = [
                *_own_draws(schemes, specs, layers, key, "weights", dtype),
                *_own_draws(bias_schemes, bias_specs, layers, key, "biases", dtype),
            ]
        self._initialize(specs, bias_specs, key, jobs)
        for view, array in zip(self._parameters(), drawn, strict=True):
            if array is not None:
                view[...] = array
        return seed

    def _parameters(self) -> list[NDArray[Any]]:
        return [*self.weights, *self.biases]

    def activations(self, X: ArrayLike) -> list[LayerActivation]:
        """Return pre-activations and activations of every layer, the output layer last.

        Parameters
        ----------
        X : array_like of shape (m, n_in)
            Samples in rows.

        Returns
        -------
        list of LayerActivation
            `.z` and `.a`, each (m, n_out) of the layer, in the net's dtype.

        Raises
        ------
        ValueError
            If X has another shape, no rows, or holds NaN or infinity.
        TypeError
            If X is complex, text or of objects.
        """
        return [
            LayerActivation(z, a) for z, a in zip(*self._activations(as_array("X", X)), strict=True)
        ]

    def loss(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return the mean loss.

        Parameters
        ----------
        X : array_like of shape (m, n_in)
            Samples in rows.
        y : array_like
            0 and 1 for "binary_cross_entropy"; class indices (m,) or one-hot rows (m, n_out) for
            "cross_entropy"; values (m, n_out) for "mse". With one output (m,) will do.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If X or y have another shape, or values that do not fit.
        TypeError
            If X or y are complex, text or of objects.
        """
        return self._loss(*self._samples(X, y))

    def gradients(self, X: ArrayLike, y: ArrayLike) -> Gradients:
        """Return loss and mean gradients, without weight decay.

        Parameters
        ----------
        X : array_like of shape (m, n_in)
            Samples in rows.
        y : array_like
            Targets, as in `loss`.

        Returns
        -------
        Gradients
            `.loss`, `.weights` (a list of (n_in, n_out)) and `.biases` (a list of (n_out,)).

        Raises
        ------
        ValueError
            If X or y have another shape, or values that do not fit.
        TypeError
            If X or y are complex, text or of objects.
        """
        return Gradients(*self._gradients(*self._samples(X, y)))

    def accuracy(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return the share of samples whose class is right.

        A probability above 1/2 is class 1; with softmax the largest one wins.

        Parameters
        ----------
        X : array_like of shape (m, n_in)
            Samples in rows.
        y : array_like
            Targets, as in `loss`.

        Returns
        -------
        float
            In [0, 1].

        Raises
        ------
        ValueError
            If the loss is "mse", or X or y do not fit.
        TypeError
            If X or y are complex, text or of objects.
        """
        if self.settings.loss == "mse":
            raise ValueError("a net with loss 'mse' has no classes, so no accuracy")
        samples, target = self._samples(X, y)
        return targets.accuracy(self.forward(samples), target, self.settings.loss)

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        optimizer: str | Optimizer = "sgd(1.2)",
        steps: int = 10_000,
        batch_size: int | None = None,
        record: int | None = None,
        callback: StopCallback | None = None,
        progress: Progress = None,
        rng: _rng.KeySource = None,
        n_jobs: int | None = None,
    ) -> History:
        """Train from where the net is.

        Parameters
        ----------
        X : array_like of shape (m, n_in)
            Samples in rows.
        y : array_like
            Targets, as in `loss`.
        optimizer : Optimizer or str, default "sgd(1.2)"
            Such as ``SGD(1.2)`` or its text. Its state goes on from the last call if that had
            equal settings, and starts anew otherwise.
        steps : int, default 10,000
            Optimizer steps; at least 0.
        batch_size : int, optional
            Samples a step, shuffled anew in each epoch; all of them, in their order, by default.
        record : int, optional
            Record every so many steps; 0 never, about 100 rows by default.
        callback : callable, optional
            ``callback(step, net)`` after every record interval; a true return value stops.
        progress : bool or callable, optional
            True shows a bar on stderr; a function is called as ``progress(done, steps)``.
        rng : None, int, SeedSequence, Generator or BitGenerator, optional
            Another order of minibatches than that of the net's own key. The same value in the next
            call goes on with that order.
        n_jobs : int, optional
            Threads; as many as there are CPUs by default, fewer where a step takes less than some
            50 microseconds. The bits are the same for any number.

        Returns
        -------
        History

        Raises
        ------
        ValueError
            If an argument is out of its range or X and y do not fit; the net is unchanged then.
        TypeError
            If an argument is of another kind.
        MemoryError
            If a record of so many rows does not fit; with `rng` the order has begun anew then.
        KeyboardInterrupt
            At Ctrl-C; the net is as after its last full step.

        Notes
        -----
        Two calls of k steps give the bits of one call of 2k. A net that diverges is a result: a
        step is not taken if the gradient of the loss with respect to the outputs is not finite, and
        `History.diverged_at` names it.
        """
        settings = get_optimizer(optimizer)._spec()
        total, batch, every = training_counts(steps, batch_size, record)
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be a function (step, net), got {callback!r}")
        jobs = threads(n_jobs)
        samples, target = self._samples(X, y)
        piece = total if callback is None else every or max(1, total // 100)
        results: list[FitResult] = []
        done, stopped = 0, False
        with reporter(progress, total, "step") as report:
            if rng is not None:
                self._loss(samples, target)  # the core checks the data before a generator advances
                self._reorder(_rng.resolve_key(rng).key)
            while True:
                poll = None if report is None else _shifted(report, done)
                result = self._fit(
                    samples, target, settings, min(piece, total - done), batch, every, poll, jobs
                )
                results.append(result)
                done += result["steps"]
                if report is not None:
                    report(done)
                if result["diverged"]:
                    break
                if callback is not None and callback(done, self):
                    stopped = done < total
                    break
                if done >= total:
                    break
        return self._history(results, target, stopped=stopped)

    def _samples(self, X: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return X as an array, not checked yet, and the encoded y."""
        samples, target = as_array("X", X), as_array("y", y)
        rows_match(samples, target)
        return samples, targets.encode(target, self.settings.loss, self.settings.layers[-1])

    def _reorder(self, key: int) -> None:
        """Start the order of minibatches anew, under another key."""
        now = self._get_progress()
        if now["key"] != key:
            self._set_progress(now | {"key": key, "epoch": 0, "position": 0}, self._get_slots())

    def _history(
        self, results: Sequence[FitResult], target: NDArray[Any], *, stopped: bool
    ) -> History:
        return history.from_results(
            results,
            self.settings.layers[1:],
            stopped=stopped,
            chance_loss=targets.chance_loss(target, self.settings.loss),
        )

    def save(self, file: str | PathLike[str]) -> None:
        """Write settings, weights, biases and the state of training to an npz file.

        Parameters
        ----------
        file : path
            Where; an existing file is replaced when all is written, and stays as it was if
            anything ends the writing before. Nothing in it is pickled.

        Raises
        ------
        OSError
            If the directory is missing or closed, or the disk is full.
        """
        state = self._state()
        header = {"format": FILE_FORMAT, **{name: state[name] for name in _HEADER}}
        arrays = {
            f"{name}{index}": array for name in _ARRAYS for index, array in enumerate(state[name])
        }
        # An open file, because np.savez adds ".npz" to a name without it.
        with replacing(file) as stream:
            np.savez(stream, header=np.array(json.dumps(header)), **arrays)

    @classmethod
    def load(cls, file: str | PathLike[str], *, max_bytes: int | None = None) -> Self:
        """Read a net that `save` wrote; it trains on with the bits of the one saved.

        Of a subclass only what a Network is; its ``__init__`` is not called.

        Parameters
        ----------
        file : path
            An npz file.
        max_bytes : int, optional
            Most bytes that its arrays may take together, in a file that is not yours: a small one
            can claim any size. By default 16 times the size of the file, and at least 256 MiB.

        Returns
        -------
        Network

        Raises
        ------
        ValueError
            If the file holds no net, or a larger one.
        TypeError
            If an argument is of another kind.
        OSError
            If it cannot be read.
        MemoryError
            If the parameters do not fit.
        """
        limit = None if max_bytes is None else integer("max_bytes", max_bytes, minimum=0)
        path = Path(file)
        try:
            with npz.opened(path, limit) as content:
                return cls._from_state(_stored_state(content))
        except (KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(f"{str(file)!r} holds no initlens network: {error}") from error

    def copy(self) -> Self:
        """Return an independent net with the same numbers and state of training."""
        from copy import copy

        return copy(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle settings, numbers and state of training, and what a subclass adds; copy by it."""
        return type(self)._from_state, (self._state(),), self.__getstate__()

    def _state(self) -> dict[str, Any]:
        return {
            "settings": asdict(self.settings),
            "seed": self.seed,
            "progress": self._get_progress(),
            "weights": [array.copy() for array in self.weights],
            "biases": [array.copy() for array in self.biases],
            "slots": self._get_slots(),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        net = cls.__new__(cls)
        Network.__init__(net, **state["settings"])  # that of a subclass may take other arguments
        for name, views in (("weights", net.weights), ("biases", net.biases)):
            for view, array in zip(views, state[name], strict=True):
                if array.shape != view.shape or array.dtype != view.dtype:
                    raise ValueError(f"{name} of shape {array.shape} where {view.shape} belongs")
                view[...] = array
        net._set_progress(state["progress"], state["slots"])
        net._seed = state["seed"]
        return net

    def __repr__(self) -> str:
        """Return the expression that makes such a net, before its weights."""
        settings = self.settings
        activation = settings.activation
        hidden = activation[0] if len(set(activation)) == 1 else list(activation)
        parts = [
            str(list(settings.layers)),
            *([f"activation={hidden!r}"] if activation else []),
            f"loss={settings.loss!r}",
            f"dtype={settings.dtype!r}",
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    def table(self) -> Table:
        """Return the layers with the mean and standard deviation of their weights.

        Returns
        -------
        Table
        """
        settings = self.settings
        names = [*settings.activation, _OUTPUTS[settings.loss]]
        distinct = self._distinct_units()
        rows = tuple(
            (
                str(layer + 1),
                f"{weights.shape[0]} x {weights.shape[1]}",
                names[layer],
                f"{weights.mean():.3g}",
                f"{weights.std():.3g}",
                f"{distinct[layer]}/{weights.shape[1]}",
            )
            for layer, weights in enumerate(self.weights)
        )
        columns = (
            "layer",
            "inputs x units",
            "activation",
            "weights\nmean",
            "weights\nstd",
            "distinct\nunits",
        )
        return Table(repr(self), columns, rows)


_SETTINGS = {"layers", "activation", "loss", "dtype"}
_OUTPUTS = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax", "mse": "identity"}
_HEADER = ("settings", "seed", "progress")
_ARRAYS = ("weights", "biases", "slots")
_MAX_HEADER = 1 << 24  # letters of settings: 2 million layers


def _stored_state(content: npz.Archive) -> dict[str, Any]:
    """Return the state in a file; weights and biases are read one by one, as they are taken.

    Shapes and dtypes are compared with the settings before a net of these is made.
    """
    shape, dtype = content.claimed("header")
    if shape or dtype.kind != "U" or dtype.itemsize > 4 * _MAX_HEADER:
        raise ValueError("its header is no text")
    header = json.loads(str(content.array("header")))
    if not isinstance(header, dict) or header.get("format") != FILE_FORMAT:
        form = header.get("format") if isinstance(header, dict) else header
        raise ValueError(f"its format is {shown(form)}")
    settings, seed = header["settings"], header["seed"]
    if not isinstance(settings, dict) or set(settings) != _SETTINGS:
        raise ValueError(f"its settings are {shown(settings)}")
    if seed is not None:
        seed = integer("seed", seed, minimum=0)
    widths, precision = _widths(settings["layers"]), float_name(settings["dtype"])
    shapes: dict[str, tuple[int, ...]] = {
        f"weights{index}": pair for index, pair in enumerate(pairwise(widths))
    }
    shapes |= {f"biases{index}": (width,) for index, width in enumerate(widths[1:])}
    slots = [name for name in ("slots0", "slots1") if name in content.names]
    shapes |= dict.fromkeys(slots, (sum(map(math.prod, shapes.values())),))
    if set(content.names) != {"header", *shapes}:
        raise ValueError(f"it holds the arrays {', '.join(content.names)[:200]}")
    for name, wanted in shapes.items():
        if content.claimed(name) != (wanted, np.dtype(precision)):
            found, dtype = content.claimed(name)
            raise ValueError(f"{name} of shape {found} and {dtype} where {wanted} belongs")
    layers = range(len(widths) - 1)
    return {
        "settings": settings,
        "seed": seed,
        "progress": header["progress"],
        "weights": (content.array(f"weights{index}") for index in layers),
        "biases": (content.array(f"biases{index}") for index in layers),
        "slots": [content.array(name) for name in slots],
    }


def _widths(layers: Sequence[int]) -> tuple[int, ...]:
    if isinstance(layers, str | bytes) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list of widths, such as [2, 4, 1], got {layers!r}")
    widths = tuple(
        integer(f"layers[{index}]", width, minimum=1) for index, width in enumerate(layers)
    )
    if len(widths) < 2:
        raise ValueError(
            f"layers must hold the inputs' and the outputs' width at least, got {list(widths)}"
        )
    for index, width in enumerate(widths):
        if width > sys.maxsize:
            raise ValueError(f"layers[{index}] must be at most {sys.maxsize}, got {width}")
    return widths


def _hidden_activations(
    activation: str | Activation | Sequence[str | Activation], count: int
) -> list[Activation]:
    if isinstance(activation, str | Activation) or not isinstance(activation, Sequence):
        return [get_activation(activation)] * count
    hidden = [get_activation(item) for item in activation]
    if len(hidden) != count:
        raise ValueError(
            f"activation must be one, or one for each of the {count} hidden layers, "
            f"got {len(hidden)}"
        )
    return hidden


def _per_layer(name: str, scheme: SchemeLike | Sequence[SchemeLike], count: int) -> list[Scheme]:
    if isinstance(scheme, str) or not isinstance(scheme, Sequence):
        return [get_scheme(scheme)] * count
    schemes = [get_scheme(item) for item in scheme]
    if len(schemes) != count:
        raise ValueError(
            f"{name} must be one, or one for each of the {count} layers, got {len(schemes)}"
        )
    return schemes


def _own_draws(
    schemes: Sequence[Scheme],
    specs: Sequence[SchemeTuple],
    layers: Sequence[Layer],
    key: int,
    purpose: Purpose,
    dtype: str,
) -> list[NDArray[Any] | None]:
    """Draw the layers whose scheme the core does not know, or may draw too large; None else."""
    return [
        None
        if isinstance(scheme, CoreScheme) and not is_large(spec, dtype)
        else scheme._draw(layer, key, purpose, dtype)
        for scheme, spec, layer in zip(schemes, specs, layers, strict=True)
    ]


def _specs(
    schemes: Sequence[Scheme], layers: Sequence[Layer], purpose: Purpose
) -> list[SchemeTuple]:
    """Return the schemes for the core; zeros where it does not know one."""
    zeros = Constant(0.0)
    return [
        (scheme if isinstance(scheme, CoreScheme) else zeros)._spec(layer, purpose)
        for scheme, layer in zip(schemes, layers, strict=True)
    ]


def _shifted(report: Callable[[int], None], done: int) -> Callable[[int], None]:
    return lambda steps: report(done + steps)
