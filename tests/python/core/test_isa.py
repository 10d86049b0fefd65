"""Every instruction set gives the same bits, and they are the bits of the format's version."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import platform
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens import _core
from sample_nets import DTYPES, HIDDEN, LOSSES, assert_same_bits, bits, pair, problem, text

TABLES: list[str] = list(_core.show_config()["available"])


@pytest.fixture(autouse=True)
def restore_the_table() -> Iterator[None]:
    chosen = _core.show_config()["isa"]
    yield
    _core.isa_select(chosen)


def digest(dtype: str, loss: str, widths: list[int], m: int) -> list[Any]:
    """Everything a net computes, as bits."""
    hidden = [HIDDEN[(m + layer) % len(HIDDEN)] for layer in range(len(widths) - 2)]
    net, _ = pair(widths, hidden, loss, dtype, seed=m)
    X, y = problem(loss, m, widths[0], widths[-1], dtype, seed=m)
    gradients = net.gradients(X, y)
    out = [net.forward(X), np.float64(net.loss(X, y)), *gradients.weights, *gradients.biases]
    for optimizer in (il.SGD(0.1, momentum=0.9, nesterov=True), il.Adam(0.01), il.RMSProp(0.01)):
        history = net.fit(X, y, optimizer=optimizer, steps=12, batch_size=9, record=3)
        out += [*net.weights, *net.biases, history.loss, history.gradient_norm]
        out += [history.activation_std, history.saturated]
    return [bits(np.atleast_1d(a)) for a in out]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_tables_agree_on_nets(loss: str, dtype: str) -> None:
    for m, widths in [
        (1, [1, 2]), (5, [3, 7, 2]), (8, [8, 8, 8, 8]), (33, [2, 17, 31, 3]), (40, [12, 65, 9, 10]),
        (260, [300, 3, 2]), (14, [4, 129, 5]),
    ]:  # fmt: skip
        digests = []
        for table in TABLES:
            _core.isa_select(table)
            digests.append(digest(dtype, loss, widths, m))
        for other in digests[1:]:
            for a, b in zip(digests[0], other, strict=True):
                np.testing.assert_array_equal(a, b, err_msg=f"{TABLES} {widths} {m}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", HIDDEN, ids=text)
def test_tables_agree_on_functions(activation: tuple[str, float], dtype: str) -> None:
    random = np.random.default_rng(0)
    limits = np.finfo(dtype)
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, limits.tiny, 5e-324, limits.max]
    z = np.concatenate(
        [special, random.standard_normal(5000) * 3, 10 ** random.uniform(-40, 3, 2000)]
    ).astype(dtype)
    results = []
    for table in TABLES:
        _core.isa_select(table)
        results.append(_core.activation_apply(*activation, z))
    for value, slope in results[1:]:
        np.testing.assert_array_equal(bits(value), bits(results[0][0]))
        np.testing.assert_array_equal(bits(slope), bits(results[0][1]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tables_agree_on_draws(dtype: str) -> None:
    for kind, a, b in [("uniform", -0.3, 0.7), ("normal", 0.1, 2.0)]:
        results = []
        for table in TABLES:
            _core.isa_select(table)
            out = np.empty(1003, dtype=dtype)
            scheme = (kind, a, b, "fan_in", "normal", 0.0, 0.0, 0)
            _core.fill(out, scheme, 17, 59, 123456789, 3, "weights", 0, 1)
            results.append(out)
        for other in results[1:]:
            np.testing.assert_array_equal(bits(results[0]), bits(other))


def test_a_table_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="mmx"):
        _core.isa_select("mmx")


@pytest.mark.parametrize("table", TABLES)
def test_the_environment_lowers_the_choice(table: str) -> None:
    code = "import initlens; print(initlens._core.show_config()['isa'])"
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={"INITLENS_ISA": table, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.strip() == table


def test_the_callers_rounding_mode_does_not_matter() -> None:
    """Compute calls set their own, and give the caller's back."""
    upward = {"x86_64": 0x800, "aarch64": 0x400000, "arm64": 0x400000}.get(platform.machine())
    library = ctypes.util.find_library("m")
    if upward is None or library is None:
        pytest.skip("no fesetround known here")
    libm = ctypes.CDLL(library)
    nets, outputs, modes = [], [], []
    for mode in (0, upward):
        net, _ = pair([5, 9, 1], [("tanh", 0.0)], "mse", "float64", seed=1)
        X, y = problem("mse", 20, 5, 1, "float64", seed=1)
        optimizer = il.Adam(0.01)
        libm.fesetround(mode)
        try:
            outputs.append(net.forward(X))
            net.fit(X, y, optimizer=optimizer, steps=5)
            modes.append(libm.fegetround())
        finally:
            libm.fesetround(0)
        nets.append(net)
    assert modes == [0, upward]
    np.testing.assert_array_equal(bits(outputs[0]), bits(outputs[1]))
    assert_same_bits(*nets)


@pytest.mark.parametrize("table", TABLES)
def test_golden_bits(table: str, root: Path) -> None:
    """The hashes that tests/golden/write.py wrote when this version of the format was released."""
    folder = root / "tests" / "golden"
    program = runpy.run_path(str(folder / "write.py"))
    _core.isa_select(table)
    for name, hashes in (("numerics", "hashes"), ("activations", "activation_hashes")):
        path = folder / f"{name}_{_core.NUMERICS_VERSION}.json"
        assert program[hashes]() == json.loads(path.read_text())
