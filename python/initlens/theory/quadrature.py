"""Integrals against the standard normal density.

An analytic function is sampled by the trapezoid rule, whose error falls exponentially with the
step: like exp(-2 pi d / h), where d is the distance of the nearest pole (Trefethen and Weideman,
SIAM Review 56, 2014). Anything else is sampled on Gauss-Legendre panels that end at the known
kinks and are halved where they have not converged. Gauss-Hermite nodes are not used: for tanh with
q = 4 and 20 nodes they are off by 1e-2.
"""

import math
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from .nonlinearity import Array, Nonlinearity

__all__ = ["Panel", "Sample", "panel", "sample"]

_END: Final = 12.0  # the density beyond is below 1e-31
# h sqrt(q) over the pole's distance. exp(-2 pi / 0.14) = 3e-20 leaves room for the pole's order,
# which is 4 in the square of tanh's slope and costs a factor of some (2 pi / h)^3 / 6.
_STEP: Final = 0.14
_TRAPEZOID_LIMIT: Final = 4096  # nodes on one side; past it graded panels need fewer
_DEPTH: Final = 48  # halvings: panels end up narrower than 1e-13
_PANEL_LIMIT: Final = 4096
_TOLERANCE: Final = 1e-13  # of the integral, for the difference that halving a panel makes
# Of a slope taken from values of size 1 on [-1, 1]: the largest row sum of `differentiate`, 384,
# times the unit roundoff.
_SLOPE_ROUNDING: Final = 4.3e-14


class Panel(NamedTuple):
    """A Gauss-Legendre rule on [-1, 1]; `differentiate` maps values at its nodes to slopes there.

    `at_ends` maps them to the slopes at -1 and 1.
    """

    nodes: Array
    weights: Array
    differentiate: Array
    at_ends: Array


class Sample(NamedTuple):
    """phi at points sqrt(q) z, with the weights of a rule for the normal density of z."""

    z: Array
    weight: Array
    value: Array
    slope: Array


@cache
def panel() -> Panel:
    """Return the rule with 16 nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    # Slopes of the polynomial through the values, in barycentric form (Berrut and Trefethen, SIAM
    # Review 46, 2004).
    gaps = nodes[:, None] - nodes
    np.fill_diagonal(gaps, 1.0)
    barycentric = 1.0 / gaps.prod(axis=1)
    differentiate = barycentric / (barycentric[:, None] * gaps)
    np.fill_diagonal(differentiate, 0.0)
    np.fill_diagonal(differentiate, -differentiate.sum(axis=1))
    to_ends = barycentric / (np.array([[-1.0], [1.0]]) - nodes)
    to_ends /= to_ends.sum(axis=1, keepdims=True)
    return Panel(nodes, weights, differentiate, to_ends @ differentiate)


def _density(z: Array) -> Array:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))


def sample(phi: Nonlinearity, q: float) -> Sample:
    """Evaluate `phi` where its moments under N(0, q) can be summed, to about 1e-13."""
    scale = math.sqrt(q)
    if phi.pole is not None:  # then the slope is known, too
        count = math.ceil(_END / min(0.5, _STEP * phi.pole / scale))
        if count <= _TRAPEZOID_LIMIT:
            z = np.linspace(-_END, _END, 2 * count + 1, dtype=np.float64)
            value, slope = phi.evaluate(scale * z)
            if slope is not None:
                return Sample(z, _density(z) * (_END / count), value, slope)
    with np.errstate(over="ignore", invalid="ignore"):  # the result is checked
        found = _panels(phi, scale)
    # A share of 1e-10 in the last unit of z means some 1e-13 beyond.
    squares = found.weight * found.value**2
    if squares[np.abs(found.z) > _END - 1.0].sum() > 1e-10 * squares.sum():
        raise ValueError(
            f"E phi^2 of {phi.name} at q = {q:g} comes from arguments beyond {_END:g} sqrt(q): it "
            "grows too fast"
        )
    return found


def _cuts(phi: Nonlinearity, scale: float) -> Array:
    """Return the ends of the first panels: kinks, and a grading to 0, where phi bends most."""
    levels = math.ceil(max(0.0, math.log(_END * scale, 4.0)))
    graded = [4.0**level / scale for level in range(levels)]
    half = np.array([0.0, 2.0, 5.0, _END, *graded])
    cuts: Array = np.unique(np.concatenate([-half, half, np.array(phi.kinks) / scale]))
    return cuts[np.abs(cuts) <= _END]


def _on_panels(
    phi: Nonlinearity, scale: float, left: Array, right: Array
) -> tuple[Sample, Array, Array]:
    """Sample on each panel; all arrays of the sample are (panels, nodes).

    Also return the integrals of phi, phi^2 and phi'^2 over each panel and the rounding to expect
    in them, both (panels, 3). A slope taken from values cannot be better than they are.
    """
    rule = panel()
    half = 0.5 * (right - left)[:, None]
    z = left[:, None] + half * (1.0 + rule.nodes)
    weight = half * rule.weights * _density(z)
    value, slope = phi.evaluate(scale * z)
    rounding = np.zeros((len(z), 3))
    if slope is None:
        slope = value @ rule.differentiate.T / (half * scale)
        noise = _SLOPE_ROUNDING * np.abs(value).max(axis=1, keepdims=True) / (half * scale)
        slope = np.where(np.abs(slope) > noise, slope, 0.0)
        rounding[:, 2] = (weight * noise * (2.0 * np.abs(slope) + noise)).sum(axis=1)
    integrands = (value, value * value, slope * slope)
    integrals = np.stack([(weight * f).sum(axis=1) for f in integrands], axis=1)
    return Sample(z, weight, value, slope), integrals, rounding


def _panels(phi: Nonlinearity, scale: float) -> Sample:
    cuts = _cuts(phi, scale)
    left, right = cuts[:-1], cuts[1:]
    coarse = _on_panels(phi, scale, left, right)[1]
    done: list[Sample] = []
    total = np.zeros(3)  # over the panels that are done
    for _ in range(_DEPTH):
        middle = 0.5 * (left + right)
        left = np.stack([left, middle], axis=1).ravel()
        right = np.stack([middle, right], axis=1).ravel()
        part, fine, rounding = _on_panels(phi, scale, left, right)
        error = np.abs(fine[0::2] + fine[1::2] - coarse)
        size = total + fine.sum(axis=0)
        size[0] = math.sqrt(size[1])  # not the mean, which may be 0
        tolerance = _TOLERANCE * size + rounding[0::2] + rounding[1::2]
        converged = (error <= tolerance).all(axis=1).repeat(2)
        done.append(Sample(*(array[converged].ravel() for array in part)))
        if converged.all():
            return Sample(*(np.concatenate(arrays) for arrays in zip(*done, strict=True)))
        total += fine[converged].sum(axis=0)
        left, right, coarse = left[~converged], right[~converged], fine[~converged]
        if len(left) > _PANEL_LIMIT or not np.isfinite(tolerance).all():
            break
    raise ValueError(
        f"the integrals of {phi.name} do not converge for q = {scale * scale:g}: it varies or "
        "grows too fast, or jumps; where it jumps, pass its derivative"
    )
