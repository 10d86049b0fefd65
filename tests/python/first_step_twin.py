"""A slow NumPy twin of what the core measures of an optimizer's first step, from the formulas.

Dimensions: B samples, N inputs and M outputs of a layer, L layers, S sampled rows, T steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reference import ACTIVATIONS, Net, delta_scale

Array = np.ndarray[Any, Any]

RAY = (1.0, 3.0, 10.0, 30.0)  # multiples of the first step
SAMPLES = 40  # rows of the tangent kernel
OUTPUTS = 16  # whose tangent kernels are averaged


@dataclass
class Settings:
    """An optimizer: kind "sgd", "adam" or "rmsprop"."""

    kind: str
    rate: float
    momentum: float = 0.0
    epsilon: float = 1e-8


@dataclass
class Step:
    """Change of every parameter by one step: weights (N, M) and biases (M,) of each layer."""

    weights: list[Array]
    biases: list[Array]


def best_constant(y: Array) -> Array:
    """The outputs (M,) of the best constant guess: the mean of y, as values or probabilities."""
    return np.where((y == y[0]).all(axis=0), y[0], y.mean(axis=0))


def centred(y: Array) -> Array:
    """Columns less their means; exactly 0 where they are constant."""
    return y - best_constant(y)


def backward(
    net: Net, X: Array, delta: Array
) -> tuple[list[Array], list[Array], list[Array], list[Array]]:
    """Gradients (weights, biases) from the outputs' deltas (B, M), and each layer's inputs and
    deltas."""
    layers = net.layers(X)
    below = [np.asarray(X, np.float64), *layers.a[:-1]]
    deltas = [delta]
    for layer in reversed(range(1, len(net.weights))):
        name, parameter = net.hidden[layer - 1]
        slope = ACTIVATIONS[name].slope(layers.z[layer - 1], parameter)
        deltas.insert(0, (deltas[0] @ net.weights[layer].T) * slope)
    dw = [a.T @ d for a, d in zip(below, deltas, strict=True)]
    return dw, [d.sum(axis=0) for d in deltas], below, deltas


def centred_delta(net: Net, y: Array) -> Array:
    """Deltas (B, M) of the loss at the best constant output."""
    return (best_constant(y) - y) * delta_scale(net.loss_name, *y.shape)


def step_of(optimizer: Settings, net: Net, X: Array, delta: Array, batch: int) -> Step:
    """The optimizer's own step from these deltas.

    SGD: -rate g / (1 - momentum). Adam and RMSProp: -rate g / (sqrt(v) + epsilon), over
    1 - momentum, with v = g^2 + Var(g_s) / batch (B - batch) / (B - 1): the variance over samples s
    of their own gradients, of means of `batch` drawn without replacement.
    """
    dw, db, below, deltas = backward(net, X, delta)
    B = len(X)
    size = optimizer.rate / (1 - optimizer.momentum)
    if optimizer.kind == "sgd":
        return Step([-size * g for g in dw], [-size * g for g in db])
    noise = (B - batch) / (B - 1) / batch if B > 1 else 0.0

    def adaptive(g: Array, squares: Array) -> Array:
        variance = np.maximum(B * squares - g * g, 0.0)
        return -size * g / (np.sqrt(g * g + variance * noise) + optimizer.epsilon)

    return Step(
        [adaptive(g, (a**2).T @ d**2) for g, a, d in zip(dw, below, deltas, strict=True)],
        [adaptive(g, (d**2).sum(axis=0)) for g, d in zip(db, deltas, strict=True)],
    )


def rms(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def move_of(net: Net, step: Step) -> list[float]:
    """rms(step) / rms(W) of each layer; infinite for zero weights that move, 0 / 0 is 0."""
    return [
        0.0 if not np.any(s) else rms(s) / rms(w) if np.any(w) else np.inf
        for w, s in zip(net.weights, step.weights, strict=True)
    ]


def derivative(net: Net, X: Array, step: Step) -> Array:
    """Change (B, M) of the last pre-activations by the step, to first order."""
    layers = net.layers(X)
    below, d_below = np.asarray(X, np.float64), np.zeros_like(X, np.float64)
    for layer, (w, b) in enumerate(zip(step.weights, step.biases, strict=True)):
        d_z = below @ w + d_below @ net.weights[layer] + b
        if layer == len(net.hidden):
            return d_z
        name, parameter = net.hidden[layer]
        d_below = ACTIVATIONS[name].slope(layers.z[layer], parameter) * d_z
        below = layers.a[layer]
    raise AssertionError


def cosine(a: Array, b: Array) -> float:
    """Of two arrays of equal shape, columns centred; 0 where one of them is constant."""
    a, b = centred(a), centred(b)
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.sum(a * b) / norms) if norms > 0 else 0.0


def curvature(net: Net, y: Array) -> Array:
    """Second derivative (M,) of the mean loss by an output at the best constant, times B."""
    p = best_constant(y)
    M = y.shape[1]
    if net.loss_name == "mse":
        return np.full(M, 2 / M)
    return p * (1 - p) / (M if net.loss_name == "binary_cross_entropy" else 1)


def kernels(net: Net, X: Array, eta: list[float]) -> tuple[Array, Array]:
    """sum_l eta_l K_l (S, S): the mean of the tangent kernels of some outputs, and the kernel of
    the sum of all outputs over sqrt(M)."""
    S, M = len(X), net.weights[-1].shape[1]
    directions = [*np.eye(M)[evenly(M, OUTPUTS)], np.full(M, 1 / np.sqrt(M))]
    found = []
    for direction in directions:
        _, _, below, deltas = backward(net, X, np.tile(direction, (S, 1)))
        found.append(
            sum(
                rate * (d @ d.T) * (a @ a.T + 1)
                for rate, a, d in zip(eta, below, deltas, strict=True)
            )
        )
    return np.mean(found[:-1], axis=0), found[-1]


def evenly(count: int, most: int) -> Array:
    """Rows, at most so many: all, or row floor(i count / most) for i below most."""
    return np.arange(count) if count <= most else np.arange(most) * count // most


def linear_share(kernel: Array, y: Array, h: float, steps: float) -> float:
    """Share of the energy of y - mean y that linearised training learns: 1 - exp(-2 lambda steps)
    along the eigenvectors of the centred kernel (S, S), lambda its eigenvalues times h / S."""
    S = len(y)
    if not np.isfinite(kernel).all():
        return float("nan")
    centre = np.eye(S) - 1 / S
    values, vectors = np.linalg.eigh(centre @ kernel @ centre)
    rest = centred(y)
    energy = np.square(vectors.T @ rest).sum(axis=1)
    if not energy.sum() > 0:
        return 0.0
    learned = -np.expm1(-2 * np.maximum(values, 0) * h / S * steps)
    return float(np.sum(energy * learned) / np.square(rest).sum())


def measure(
    net: Net, X: Array, y: Array, optimizer: Settings, steps: int, batch: int | None
) -> dict[str, Any]:
    """All of it."""
    B = len(X)
    batch = B if batch is None else min(batch, B)
    real = net.layers(X).a[-1]
    delta = (real - y) * delta_scale(net.loss_name, *y.shape)
    aimed = step_of(optimizer, net, X, centred_delta(net, y), batch)
    first = step_of(optimizer, net, X, delta, batch)
    dw, _, _, _ = backward(net, X, centred_delta(net, y))
    eta = [
        float(np.linalg.norm(s) / np.linalg.norm(g)) if np.any(g) else 0.0
        for s, g in zip(aimed.weights, dw, strict=True)
    ]
    rows = evenly(B, SAMPLES)
    h = curvature(net, y)
    kernel, _ = kernels(net, X[rows], eta)
    plain, together = kernels(net, X[rows], [1.0] * len(eta))
    S = len(rows)
    ok = np.isfinite(plain).all() and np.isfinite(together).all()
    sharpness = np.linalg.eigvalsh(plain)[-1] * h.mean() / S if ok else float("inf")
    if ok and net.loss_name != "cross_entropy":
        sharpness = max(sharpness, np.linalg.eigvalsh(together)[-1] * h.mean() / S)
    ray = []
    for multiple in RAY:
        moved = Net(
            [w + multiple * s for w, s in zip(net.weights, first.weights, strict=True)],
            [b + multiple * s for b, s in zip(net.biases, first.biases, strict=True)],
            net.hidden,
            net.loss_name,
        )
        with np.errstate(over="ignore", invalid="ignore"):  # far along the ray
            loss = moved.loss(X, y)
        ray.append(loss if np.isfinite(loss) else np.inf)
    return {
        "move": move_of(net, aimed),
        "aim": cosine(derivative(net, X, aimed), y),
        "lin": linear_share(kernel, y[rows], float(h.mean()), float(steps)),
        "ray": ray,
        "sharpness": float(sharpness),
        "rates": eta,
    }
