"""Gradients: against central differences, against the twin, and bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import initlens as il
import reference
from initlens.activations import kinks_of
from sample_nets import DTYPES, HIDDEN, LOSSES, bits, pair, problem, text

STEP = 2.0**-14


def away_from_kinks(twin: reference.Net, X: NDArray[Any]) -> bool:
    """Whether no pre-activation lies so near a kink that a difference quotient would cross it."""
    return all(
        np.min(np.abs(z - kink)) > 100 * STEP
        for hidden, z in zip(twin.hidden, twin.layers(X).z, strict=False)
        for kink in kinks_of(il.activations.get(text(hidden)))
    )


def central_differences(
    twin: reference.Net, parameter: NDArray[Any], X: NDArray[Any], y: NDArray[Any]
) -> NDArray[Any]:
    """Fourth order, in float64: its own error is below 1e-10 here."""
    out = np.empty_like(parameter)
    for index in np.ndindex(parameter.shape):
        start = parameter[index]
        values = []
        for offset in (-2, -1, 1, 2):
            parameter[index] = start + offset * STEP
            values.append(twin.loss(X, y))
        parameter[index] = start
        out[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * STEP)
    return out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hidden", HIDDEN, ids=text)
def test_central_differences(hidden: tuple[str, float], loss: str, dtype: str) -> None:
    for seed in range(100):
        net, twin = pair([2, 4, 3, 2], [hidden, hidden], loss, dtype, seed)
        X, y = problem(loss, 6, 2, 2, dtype, seed)
        if away_from_kinks(twin, X):
            break
    else:
        pytest.fail("no seed keeps away from the kinks")
    gradients = net.gradients(X, y)
    assert gradients.loss == net.loss(X, y)
    actual = [*gradients.weights, *gradients.biases]
    expected = [central_differences(twin, p, X, y) for p in twin.parameters()]
    # Relative to the whole gradient: an element where terms cancel has no relative accuracy.
    scale = max(np.max(np.abs(g)) for g in expected)
    assert scale > 1e-3
    for g, difference in zip(actual, expected, strict=True):
        assert g.dtype == np.dtype(dtype)
        np.testing.assert_allclose(g, difference, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("widths", [[1, 1], [3, 1], [2, 17, 2], [30, 33, 9, 16], [5, 1, 1, 1, 8]])
def test_against_the_twin(widths: list[int], loss: str, dtype: str) -> None:
    if loss == "cross_entropy":
        widths = [*widths[:-1], max(2, widths[-1])]
    for m in (1, 31, 300):
        hidden = [HIDDEN[(m + layer) % len(HIDDEN)] for layer in range(len(widths) - 2)]
        net, twin = pair(widths, hidden, loss, dtype, seed=m)
        X, y = problem(loss, m, widths[0], widths[-1], dtype, seed=m)
        gradients = net.gradients(X, y)
        d_weights, d_biases = twin.gradients(X, y)
        tolerance = {"float32": 1e-5, "float64": 1e-13}[dtype]
        scale = max(1e-3, *(float(np.max(np.abs(g))) for g in [*d_weights, *d_biases]))
        for g, expected in zip(gradients.weights, d_weights, strict=True):
            np.testing.assert_allclose(g, expected, rtol=0, atol=tolerance * scale)
        for g, expected in zip(gradients.biases, d_biases, strict=True):
            np.testing.assert_allclose(g, expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [1, 40, 255, 256, 257, 530])
def test_bits(m: int, dtype: str) -> None:
    """Every product of backpropagation is the chain, over units or over samples.

    ReLU, so that the derivative is exact and only the order of the sums is left to check.
    """
    net, _ = pair([2, 3, 2], [("relu", 0.0)], "mse", dtype, seed=m)
    X, y = problem("mse", m, 2, 2, dtype, seed=m)
    gradients = net.gradients(X, y)
    layers = net.activations(X)
    scale = np.dtype(dtype).type(reference.delta_scale("mse", m, 2))
    delta1 = (layers[1].a - y) * scale
    delta0 = reference.chain(delta1, np.ascontiguousarray(net.weights[1].T))
    delta0 = np.where(layers[0].z > 0, delta0, np.dtype(dtype).type(0))
    ones = np.ones((1, m), dtype=dtype)
    for layer, (below, delta) in enumerate([(X, delta0), (layers[0].a, delta1)]):
        expected = reference.chain(np.ascontiguousarray(below.T), delta)
        # A sum of signed zeros may end at either zero; every other value has one pattern.
        np.testing.assert_array_equal(bits(gradients.weights[layer] + 0), bits(expected + 0))
        np.testing.assert_array_equal(
            bits(gradients.biases[layer] + 0), bits(reference.chain(ones, delta)[0] + 0)
        )
