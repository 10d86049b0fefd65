"""Gains: the factor by which an activation function asks for larger weights.

A layer with weights of standard deviation gain / sqrt(n_in) and no bias maps activations to
pre-activations. Which gain is right depends on what has to stay the same from layer to layer, so
`gain` has kinds.
"""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .._tools.checks import choice, integer, real
from .expectations import moments_of
from .nonlinearity import ActivationLike, Array, Function, Nonlinearity, resolve
from .quadrature import panel

__all__ = ["gain", "random_walk_gain"]


def gain(
    activation: ActivationLike,
    kind: str = "forward",
    q: float = 1.0,
    *,
    derivative: Function | None = None,
) -> float:
    r"""Return the gain of an activation function.

    Parameters
    ----------
    activation : str, Activation or callable
        A name that `activations.get` reads, or any function of a float64 array that works element
        by element.
    kind : {"forward", "std", "backward", "kumar", "torch"}, default "forward"
        What the gain keeps, for z ~ N(0, q):

        ============  ===========================================  ===============================
        kind          gain                                         keeps
        ============  ===========================================  ===============================
        ``forward``   :math:`1/\sqrt{E\,\phi(z)^2}`                mean square of pre-activations
        ``std``       :math:`1/\sqrt{\mathrm{Var}\,\phi(z)}`       the same, activations centred
        ``backward``  :math:`1/\sqrt{E\,\phi'(z)^2}`               mean square of gradients
        ``kumar``     :math:`1/(|\phi'(0)|\sqrt{1+\phi(0)^2})`     variance, phi linear about 0 [1]_
        ``torch``     PyTorch's table                              see the notes
        ============  ===========================================  ===============================
    q : float, default 1
        Variance of z, above 0. "forward" and "std" bring a variance of q to 1; times sqrt(q) they
        keep it. "kumar" and "torch" do not depend on it.
    derivative : callable, optional
        The derivative of a callable; without it slopes are taken from values, see `moments`.

    Returns
    -------
    float
        Within about 1e-12, relative, of the exact value; of a callable's kumar gain, 1e-10.

    Raises
    ------
    ValueError
        If the name or the kind is not known, `q` is not finite and above 0, a callable returns
        another shape or a number that is not finite, an integral does not converge, phi has no such
        gain (it is constant; for "kumar", it has a kink or no slope at 0), or PyTorch's table has
        no such entry.
    TypeError
        If an argument is of another kind, or a named activation comes with a derivative.

    Notes
    -----
    Forward and backward gains agree only for the relu family. "forward" for relu is He's sqrt(2)
    [2]_; selu is made so that its "forward" and "std" are 1. ReLU has a kink at 0, but the paper
    [1]_ gives it sqrt(2).

    PyTorch's 5/3 for tanh and 3/4 for selu do not preserve variance. With 5/3 and no bias the
    variance of tanh's pre-activations settles at 1.17848049, where every layer multiplies the mean
    square of gradients by 1.20983132: by 14,000 in 50 layers. With 3/4, selu's variance falls to
    0.023034. `meanfield.fixed_point` computes these figures.

    References
    ----------
    .. [1] S. K. Kumar, "On weight initialization in deep neural networks", 2017, arXiv:1704.08863.
    .. [2] K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers: surpassing human-level
       performance on ImageNet classification", ICCV 2015.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> round(il.gain("tanh"), 9)
    1.59253742
    >>> round(il.gain("tanh", "backward"), 9)
    1.467413592
    >>> il.gain("tanh", "torch")
    1.6666666666666667
    >>> bool(np.isclose(il.gain(np.tanh), il.gain("tanh"), rtol=1e-12))
    True
    """
    choice("kind", kind, _KINDS)
    phi = resolve(activation, derivative)
    return _KINDS[kind](phi, real("q", q, above=0.0))


def _inverse_root(what: str, phi: Nonlinearity, square: float) -> float:
    if square <= 0.0:
        raise ValueError(f"{phi.name} has no such gain: {what} is 0")
    return 1.0 / math.sqrt(square)


def _forward(phi: Nonlinearity, q: float) -> float:
    return _inverse_root("E phi^2", phi, moments_of(phi, q).second)


def _std(phi: Nonlinearity, q: float) -> float:
    found = moments_of(phi, q)
    # The variance of a constant is not 0 after rounding.
    spread = found.variance if found.variance > 1e-28 * found.second else 0.0
    return _inverse_root("Var phi", phi, spread)


def _backward(phi: Nonlinearity, q: float) -> float:
    return _inverse_root("E phi'^2", phi, moments_of(phi, q).slope_second)


def _kumar(phi: Nonlinearity, q: float) -> float:
    del q
    if phi.kind in ("relu", "leaky_relu") and phi.parameter == 0.0:
        return math.sqrt(2.0)
    value, slope = phi.evaluate(np.array([-1e-9, 0.0, 1e-9]))
    left, here, right = _slopes_about_zero(phi) if slope is None else slope.tolist()
    steepest = max(abs(left), abs(right))
    # A slope that leaves 0 without a jump, as squared_relu's, differs, too, but by next to nothing.
    smooth = here == 0.0 and steepest < 1e-6
    if not smooth and abs(left - right) > 1e-6 * steepest:
        raise ValueError(
            f"{phi.name} has no Kumar gain: its slope at 0 is {left:.6g} from the left and "
            f"{right:.6g} from the right"
        )
    return _inverse_root("phi'(0)", phi, (here * math.hypot(1.0, value[1])) ** 2)


def _slopes_about_zero(phi: Nonlinearity) -> tuple[float, float, float]:
    """Return phi'(0-), their mean and phi'(0+), from the values of phi on either side.

    Each is the slope at 0 of the polynomial through values on [0, h] or [-h, 0]. As h falls, the
    truncation error gives way to rounding: where two estimates in a row agree best is the place.
    """
    rule = panel()
    inside = 0.5 * (1.0 + rule.nodes)  # of [0, 1]
    estimates, noises = [], []
    for width in np.ldexp(1.0, np.arange(0, -24, -1)):
        right = phi.evaluate(width * inside)[0]
        left = phi.evaluate(-width * inside[::-1])[0]
        slopes = np.array([rule.at_ends[1] @ left, rule.at_ends[0] @ right])
        estimates.append(slopes * (2.0 / width))
        noises.append(1e-12 / width * max(np.abs(left).max(), np.abs(right).max()))
    changes = np.abs(np.diff(estimates, axis=0)).sum(axis=1)
    # Not below the noise: two estimates that are far off can be equal by chance.
    best = int(np.argmin(np.maximum(changes, noises[1:]))) + 1
    before, after = np.where(np.abs(estimates[best]) > noises[best], estimates[best], 0.0).tolist()
    return before, 0.5 * (before + after), after


def _torch(phi: Nonlinearity, q: float) -> float:
    del q
    match phi.kind:
        case "identity" | "sigmoid":
            return 1.0
        case "tanh":
            return 5.0 / 3.0
        case "relu" | "leaky_relu":
            return math.sqrt(2.0 / (1.0 + phi.parameter**2))
        case "selu":
            return 0.75
    raise ValueError(
        f"PyTorch has no gain for {phi.name}; its table has identity, sigmoid, tanh, relu, "
        "leaky_relu and selu. kind='forward' exists for every activation"
    )


_KINDS: Final[dict[str, Callable[[Nonlinearity, float], float]]] = {
    "forward": _forward,
    "std": _std,
    "backward": _backward,
    "kumar": _kumar,
    "torch": _torch,
}


def random_walk_gain(activation: ActivationLike, width: Any) -> float:
    r"""Return the gain that makes the log-norm of gradients a walk without drift.

    Products of random layers keep a mean square by the usual gains, but their typical size, the
    exponential of the mean logarithm, shrinks: more so the narrower the layers. This gain corrects
    for it. The standard deviation of a weight is the gain over sqrt(width).

    Parameters
    ----------
    activation : {"identity", "relu"}
        Those for which the mean is known exactly; names as for `gain`.
    width : int
        Number of units N of each layer, at least 1.

    Returns
    -------
    float
        For the identity :math:`\exp(-(\psi(N/2) + \ln(2/N))/2)`, about :math:`\exp(1/(2N))`; for
        relu :math:`\exp(-E[\psi(M/2) + \ln(2/N)]/2)`, with M, the number of active units, binomial
        (N, 1/2) given M > 0. psi is the digamma function.

    Raises
    ------
    ValueError
        If the activation is neither of the two, or the width is below 1.
    TypeError
        If the width is not an integer.

    Notes
    -----
    The paper [1]_ has these means and the fit sqrt(2) exp(1.2 / (max(N, 6) - 2.4)) for relu, which
    is 0.4 % off at N = 10.

    References
    ----------
    .. [1] D. Sussillo and L. F. Abbott, "Random walk initialization for training very deep
       feedforward networks", 2014, arXiv:1412.6558.

    Examples
    --------
    >>> import initlens as il
    >>> round(il.random_walk_gain("relu", 100), 9)
    1.432303565
    """
    phi = resolve(activation)
    units = integer("width", width, minimum=1)
    digamma = _digamma_of_halves(units)
    if phi.kind == "identity":
        mean = float(digamma[-1])
    elif phi.kind == "relu":
        active = np.arange(1, units + 1)
        # ln C(N, M) up to a constant: C(N, M) = C(N, M - 1) (N - M + 1) / M.
        log_weight = np.cumsum(np.log((units - active + 1) / active))
        weight = np.exp(log_weight - log_weight.max())
        mean = float(weight @ digamma / weight.sum())
    else:
        raise ValueError(
            f"activation must be 'identity' or 'relu' for a random walk, got {phi.name}"
        )
    return math.exp(-0.5 * (mean + math.log(2.0 / units)))


def _digamma_of_halves(count: int) -> Array:
    """Return psi(M/2) for M = 1..count, by psi(x + 1) = psi(x) + 1/x."""
    steps = np.empty(count + 1)
    steps[:2] = -np.euler_gamma - 2.0 * math.log(2.0), -np.euler_gamma  # psi(1/2), psi(1)
    steps[2:] = 2.0 / np.arange(1, count)
    digamma = np.empty_like(steps)
    digamma[0::2], digamma[1::2] = np.cumsum(steps[0::2]), np.cumsum(steps[1::2])
    return digamma[:count]
