"""Simple rules of others that look at a start, each as one yes or no: does it raise an alarm?

They are what these tools can see before the first step, read off the net by NumPy. A rule with a
bound of its own keeps it. One without (`FITTED`) takes the bound that judges most starts of the
fit part rightly: `fit` finds it, `python -m tests.bench.rivals FILE` prints it.

- *TheDeepChecker*: H. Ben Braiek, F. Khomh, "Testing feedforward neural networks training
  programs", 2023. A weight matrix without variance; at least 95 % of a layer's units dead or
  saturated; activations whose standard deviation leaves [0.5, 2]; a first cross-entropy more than
  half off log(classes). Its checks of the scheme (an F-test of the weights against He, Glorot and
  LeCun) and of normalized data are the next rule, as they alarm nearly everywhere.
- *SageMaker Debugger*: the built-in rules and their default bounds. VanishingGradient (mean of
  abs(g) below 1e-7), ExplodingTensor (not finite), PoorWeightInitialization (ratio of the largest
  to the smallest variance of a layer's inputs above 10, or 5th to 95th percentile of a gradient
  below 0.001), DeadRelu and SaturatedActivation (more than half of a layer).
- *Gradient ratio*: largest over smallest root mean square of a layer's weight gradient.
- *First loss*: over chance.
- *Standard deviation of activations*: the smallest and the largest of a hidden layer.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import initlens as il

from . import outcomes
from .datasets import Array

BOUNDED = (
    "tanh",
    "sigmoid",
    "softsign",
    "hard_tanh",
    "erf",
    "arctan",
    "hard_sigmoid",
    "lecun_tanh",
)
# Alarm outside.
FITTED: dict[str, tuple[float, float]] = {
    "gradient ratio": (0.0, 5.62),
    "first loss": (0.0, 3.16),
    "std of activations": (0.0316, 3.16),
}


def values(net: il.Network, X: Array, y: Array) -> dict[str, Any]:
    """What the rules read, of one net."""
    with np.errstate(all="ignore"):
        layers = net.activations(X)
        gradients = [np.abs(g.astype(np.float64)) for g in net.gradients(X, y).weights]
        hidden = [np.asarray(layer.a, np.float64) for layer in layers[:-1]]
        before = [np.asarray(layer.z, np.float64) for layer in layers]
        slopes = [np.abs(_slopes(net, i, z)) for i, z in enumerate(before[:-1])]
        sizes = [float(np.sqrt(np.mean(g**2))) for g in gradients]
        return {
            "std": [float(a.std()) for a in hidden],
            "input_variance": [float(z.var()) for z in before],
            "dead": [float((s == 0).all(axis=0).mean()) for s in slopes],
            "saturated": [float((s < 0.05).mean()) for s in slopes],
            "gradient_mean": [float(g.mean()) for g in gradients],
            "gradient_range": [float(np.ptp(np.percentile(g, (5, 95)))) for g in gradients],
            "weight_variance": [float(w.var()) for w in net.weights if w.size > 1],
            "gradient ratio": _ratio(sizes),
            "first loss": _first_loss(net, X, y),
            "cross_entropy": net.settings.loss != "mse",
            "loss": float(net.loss(X, y)),
            "classes": max(2, net.settings.layers[-1]),
            "bounded": net.settings.activation[0].split("(")[0] in BOUNDED,
        }


def _slopes(net: il.Network, index: int, z: Array) -> Array:
    activation = il.activations.get(net.settings.activation[index])
    peak = activation.max_slope
    found: Array = activation.slope(z) / (peak if math.isfinite(peak) else 1.0)
    return found


def _ratio(sizes: Sequence[float]) -> float:
    least, most = min(sizes), max(sizes)
    return most / least if least > 0 and math.isfinite(most) else math.inf


def _first_loss(net: il.Network, X: Array, y: Array) -> float:
    target = il.nets.targets.encode(y, net.settings.loss, net.settings.layers[-1])
    found = net.loss(X, y) / il.nets.targets.chance_loss(target, net.settings.loss)
    return found if math.isfinite(found) else math.inf


def the_deep_checker(seen: Mapping[str, Any]) -> bool:
    """Alarm by the checks of units, activations and first loss."""
    if min(seen["weight_variance"], default=1.0) < 1e-8:
        return True
    stuck = max(seen["saturated" if seen["bounded"] else "dead"])
    spread = seen["std"]
    if stuck >= 0.95 or not (min(spread) >= 0.5 and max(spread) <= 2):
        return True
    chance = math.log(seen["classes"])
    return bool(seen["cross_entropy"] and not abs(seen["loss"] - chance) < 0.5 * chance)


def sagemaker(seen: Mapping[str, Any]) -> bool:
    """Alarm by one of the built-in rules."""
    variances = seen["input_variance"]
    if not all(map(math.isfinite, [*variances, *seen["gradient_mean"]])):
        return True
    stuck = max(seen["saturated" if seen["bounded"] else "dead"])
    return (
        min(seen["gradient_mean"]) < 1e-7
        or max(variances) > 10 * min(variances)
        or min(seen["gradient_range"]) < 0.001
        or stuck > 0.5
    )


def _outside(name: str) -> Callable[[Mapping[str, Any]], bool]:
    def alarm(seen: Mapping[str, Any]) -> bool:
        low, high = FITTED[name]
        least, most = _extremes(seen, name)
        return not (least >= low and most <= high)

    return alarm


def _extremes(seen: Mapping[str, Any], name: str) -> tuple[float, float]:
    if name == "std of activations":
        return min(seen["std"]), max(seen["std"])
    return seen[name], seen[name]


RULES: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "TheDeepChecker": the_deep_checker,
    "SageMaker Debugger": sagemaker,
    **{name: _outside(name) for name in FITTED},
}


def alarms(net: il.Network, X: Array, y: Array) -> dict[str, bool]:
    """Which rules alarm."""
    seen = values(net, X, y)
    return {name: rule(seen) for name, rule in RULES.items()}


def fit(population: Sequence[outcomes.Row]) -> Iterator[str]:
    """Print the bounds that are right most often on a population at its tuned rates."""
    rows = [r for r in population if r.rate_factor == 1 and r.truth != "between"]
    bad = np.array([row.truth == "bad" for row in rows])
    seen = [values(c.net, c.X, c.y) for c in outcomes.iterate(rows)]
    grid = [0.0, *(10 ** np.arange(-4, 6.01, 0.25)), math.inf]
    for name in FITTED:
        pairs = np.array([_extremes(each, name) for each in seen])
        best = max(
            (
                (float(np.mean(~((pairs[:, 0] >= low) & (pairs[:, 1] <= high)) == bad)), low, high)
                for low in grid
                for high in grid
                if low < high
            ),
        )
        yield f"{name}: right {best[0]:.1%}, outside ({best[1]:.3g}, {best[2]:.3g})"
    for name in ("TheDeepChecker", "SageMaker Debugger"):
        told = np.array([RULES[name](each) for each in seen])
        yield f"{name}: right {np.mean(told == bad):.1%}, alarms {np.mean(told):.1%}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rivals")
    parser.add_argument("file", type=Path)
    print("\n".join(fit(outcomes.load(parser.parse_args().file))))
