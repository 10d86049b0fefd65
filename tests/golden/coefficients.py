"""Find the minimax coefficients of the elementary functions in csrc/kernels.

Prints ``csrc/kernels/coefficients.inc.h``: each table with the largest weighted error of the
approximation whose coefficients have been rounded to the target precision. It needs mpmath and
takes minutes (fewer with gmpy2)::

    python tests/golden/coefficients.py > csrc/kernels/coefficients.inc.h
    python tests/golden/coefficients.py erf log    # tables whose name contains one of the words

Method: the Remez exchange on a fixed fine grid. The lowest coefficients of a polynomial are rounded
one by one, and the rest is fitted again after each, so that later ones repair the rounding of
earlier ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import mpmath as mp
import numpy as np

mp.mp.dps = 60

REFITTED = 4  # coefficients rounded one by one

Real: TypeAlias = Any  # mpmath has no types
Function: TypeAlias = Callable[[Real], Real]
real = mp.mpf


@dataclass(frozen=True)
class Target:
    """One table: approximate ``function`` on ``[low, high]`` by a polynomial or a ratio of two."""

    name: str
    dtype: type[np.floating[Any]]
    function: Function
    weight: Function  # the error that counts is weight(x) * (approximation - function)(x)
    low: Real
    high: Real
    degree: int
    denominator: int = 0  # degree; 0: a polynomial. The denominator's constant term is 1


def chebyshev_grid(low: Real, high: Real, count: int) -> list[Real]:
    """Return `count` points of [low, high], dense at the ends, the ends left out."""
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle - half * mp.cos(mp.pi * (i + real(1) / 2) / count) for i in range(count)]


def rounded(x: Real, dtype: type[np.floating[Any]]) -> Real:
    """Return x rounded to the nearest `dtype`."""
    digits = np.finfo(dtype).nmant + 1
    with mp.workprec(digits):
        return +x


def horner(coefficients: list[Real], x: Real) -> Real:
    """Return the sum of coefficients[k] x^k."""
    total = real(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def extrema(errors: list[Real], count: int) -> list[int]:
    """Return indices of `count` extrema of alternating sign, the largest such run."""
    picks: list[int] = []
    for i, e in enumerate(errors):
        if picks and (errors[picks[-1]] > 0) == (e > 0):
            if abs(e) > abs(errors[picks[-1]]):
                picks[-1] = i
        else:
            picks.append(i)
    while len(picks) > count:
        picks.pop(0 if abs(errors[picks[0]]) < abs(errors[picks[-1]]) else -1)
    return picks


def remez(
    grid: list[Real], values: list[Real], weights: list[Real], numerator: range, denominator: range
) -> tuple[list[Real], list[Real], Real]:
    """Fit sum_n a_n x^n / (1 + sum_d b_d x^d) to the values; return a, b and the largest error."""
    size = len(numerator) + len(denominator) + 1
    picks = [round(i * (len(grid) - 1) / (size - 1)) for i in range(size)]
    level = real(0)
    a: list[Real] = []
    b: list[Real] = []
    best: tuple[list[Real], list[Real], Real] | None = None
    previous = [real(0)] * len(denominator)
    for _ in range(40):
        for _ in range(1 if not denominator else 12):
            matrix = mp.matrix(size, size)
            right = mp.matrix(size, 1)
            for row, i in enumerate(picks):
                x, f, w = grid[i], values[i], weights[i]
                q = 1 + sum((c * x**d for c, d in zip(previous, denominator, strict=True)), real(0))
                for column, n in enumerate(numerator):
                    matrix[row, column] = w * x**n
                for column, d in enumerate(denominator):
                    matrix[row, len(numerator) + column] = -w * f * x**d
                matrix[row, size - 1] = (-1) ** row * q
                right[row] = w * f
            solution = mp.lu_solve(matrix, right)
            a = [solution[k] for k in range(len(numerator))]
            b = [solution[len(numerator) + k] for k in range(len(denominator))]
            change = max((abs(s - t) for s, t in zip(b, previous, strict=True)), default=real(0))
            level, previous = solution[size - 1], b
            if change < real(10) ** -30:
                break
        errors = []
        for x, f, w in zip(grid, values, weights, strict=True):
            top = sum((c * x**n for c, n in zip(a, numerator, strict=True)), real(0))
            q = 1 + sum((c * x**d for c, d in zip(b, denominator, strict=True)), real(0))
            errors.append(w * (top / q - f))
        largest = max(abs(e) for e in errors)
        if best is None or largest < best[2]:
            best = (a, b, largest)
        if largest <= abs(level) * real("1.001"):
            break
        found = extrema(errors, size)
        if len(found) < size:
            break
        picks = found
    assert best is not None
    return best


def fit(target: Target) -> tuple[list[Real], list[Real], Real]:
    """Return rounded coefficients (numerator, denominator) and their largest weighted error."""
    grid = chebyshev_grid(target.low, target.high, 40 * (target.degree + target.denominator + 2))
    values = [target.function(x) for x in grid]
    weights = [abs(target.weight(x)) for x in grid]
    if target.denominator:
        top, bottom, _ = remez(
            grid, values, weights, range(target.degree + 1), range(1, target.denominator + 1)
        )
        top = [rounded(c, target.dtype) for c in top]
        bottom = [real(1)] + [rounded(c, target.dtype) for c in bottom]
    else:
        top, bottom, rest, scale = [], [real(1)], values, weights
        while len(top) <= target.degree:
            a, _, _ = remez(grid, rest, scale, range(target.degree + 1 - len(top)), range(0))
            kept = 1 if len(top) < REFITTED else len(a)
            for c in (rounded(c, target.dtype) for c in a[:kept]):
                top.append(c)
                rest = [(v - c) / x for v, x in zip(rest, grid, strict=True)]
                scale = [w * abs(x) for w, x in zip(scale, grid, strict=True)]
    error = max(
        abs(w * (horner(top, x) / horner(bottom, x) - f))
        for x, f, w in zip(grid, values, weights, strict=True)
    )
    return top, bottom, error


def table(name: str, coefficients: list[Real], dtype: type[np.floating[Any]]) -> str:
    """Return a C array, constant term first."""
    suffix = "F" if dtype is np.float32 else ""
    texts = [float(c).hex() + suffix for c in coefficients]
    if dtype is np.float32:
        texts = [t.replace("0000000p", "p") for t in texts]
    lines, line = [], "   "
    for text in texts:
        if len(line) + len(text) + 2 > 100:
            lines.append(line)
            line = "   "
        line += f" {text},"
    return f"static const T {name}[] = {{\n" + "\n".join([*lines, line]) + "\n};"


def inverse(function: Function) -> Function:
    """Return the weight that makes an error relative."""
    return lambda x: 1 / function(x)


# ---- the tables --------------------------------------------------------------------------------

F32, F64 = np.float32, np.float64


def expm1_kernel(r: Real) -> Real:
    """Return k(r) in expm1(r) = r + r^2 k(r)."""
    return (mp.expm1(r) - r) / r**2


def tanh_kernel(z: Real) -> Real:
    """Return k(z) in tanh(x) = x + x z k(z), z = x^2."""
    x = mp.sqrt(z)
    return (mp.tanh(x) / x - 1) / z


def tanh_kernel_weight(z: Real) -> Real:
    """Turn an error of `tanh_kernel` into a relative one of tanh."""
    x = mp.sqrt(z)
    return z * x / mp.tanh(x)


def tanh_shrink_kernel(z: Real) -> Real:
    """Return k(z) in x - tanh(x) = x z k(z), z = x^2."""
    return -tanh_kernel(z)


def log1p_kernel(f: Real) -> Real:
    """Return k(f) in log1p(f) = f + f^2 k(f)."""
    return (mp.log1p(f) - f) / f**2


def atanh_kernel(z: Real) -> Real:
    """Return k(z) in 2 atanh(s) = 2 s + s z k(z), z = s^2."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) / s - 2) / z


def sin_kernel(z: Real) -> Real:
    """Return k(z) in sin(x) = x + x z k(z), z = x^2."""
    x = mp.sqrt(z)
    return (mp.sin(x) / x - 1) / z


def sin_kernel_weight(z: Real) -> Real:
    """Turn an error of `sin_kernel` into a relative one of sin."""
    x = mp.sqrt(z)
    return z * x / mp.sin(x)


def arctan_kernel(z: Real) -> Real:
    """Return k(z) in arctan(x) = x + x z k(z), z = x^2."""
    x = mp.sqrt(z)
    return (mp.atan(x) / x - 1) / z


def arctan_kernel_weight(z: Real) -> Real:
    """Turn an error of `arctan_kernel` into a relative one of arctan."""
    x = mp.sqrt(z)
    return z * x / mp.atan(x)


def erf_kernel(z: Real) -> Real:
    """Return k(z) in erf(x) = x + x k(z), z = x^2."""
    x = mp.sqrt(z)
    return mp.erf(x) / x - 1


def erf_kernel_weight(z: Real) -> Real:
    """Turn an error of `erf_kernel` into a relative one of erf."""
    x = mp.sqrt(z)
    return x / mp.erf(x)


def log_erfc_kernel(middle: int) -> Function:
    """Return k in erf(x) = 1 - exp(x k(x - middle)); x - middle is exact on the range used."""
    return lambda t: mp.log(mp.erfc(t + middle)) / (t + middle)


def log_erfc_kernel_weight(middle: int) -> Function:
    """Turn an error of `log_erfc_kernel` into a relative one of erf."""
    return lambda t: (t + middle) * mp.erfc(t + middle) / mp.erf(t + middle)


CENTRE = real("0.425")  # |p - 1/2| up to here is the centre of the quantile: Wichura, AS 241, 1988
CENTRE_SLOPE = real("2.5")  # about sqrt(2 pi)
TAIL_SHIFT = real("1.5")
TAIL_SLOPE = real("1.375")  # below sqrt(2)


def slope_at_centre(t: Real) -> Real:
    """Return quantile(1/2 + q) / q for t = CENTRE^2 - q^2."""
    q = mp.sqrt(CENTRE**2 - t)
    return mp.sqrt(2) * mp.erfinv(2 * q) / q


def quantile_centre(t: Real) -> Real:
    """Return k(t) in quantile(1/2 + q) = CENTRE_SLOPE q + q k(CENTRE^2 - q^2)."""
    return slope_at_centre(t) - CENTRE_SLOPE


def quantile_in_tail(root: Real) -> Real:
    """Return -quantile(p) for root = sqrt(-log p), by Newton's method on log p."""
    z = mp.sqrt(2) * root - real("0.3")
    step = real(1)
    while abs(step) > real(10) ** -45:
        p = mp.erfc(z / mp.sqrt(2)) / 2
        step = (mp.log(p) + root**2) * p / mp.npdf(z)
        z += step
    return z


def quantile_tail(t: Real) -> Real:
    """Return k(t) in -quantile(p) = TAIL_SLOPE r + k(r - TAIL_SHIFT), r = sqrt(-log p)."""
    root = t + TAIL_SHIFT
    return quantile_in_tail(root) - TAIL_SLOPE * root


def quantile_tail_weight(t: Real) -> Real:
    """Turn an error of `quantile_tail` into a relative one of the quantile."""
    return 1 / quantile_in_tail(t + TAIL_SHIFT)


def tail_end(bits: int) -> Real:
    """Return a t of `quantile_tail` just beyond p = 2^-bits."""
    return mp.sqrt(bits * mp.log(2)) + real("0.001") - TAIL_SHIFT


SIN_END = mp.pi / 2 + real("0.001")  # the argument is reduced by a rounded quotient
HALF_LOG_2 = mp.log(2) / 2 * real("1.0001")
TAIL_START = mp.sqrt(-mp.log(real("0.0751"))) - TAIL_SHIFT

TARGETS = [
    Target(
        "expm1_kernel", F32, expm1_kernel, lambda r: r**2 / mp.expm1(r), -HALF_LOG_2, HALF_LOG_2, 5
    ),
    Target(
        "expm1_kernel",
        F64,
        expm1_kernel,
        lambda r: r**2 / mp.expm1(r),
        -HALF_LOG_2,
        HALF_LOG_2,
        10,
    ),
    Target(
        "rough_expm1_kernel",
        F32,
        expm1_kernel,
        lambda r: r**2 / mp.expm1(r),
        -HALF_LOG_2,
        HALF_LOG_2,
        4,
    ),
    Target("tanh_kernel", F32, tanh_kernel, tanh_kernel_weight, real(0), real("0.25"), 3),
    Target("tanh_kernel", F64, tanh_kernel, tanh_kernel_weight, real(0), real("0.25"), 9),
    Target(
        "log1p_kernel",
        F32,
        log1p_kernel,
        lambda f: f**2 / mp.log1p(f),
        real(-0.3334),
        real(0.3334),
        8,
    ),
    Target("atanh_kernel", F64, atanh_kernel, lambda z: z, real(0), real("0.02946"), 6),
    Target("erf_kernel", F32, erf_kernel, erf_kernel_weight, real(0), real(1), 6),
    Target("erf_kernel", F64, erf_kernel, erf_kernel_weight, real(0), real(1), 11),
    Target(
        "log_erfc_kernel", F32, log_erfc_kernel(2), log_erfc_kernel_weight(2), real(-1), real(2), 6
    ),
    Target(
        "log_erfc_kernel",
        F64,
        log_erfc_kernel(3),
        log_erfc_kernel_weight(3),
        real(-2),
        real(3),
        19,
    ),
    Target("sin_kernel", F32, sin_kernel, sin_kernel_weight, real(0), SIN_END**2, 3),
    Target("sin_kernel", F64, sin_kernel, sin_kernel_weight, real(0), SIN_END**2, 7),
    Target("arctan_kernel", F32, arctan_kernel, arctan_kernel_weight, real(0), real(0.25), 4),
    Target("arctan_kernel", F64, arctan_kernel, arctan_kernel_weight, real(0), real(0.25), 12),
    Target(
        "tanh_shrink_kernel",
        F32,
        tanh_shrink_kernel,
        inverse(tanh_shrink_kernel),
        real(0),
        real(1),
        7,
    ),
    Target(
        "tanh_shrink_kernel",
        F64,
        tanh_shrink_kernel,
        inverse(tanh_shrink_kernel),
        real(0),
        real(1),
        15,
    ),
    Target(
        "quantile_centre",
        F32,
        quantile_centre,
        lambda t: 1 / slope_at_centre(t),
        real(0),
        CENTRE**2,
        4,
        3,
    ),
    Target(
        "quantile_centre",
        F64,
        quantile_centre,
        lambda t: 1 / slope_at_centre(t),
        real(0),
        CENTRE**2,
        7,
        7,
    ),
    Target(
        "quantile_tail", F32, quantile_tail, quantile_tail_weight, TAIL_START, tail_end(33), 3, 3
    ),
    Target(
        "quantile_tail", F64, quantile_tail, quantile_tail_weight, TAIL_START, tail_end(65), 8, 7
    ),
]

HEAD = """\
/*
 * coefficients.inc.h - minimax coefficients of math.inc.h and random.inc.h, constant term first.
 *
 * The output of tests/golden/coefficients.py, where each is defined. Expects T and IL_IS_F32.
 */"""


def main() -> None:
    """Print the header file."""
    words = sys.argv[1:] or [""]
    print(HEAD)
    for dtype, opening in ((F32, "#if IL_IS_F32"), (F64, "#else")):
        print(opening)
        for target in TARGETS:
            if target.dtype is not dtype or not any(word in target.name for word in words):
                continue
            top, bottom, error = fit(target)
            print(f"/* error 2^{float(mp.log(error, 2)):.1f} */")
            if target.denominator:
                print(table(f"{target.name}_top", top, dtype))
                print(table(f"{target.name}_bottom", bottom, dtype))
            else:
                print(table(target.name, top, dtype))
            sys.stdout.flush()
    print("#endif")


if __name__ == "__main__":
    main()
