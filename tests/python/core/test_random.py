"""The random streams word by word, and the schemes drawn from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import initlens as il
import reference
from initlens import _core
from sample_nets import DTYPES, bits

KEYS = [0, 1, 0x299F31D0A4093822, 2**64 - 1]
UNIFORM = ("uniform", 0.0, 1.0, "fan_in", "normal", 0.0, 0.0, 0)
NORMAL = ("normal", 0.0, 1.0, "fan_in", "normal", 0.0, 0.0, 0)


def fill(
    scheme: tuple[str, float, float, str, str],
    dtype: str,
    count: int,
    key: int,
    *,
    tensor: int = 0,
    purpose: str = "weights",
    start: int = 0,
) -> Any:
    out = np.empty(count, dtype=dtype)
    _core.fill(out, scheme, 1, start + count, key, tensor, purpose, start, 1)
    return out


def test_philox_known_answers() -> None:
    """Published with the generator (Salmon et al. 2011, Random123)."""
    ones = 0xFFFFFFFF
    for counter, key, expected in [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([ones] * 4, [ones] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ]:
        words = reference.philox(counter, key)
        assert " ".join(f"{int(word):08x}" for word in words) == expected


def test_core_draws_the_known_words() -> None:
    """Key 0, tensor 0, weights: the counter is all zero, so the words are the published ones."""
    words = np.array([0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8])
    expected = (words // 2**9 + 0.5) / 2**23
    np.testing.assert_array_equal(fill(UNIFORM, "float32", 4, key=0), expected.astype(np.float32))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("key", KEYS)
def test_uniform(key: int, dtype: str) -> None:
    for tensor, purpose, start in [(0, 0, 0), (3, 1, 0), (2**32 - 1, 0, 5), (7, 1, 2**34 - 3)]:
        drawn = fill(
            UNIFORM, dtype, 203, key, tensor=tensor, purpose=["weights", "biases"][purpose],
            start=start,
        )  # fmt: skip
        expected = reference.uniform(key, tensor, purpose, start, 203, dtype)
        np.testing.assert_array_equal(drawn, expected.astype(dtype))
        assert np.all((drawn > 0) & (drawn < 1))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2.0**-22), ("float64", 2.0**-48)])
@pytest.mark.parametrize("key", KEYS)
def test_normal(key: int, dtype: str, tolerance: float) -> None:
    drawn = fill(NORMAL, dtype, 20_000, key, tensor=2)
    expected = reference.normal(key, 2, reference.WEIGHTS, 0, 20_000, dtype)
    # Absolute near zero: the quantile's relative error is unbounded where p is next to one half.
    np.testing.assert_allclose(drawn, expected, rtol=tolerance, atol=tolerance)


def test_both_precisions_are_the_same_numbers() -> None:
    for scheme in (UNIFORM, NORMAL):
        low, high = (fill(scheme, dtype, 10_000, key=11) for dtype in DTYPES)
        np.testing.assert_allclose(low, high, rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scheme", [UNIFORM, NORMAL])
def test_any_slice_is_the_slice(scheme: tuple[str, float, float, str, str], dtype: str) -> None:
    whole = fill(scheme, dtype, 260, key=5, tensor=1)
    for start in range(70):
        count = (start * 37) % 150 + 1
        part = fill(scheme, dtype, count, key=5, tensor=1, start=start)
        np.testing.assert_array_equal(bits(part), bits(whole[start : start + count]))


def test_moments() -> None:
    """Four standard errors; the seeds are fixed, so this either always passes or never does."""
    n = 1_000_000
    for dtype in DTYPES:
        u = fill(UNIFORM, dtype, n, key=3).astype(np.float64)
        z = fill(NORMAL, dtype, n, key=4).astype(np.float64)
        assert abs(u.mean() - 0.5) < 4 / math.sqrt(12 * n)
        assert abs(u.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / n)
        assert abs(z.mean()) < 4 / math.sqrt(n)
        assert abs(z.var() - 1) < 4 * math.sqrt(2 / n)
        assert abs((z**3).mean()) < 4 * math.sqrt(15 / n)
        assert abs((z**4).mean() - 3) < 4 * math.sqrt(96 / n)
        assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 4 / math.sqrt(n)


# ---- schemes ---------------------------------------------------------------------------------

FANS = [(784, 128), (3, 50), (1, 1)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n_in", "n_out"), FANS)
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(
    ("name", "scale", "mode"),
    [("glorot", 1.0, "fan_avg"), ("he", 2.0, "fan_in"), ("lecun", 1.0, "fan_in")],
)
def test_variance_scaling(
    name: str, scale: float, mode: str, distribution: str, n_in: int, n_out: int, dtype: str
) -> None:
    scheme = il.initializers.get(f"{name}_{distribution}")
    drawn = scheme((n_in, n_out), rng=9, dtype=dtype)
    assert drawn.shape == (n_in, n_out)
    assert drawn.dtype == np.dtype(dtype)
    std = reference.variance_scaling_std(scale, mode, n_in, n_out)
    key = seed_key(9)
    if distribution == "normal":
        expected = std * reference.normal(key, 0, reference.WEIGHTS, 0, n_in * n_out, dtype)
    else:
        limit = std * math.sqrt(3)
        u = reference.uniform(key, 0, reference.WEIGHTS, 0, n_in * n_out, dtype)
        expected = limit * (2 * u - 1)
        assert np.all(np.abs(drawn) <= np.dtype(dtype).type(limit))
    tolerance = {"float32": 1e-6, "float64": 1e-14}[dtype] * std
    np.testing.assert_allclose(drawn.ravel(), expected, rtol=0, atol=8 * tolerance)


def seed_key(seed: int) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("zeros", 0.0), ("ones", 1.0), ("constant(0.5)", 0.5), ("constant(-3)", -3.0)],
)
def test_constants(text: str, expected: float) -> None:
    drawn = il.initializers.get(text)((3, 4), rng=0, dtype="float64")
    np.testing.assert_array_equal(drawn, np.full((3, 4), expected))


def test_normal_and_uniform_arguments() -> None:
    z = reference.normal(seed_key(1), 0, reference.WEIGHTS, 0, 200, "float64")
    drawn = il.initializers.get("normal(std=0.01, mean=2)")((10, 20), rng=1, dtype="float64")
    np.testing.assert_allclose(drawn.ravel(), 2 + 0.01 * z, rtol=1e-14)
    u = reference.uniform(seed_key(1), 0, reference.WEIGHTS, 0, 200, "float64")
    drawn = il.initializers.get("uniform(0.3)")((10, 20), rng=1, dtype="float64")
    np.testing.assert_allclose(drawn.ravel(), 0.3 * (2 * u - 1), rtol=0, atol=1e-15)


def test_a_net_draws_one_tensor_a_layer() -> None:
    net = il.Network([5, 7, 3], activation="tanh", loss="mse", dtype="float64")
    net.initialize("normal(1)", rng=42, bias="normal(2)")
    for layer in range(2):
        n = net.weights[layer].size
        z = reference.normal(seed_key(42), layer, reference.WEIGHTS, 0, n, "float64")
        np.testing.assert_allclose(net.weights[layer].ravel(), z, rtol=1e-13, atol=1e-14)
        n = net.biases[layer].size
        z = reference.normal(seed_key(42), layer, reference.BIASES, 0, n, "float64")
        np.testing.assert_allclose(net.biases[layer], 2 * z, rtol=1e-13, atol=1e-14)


def test_the_global_stream_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the legacy global is what is checked
    il.Network([3, 3], loss="mse").initialize("he_normal", rng=None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
