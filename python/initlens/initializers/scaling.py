"""Variance scaling: variances from the layer's fans, an activation's gain, a theory."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._tools.checks import choice, integer, real
from .._tools.text import call
from ..activations import Activation
from ..theory import meanfield
from ..theory.gains import gain, random_walk_gain
from ..theory.meanfield import FixedPoint
from .plain import legacy_normal, legacy_uniform
from .scheme import CoreScheme, Layer, Purpose, Scheme, check_position, core_tuple, fan_of, place_of

if TYPE_CHECKING:
    from numpy.random import RandomState

    from .._core import SchemeTuple  # the stub's own, not there at run time

__all__ = [
    "ActivationGain",
    "Library",
    "MeanFieldCritical",
    "MuP",
    "RandomWalk",
    "Siren",
    "VarianceScaling",
]

MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")
DISTRIBUTIONS = ("normal", "uniform", "truncated_normal")
AUTHORS = {"glorot": (1.0, "fan_avg"), "he": (2.0, "fan_in"), "lecun": (1.0, "fan_in")}


@dataclass(frozen=True)
class VarianceScaling(CoreScheme):
    r"""Variance ``scale / fan``: the family of the Glorot, He and LeCun schemes.

    Parameters
    ----------
    scale : float, default 1
        At least 0: 1 for Glorot and LeCun, 2 for He. The text form also takes ``gain=``, a
        number or the name of an activation: its square is the scale.
    mode : {"fan_in", "fan_out", "fan_avg", "fan_geo_avg"}, default "fan_in"
        Which fan: n_in, n_out, their mean or their geometric mean.
    distribution : {"normal", "uniform", "truncated_normal"}, default "normal"
        Of zero mean, with that variance: uniform on :math:`\pm\sqrt{3\,scale/fan}`; the truncated
        normal is cut at two standard deviations and keeps the variance, as in Keras and JAX,
        where "normal" means this one.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS 2010.
    .. [2] K. He et al., "Delving deep into rectifiers", ICCV 2015.
    .. [3] Y. LeCun et al., "Efficient BackProp", 1998.

    Examples
    --------
    >>> import initlens as il
    >>> print(il.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal"))
    he_truncated_normal
    >>> round(il.initializers.get("variance_scaling(gain='relu')").variance(200, 100), 9)
    0.01
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "normal"

    _name: ClassVar[str] = "variance_scaling"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "scale", real("scale", self.scale, minimum=0.0))
        choice("mode", self.mode, MODES)
        choice("distribution", self.distribution, DISTRIBUTIONS)

    def __str__(self) -> str:
        """Return the text form."""
        for author, settings in AUTHORS.items():
            if (self.scale, self.mode) == settings:
                return f"{author}_{self.distribution}"
        return call("variance_scaling", self.scale, mode=self.mode, distribution=self.distribution)

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        return core_tuple(
            "variance_scaling", self.scale, mode=self.mode, distribution=self.distribution
        )

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        variance = self.scale / fan_of(self.mode, layer.fan_in, layer.fan_out)
        if self.distribution == "normal":
            return legacy_normal(source, layer, math.sqrt(variance))
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return legacy_uniform(source, layer, -limit, limit)
        return super()._draw_legacy(layer, source)


@dataclass(frozen=True)
class ActivationGain(CoreScheme):
    """Variance ``gain(activation, kind)**2 / fan``, see `gain`.

    Its text forms are ``"gain('tanh')"`` and, for kind "kumar", ``"kumar('tanh')"``.

    Parameters
    ----------
    activation : str or Activation
        As for `gain`.
    kind : {"forward", "std", "backward", "kumar", "torch"}, default "forward"
        What the gain keeps.
    mode : str, default "fan_in"
        As in `VarianceScaling`.
    distribution : str, default "normal"
        As in `VarianceScaling`.

    Examples
    --------
    >>> import initlens as il
    >>> scheme = il.initializers.get("kumar('sigmoid')")
    >>> round(scheme.variance(100, 100), 6)
    0.128
    """

    activation: str
    kind: str = "forward"
    mode: str = "fan_in"
    distribution: str = "normal"

    _name: ClassVar[str] = "gain"

    def __post_init__(self) -> None:
        """Check the settings and compute the gain."""
        object.__setattr__(self, "activation", _activation_text(self.activation))
        choice("mode", self.mode, MODES)
        choice("distribution", self.distribution, DISTRIBUTIONS)
        self._scaling()

    def __str__(self) -> str:
        """Return the text form."""
        text = super().__str__()
        if self.kind != "kumar":
            return text
        return text.replace("gain(", "kumar(", 1).replace(", kind='kumar'", "")

    def _scaling(self) -> VarianceScaling:
        factor = _gain(self.activation, self.kind)
        return VarianceScaling(factor * factor, self.mode, self.distribution)

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        return self._scaling()._spec(layer, purpose)

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return self._scaling()._draw_legacy(layer, source)


@dataclass(frozen=True)
class MeanFieldCritical(CoreScheme):
    r"""Weights and biases on the edge of chaos, where signals and gradients reach farthest.

    Weights are :math:`N(0, \sigma_w^2 / n_{in})`, biases :math:`N(0, \sigma_b^2)`; the variances
    are those of `meanfield.critical`. `Network.initialize` draws these biases unless it is given
    others.

    Parameters
    ----------
    activation : str or Activation
        As for `gain`.
    q : float, optional
        The fixed point of the pre-activations' variance.
    sigma_b2 : float, optional
        The variance of the biases, instead of `q`; 0 if neither is given.

    Raises
    ------
    ValueError
        If there is no such point, as for sigmoid and softplus, or its fixed point is unstable, as
        for gelu with small biases.

    References
    ----------
    .. [1] B. Poole et al., "Exponential expressivity in deep neural networks through transient
       chaos", NeurIPS 2016.
    .. [2] S. Schoenholz et al., "Deep information propagation", ICLR 2017.

    Examples
    --------
    >>> import initlens as il
    >>> scheme = il.initializers.MeanFieldCritical("tanh", sigma_b2=0.05)
    >>> round(scheme.variance(1, 1), 9)
    1.76095464
    """

    activation: str
    q: float | None = None
    sigma_b2: float | None = None

    _name: ClassVar[str] = "mean_field_critical"

    def __post_init__(self) -> None:
        """Check the settings and find the point."""
        object.__setattr__(self, "activation", _activation_text(self.activation))
        for name in ("q", "sigma_b2"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, real(name, value))
        self.point()

    def point(self) -> FixedPoint:
        """Return the point on the edge of chaos.

        Returns
        -------
        meanfield.FixedPoint

        Examples
        --------
        >>> import initlens as il
        >>> il.initializers.MeanFieldCritical("relu").point().sigma_w2
        2.0
        """
        return _critical(self.activation, self.q, self.sigma_b2)

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        point = self.point()
        if purpose == "biases":
            return core_tuple("normal", 0.0, math.sqrt(point.sigma_b2))
        return core_tuple("normal", 0.0, math.sqrt(point.sigma_w2 / layer.fan_in))

    def _bias(self) -> Scheme | None:
        return self

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return legacy_normal(source, layer, math.sqrt(self.point().sigma_w2 / layer.fan_in))


@dataclass(frozen=True)
class RandomWalk(CoreScheme):
    r"""Normal with the gain that lets the logarithm of the signal's size walk without drift.

    The standard deviation is :math:`g / \sqrt{n_{in}}` with g of `random_walk_gain` for n_out
    units: then E log of the mean square is kept, for the rectangle too. g is exact, not the paper's
    fit.

    Parameters
    ----------
    activation : {"relu", "identity"}, default "relu"
        Those for which it is known exactly.

    References
    ----------
    .. [1] D. Sussillo and L. F. Abbott, "Random walk initialization for training very deep
       feedforward networks", 2014, arXiv:1412.6558.

    Examples
    --------
    >>> import initlens as il
    >>> scheme = il.initializers.RandomWalk("identity")
    >>> round(scheme.variance(100, 100) * 100, 6)
    1.010084
    """

    activation: str = "relu"

    _name: ClassVar[str] = "random_walk"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "activation", _activation_text(self.activation))
        random_walk_gain(self.activation, 1)

    def _std(self, layer: Layer) -> float:
        return random_walk_gain(self.activation, layer.n_out) / math.sqrt(layer.fan_in)

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        return core_tuple("normal", 0.0, self._std(layer))

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return legacy_normal(source, layer, self._std(layer))


@dataclass(frozen=True)
class MuP(CoreScheme):
    r"""The maximal update parametrization's start, in its form without multipliers.

    Normal with variance :math:`scale / n_{in}` in input and hidden layers and
    :math:`scale\,base / n_{in}^2` in the output layer: a net of the base width starts as with
    `VarianceScaling`, and the output falls with the width. Learning rates must scale too, by
    n_out, 1 / n_in and 1 for input, output and hidden layers of SGD.

    Parameters
    ----------
    scale : float, default 1
        At least 0; 2 for relu.
    base_width : int, default 1
        Width at which the output layer is that of `VarianceScaling`.
    position : {"auto", "first", "hidden", "last"}, default "auto"
        Place of the layer; "auto" takes it from the net. A matrix on its own is a first layer.

    References
    ----------
    .. [1] G. Yang et al., "Tensor Programs V: tuning large neural networks via zero-shot
       hyperparameter transfer", 2021, arXiv:2203.03466.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.MuP(base_width=64, position="last").variance(64, 1) * 64
    1.0
    """

    scale: float = 1.0
    base_width: int = 1
    position: str = "auto"

    _name: ClassVar[str] = "mup"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "scale", real("scale", self.scale, minimum=0.0))
        object.__setattr__(self, "base_width", integer("base_width", self.base_width, minimum=1))
        check_position(self.position)

    def _std(self, layer: Layer) -> float:
        last = place_of(layer, self.position) == "last"
        factor = self.base_width / layer.fan_in if last else 1.0
        return math.sqrt(self.scale * factor / layer.fan_in)

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        return core_tuple("normal", 0.0, self._std(layer))

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return legacy_normal(source, layer, self._std(layer))


@dataclass(frozen=True)
class Siren(CoreScheme):
    r"""For sine activations sin(w0 z): uniform on :math:`\pm\sqrt{6 / n_{in}} / w_0`.

    The first layer is uniform on :math:`\pm 1 / n_{in}`. The activation "sin" has no w0: with
    w0 = 1 the hidden layers of such a net get the law that they have here with their factor.

    Parameters
    ----------
    w0 : float, default 30
        Frequency, above 0.
    position : {"auto", "first", "hidden", "last"}, default "auto"
        Place of the layer; "auto" takes it from the net. A matrix on its own is a first layer.

    References
    ----------
    .. [1] V. Sitzmann et al., "Implicit neural representations with periodic activation functions",
       NeurIPS 2020.

    Examples
    --------
    >>> import initlens as il
    >>> print(il.initializers.Siren(position="hidden").describe(150, 10))
    siren(position='hidden') for 150 inputs and 10 units
    <BLANKLINE>
    quantity             value
    weights              uniform on (-0.00666667, 0.00666667)
    standard deviation   0.003849
    variance             1.48148e-05 = 0.00222222 / n_in
    biases               zeros
    """

    w0: float = 30.0
    position: str = "auto"

    _name: ClassVar[str] = "siren"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "w0", real("w0", self.w0, above=0.0))
        check_position(self.position)

    def _limit(self, layer: Layer) -> float:
        if place_of(layer, self.position) in ("first", "only"):
            return 1.0 / layer.fan_in
        return math.sqrt(6.0 / layer.fan_in) / self.w0

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        limit = self._limit(layer)
        return core_tuple("uniform", -limit, limit)

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        limit = self._limit(layer)
        return legacy_uniform(source, layer, -limit, limit)


@dataclass(frozen=True)
class Library(CoreScheme):
    """Weights and biases as a library's dense layer draws them by default: the law, not the stream.

    `Network.initialize` draws these biases unless it is given others.

    Parameters
    ----------
    label : str
        Its text form.
    weights, biases : CoreScheme
        The two laws.

    Examples
    --------
    >>> import initlens as il
    >>> print(il.initializers.get("torch_linear").describe(100, 10))
    torch_linear for 100 inputs and 10 units
    <BLANKLINE>
    quantity             value
    weights              uniform on (-0.1, 0.1)
    standard deviation   0.057735
    variance             0.00333333 = 0.333333 / n_in
    biases               uniform on (-0.1, 0.1)
    """

    label: str
    weights: CoreScheme
    biases: CoreScheme

    def __str__(self) -> str:
        """Return the text form."""
        return self.label

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        return (self.weights if purpose == "weights" else self.biases)._spec(layer, purpose)

    def _bias(self) -> Scheme | None:
        return self.biases

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return self.weights._draw_legacy(layer, source)


@functools.lru_cache(maxsize=256)
def _gain(activation: str, kind: str) -> float:
    return gain(activation, kind)


@functools.lru_cache(maxsize=256)
def _critical(activation: str, q: float | None, sigma_b2: float | None) -> FixedPoint:
    return meanfield.critical(activation, q=q, sigma_b2=sigma_b2)


def _activation_text(activation: Any) -> str:
    if isinstance(activation, Activation):
        return str(activation)
    if not isinstance(activation, str):
        raise TypeError(f"activation must be a name, such as 'tanh', got {activation!r}")
    return activation.strip().lower()
