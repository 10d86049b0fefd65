"""Mean-field theory: what a wide random net does to the size and the gradient of its signal.

With weights N(0, sigma_w2 / n_in) and biases N(0, sigma_b2), the pre-activations z of one input in
a wide layer are N(0, q), and q goes from layer to layer by the map

    q -> sigma_w2 E phi(z)^2 + sigma_b2.

At its fixed point, gradients grow or shrink by chi = sigma_w2 E phi'(z)^2 per layer in mean square.
chi = 1 is the edge of chaos, where signals and gradients reach farthest. `sigma_w2` and `sigma_b2`
are variances; papers also plot their roots.

References: Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli, NeurIPS 2016 (arXiv:1606.05340);
Schoenholz, Gilmer, Ganguli and Sohl-Dickstein, ICLR 2017 (arXiv:1611.01232); Hayou, Doucet and
Rousseau, ICML 2019 (arXiv:1902.06853).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from .._tools.checks import real
from .expectations import moments_of
from .nonlinearity import ActivationLike, Nonlinearity, resolve

__all__ = ["FixedPoint", "chi", "critical", "depth_scale", "fixed_point", "q_map"]

# A relative difference that is rounding: the map of q keeps q, or needs no biases.
_ROUNDING: Final = 1e-13
# The search for a fixed point ends here: q is taken to fall to 0 or to grow without bound.
_SMALLEST_Q: Final = 1e-30
_LARGEST_Q: Final = 1e15
_STRIDE: Final = 1.5  # ratio of neighbours on the way; two fixed points closer than this are missed
# Edges of chaos are looked for between these; past the second, z is 6 or more in root mean square
# and bounded activations are all but steps.
_CRITICAL_FROM: Final = 1e-6
_CRITICAL_TO: Final = 40.0
_CRITICAL_STRIDE: Final = 1.2
# E phi'^2 at the smallest q over that at 1: below, it is taken to fall to 0 with q.
_VANISHING: Final = 1e-20


@dataclass(frozen=True)
class FixedPoint:
    """A fixed point of the map of q, and what small deviations from it do.

    Parameters
    ----------
    sigma_w2, sigma_b2 : float
        n_in times the variance of a weight, and the variance of a bias.
    q : float
        Variance of pre-activations there.
    chi : float
        Growth of the mean square of gradients per layer, going back; also of the distance between
        two inputs that are all but equal, going forward.
    q_slope : float
        Growth of a small deviation from `q` per layer.
    """

    sigma_w2: float
    sigma_b2: float
    q: float
    chi: float
    q_slope: float

    @property
    def stable(self) -> bool:
        """Whether small deviations from `q` do not grow."""
        return abs(self.q_slope) <= 1.0 + _ROUNDING

    @property
    def depth_q(self) -> float:
        """Layers in which a deviation from `q` changes by a factor e: the papers' xi_q."""
        return depth_scale(abs(self.q_slope))

    @property
    def depth_gradient(self) -> float:
        """Layers in which the mean square of gradients changes by a factor e.

        Where chi <= 1 it is also the papers' xi_c, the reach of correlations between inputs.
        """
        return depth_scale(self.chi)


def depth_scale(rate: Any) -> float:
    """Return the number of layers in which a growth of `rate` per layer comes to a factor e or 1/e.

    Parameters
    ----------
    rate : float
        Factor per layer, at least 0.

    Returns
    -------
    float
        1 / abs(ln rate): infinite for a rate of 1, 0 for a rate of 0.

    Raises
    ------
    ValueError
        If the rate is negative or not finite.

    Examples
    --------
    >>> from initlens import meanfield
    >>> round(meanfield.depth_scale(0.9), 3)
    9.491
    """
    factor = real("rate", rate, minimum=0.0)
    if factor == 0.0:
        return 0.0
    return math.inf if factor == 1.0 else 1.0 / abs(math.log(factor))


def q_map(activation: ActivationLike, q: Any, sigma_w2: Any, sigma_b2: Any = 0.0) -> float:
    """Return the variance of pre-activations one layer on: sigma_w2 E phi(z)^2 + sigma_b2.

    Parameters
    ----------
    activation : str, Activation or callable
        As for `gain`.
    q : float
        Variance of this layer's pre-activations z ~ N(0, q), above 0.
    sigma_w2, sigma_b2 : float
        n_in times the variance of a weight, and the variance of a bias; at least 0.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is out of its range, or for what `moments` refuses.

    Examples
    --------
    >>> from initlens import meanfield
    >>> meanfield.q_map("relu", 3.0, 2.0)
    3.0
    """
    second = moments_of(resolve(activation), real("q", q, above=0.0)).second
    return real("sigma_w2", sigma_w2, minimum=0.0) * second + real(
        "sigma_b2", sigma_b2, minimum=0.0
    )


def chi(activation: ActivationLike, q: Any, sigma_w2: Any) -> float:
    """Return the growth of the mean square of gradients per layer: sigma_w2 E phi'(z)^2.

    Parameters
    ----------
    activation : str, Activation or callable
        As for `gain`.
    q : float
        Variance of the pre-activations z ~ N(0, q), above 0.
    sigma_w2 : float
        n_in times the variance of a weight, at least 0.

    Returns
    -------
    float
        Below 1 gradients vanish, above 1 they explode.

    Raises
    ------
    ValueError
        If a number is out of its range, or for what `moments` refuses.

    Examples
    --------
    >>> from initlens import meanfield
    >>> meanfield.chi("relu", 1.0, 2.0)
    1.0
    """
    slope_second = moments_of(resolve(activation), real("q", q, above=0.0)).slope_second
    return real("sigma_w2", sigma_w2, minimum=0.0) * slope_second


def fixed_point(
    activation: ActivationLike, sigma_w2: Any, sigma_b2: Any = 0.0, *, start: Any = 1.0
) -> FixedPoint:
    """Return where the variance of pre-activations settles in a deep net.

    Parameters
    ----------
    activation : str, Activation or callable
        As for `gain`.
    sigma_w2, sigma_b2 : float
        n_in times the variance of a weight, and the variance of a bias; at least 0.
    start : float, default 1
        q of the first layer, above 0. It matters where there are several fixed points, as for
        gelu: the nearest one towards which the map moves q is returned. That is the limit of the
        map's iteration, as long as E phi(z)^2 grows with q. If every q is a fixed point, as for
        relu with (2, 0), it is `start`.

    Returns
    -------
    FixedPoint
        At q = 0 `chi` and `q_slope` are the limits.

    Raises
    ------
    ValueError
        If q grows without bound, a number is out of its range, or for what `moments` refuses.

    Examples
    --------
    PyTorch's gain of 5/3 for tanh, without biases, is chaotic: gradients grow by 21 % per layer.

    >>> from initlens import meanfield
    >>> point = meanfield.fixed_point("tanh", (5 / 3) ** 2)
    >>> round(point.q, 8), round(point.chi, 8)
    (1.17848049, 1.20983132)
    """
    phi = resolve(activation)
    weights = real("sigma_w2", sigma_w2, minimum=0.0)
    biases = real("sigma_b2", sigma_b2, minimum=0.0)

    def growth(q: float) -> float:
        return (weights * moments_of(phi, q).second + biases) / q - 1.0

    q = real("start", start, above=0.0)
    here = growth(q)
    if abs(here) > _ROUNDING:
        ratio = _STRIDE if here > 0.0 else 1.0 / _STRIDE
        beyond, there = q, here
        while math.copysign(1.0, here) * there > -_ROUNDING:
            q, beyond = beyond, beyond * ratio
            if beyond < _SMALLEST_Q:
                return _point(phi, weights, biases, 0.0)
            if beyond > _LARGEST_Q:
                raise ValueError(
                    f"q grows without bound: {phi.name} has no fixed point above {start!r} for "
                    f"sigma_w2 = {weights:g} and sigma_b2 = {biases:g}"
                )
            there = growth(beyond)
        q = _bisect(growth, q, beyond)
    return _point(phi, weights, biases, q)


def _point(phi: Nonlinearity, weights: float, biases: float, q: float) -> FixedPoint:
    found = moments_of(phi, max(q, _SMALLEST_Q))
    return FixedPoint(weights, biases, q, weights * found.slope_second, weights * found.second_by_q)


def _bisect(f: Callable[[float], float], start: float, end: float) -> float:
    """Return where `f` changes sign on the way from `start` to `end`, to the last place."""
    sign = math.copysign(1.0, f(end))
    while True:
        middle = 0.5 * (start + end)
        if middle in (start, end):
            return middle
        if f(middle) * sign > 0.0:
            end = middle
        else:
            start = middle


def critical(activation: ActivationLike, q: Any = None, sigma_b2: Any = None) -> FixedPoint:
    """Return a point on the edge of chaos: variances for which chi = 1 at a fixed point.

    Parameters
    ----------
    activation : str, Activation or callable
        As for `gain`.
    q : float, optional
        The fixed point that is wanted, above 0.
    sigma_b2 : float, optional
        The variance of biases that is wanted, at least 0; 0 if neither is given. The fixed point
        is looked for between 1e-6 and 40, and the smallest stable one is taken. Without biases it
        is q = 0, a limit, unless every q is a fixed point, as for relu: then it is 1.

    Returns
    -------
    FixedPoint
        With sigma_w2 = 1 / E phi'(z)^2, sigma_b2 = q - sigma_w2 E phi(z)^2 and chi = 1.

    Raises
    ------
    ValueError
        If both `q` and `sigma_b2` are given; if there is no such point, as for softplus, and for
        sigmoid up to q = 45.6, which would need biases of negative variance; if the fixed point is
        unstable, as for gelu with small biases; if a number is out of its range; or for what
        `moments` refuses.

    Examples
    --------
    >>> from initlens import meanfield
    >>> point = meanfield.critical("tanh", sigma_b2=0.05)
    >>> round(point.sigma_w2, 9), round(point.q, 9)
    (1.76095464, 0.570047882)
    >>> point = meanfield.critical("relu")
    >>> point.sigma_w2, point.sigma_b2
    (2.0, 0.0)
    """
    phi = resolve(activation)
    if q is not None:
        if sigma_b2 is not None:
            raise ValueError(
                "give q or sigma_b2, not both: on the edge of chaos one sets the other"
            )
        return _possible(phi, _critical_at(phi, real("q", q, above=0.0)))
    biases = real("sigma_b2", 0.0 if sigma_b2 is None else sigma_b2, minimum=0.0)
    if biases == 0.0:
        return _critical_without_biases(phi)
    unstable = None
    for point in _critical_points(phi, biases):
        if point.stable:
            return point
        unstable = point
    if unstable is not None:
        return _possible(phi, unstable)
    raise ValueError(
        f"{phi.name} has no edge of chaos with sigma_b2 = {biases:g} and q between "
        f"{_CRITICAL_FROM:g} and {_CRITICAL_TO:g}"
    )


def _critical_at(phi: Nonlinearity, q: float) -> FixedPoint:
    """Return the point with chi = 1 at `q`; its sigma_b2 may be negative."""
    found = moments_of(phi, q)
    if found.slope_second == 0.0:
        raise ValueError(f"{phi.name} has no edge of chaos: E phi'^2 is 0 at q = {q:g}")
    weights = 1.0 / found.slope_second
    biases = q - weights * found.second
    if abs(biases) <= _ROUNDING * q:
        biases = 0.0
    return FixedPoint(weights, biases, q, 1.0, weights * found.second_by_q)


def _possible(phi: Nonlinearity, point: FixedPoint) -> FixedPoint:
    """Return `point`, or refuse it."""
    if point.sigma_b2 < 0.0:
        raise ValueError(
            f"{phi.name} has no edge of chaos at q = {point.q:g}: chi = 1 takes sigma_w2 = "
            f"{point.sigma_w2:.6g}, and q then needs sigma_b2 = {point.sigma_b2:.6g}"
        )
    if not point.stable:
        raise ValueError(
            f"the edge of chaos of {phi.name} at q = {point.q:.6g} (sigma_w2 = "
            f"{point.sigma_w2:.6g}, sigma_b2 = {point.sigma_b2:.6g}) is unstable: a small "
            f"deviation of q grows by {point.q_slope:.6g} per layer"
        )
    return point


def _critical_points(phi: Nonlinearity, biases: float) -> Iterator[FixedPoint]:
    """Yield the points with chi = 1 and this sigma_b2, the smallest q first."""

    def excess(q: float) -> float:
        return _critical_at(phi, q).sigma_b2 - biases

    count = math.ceil(math.log(_CRITICAL_TO / _CRITICAL_FROM, _CRITICAL_STRIDE))
    grid = (min(_CRITICAL_FROM * _CRITICAL_STRIDE**i, _CRITICAL_TO) for i in range(count + 1))
    for (low, before), (high, after) in pairwise((q, excess(q)) for q in grid):
        if (before > 0.0) != (after > 0.0):
            yield replace(_critical_at(phi, _bisect(excess, low, high)), sigma_b2=biases)


def _critical_without_biases(phi: Nonlinearity) -> FixedPoint:
    everywhere = _critical_at(phi, 1.0)
    if everywhere.sigma_b2 == 0.0:
        return _possible(phi, everywhere)
    limit = replace(_critical_at(phi, _SMALLEST_Q), q=0.0)
    if everywhere.sigma_w2 < _VANISHING * limit.sigma_w2:
        raise ValueError(
            f"{phi.name} has no edge of chaos at q = 0, without biases: E phi'^2 falls to 0 there"
        )
    limit = _possible(phi, limit)
    # Its q_slope is 1: whether q falls to 0 is for the next order to say.
    nearby = 1e-4
    growth = limit.sigma_w2 * moments_of(phi, nearby).second / nearby
    if growth > 1.0 + _ROUNDING:
        raise ValueError(
            f"the edge of chaos of {phi.name} at q = 0 (sigma_w2 = {limit.sigma_w2:.6g}, no "
            f"biases) is unstable: q = {nearby:g} grows by {growth:.6g} per layer"
        )
    return replace(limit, sigma_b2=0.0)
