"""The battery that holds two builds against each other sees one bit, and broken promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.golden import battery

import initlens as il


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert battery.main(["--nets", "4", "--seed", "3", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_line_for_each_net_and_part(capsys: pytest.CaptureFixture[str]) -> None:
    *lines, last = output(capsys)
    assert [line.split()[:2] for line in lines] == [
        [str(net), part] for net in range(4) for part in battery.PARTS
    ]
    assert last.startswith("all ")
    assert output(capsys, "--first", "2", "--nets", "1", "--only", "fit", "units")[:2] == [
        line for line in lines if line.startswith(("2 fit", "2 units"))
    ]


def test_one_bit_is_seen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = output(capsys, "--only", "forward", "fit")
    fit = il.Network.fit

    def nudged(net: il.Network, *args: Any, **kwargs: Any) -> il.History:
        history = fit(net, *args, **kwargs)
        last = net.biases[-1]
        last[-1] = np.nextafter(last[-1], np.inf, dtype=last.dtype)
        return history

    monkeypatch.setattr(il.Network, "fit", nudged)
    after = output(capsys, "--only", "forward", "fit")
    changed = [a.split()[:2] for a, b in zip(before, after, strict=True) if a != b]
    assert changed[:-1] == [[str(net), "fit"] for net in range(4)]
    assert changed[-1][0] == "all"
    with pytest.raises(RuntimeError, match="one training, several ends"):
        battery.main(["--nets", "1", "--only", "fit", "many"])


def test_a_row_alone_must_have_the_bits_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = il.Network.forward

    def unequal(net: il.Network, X: battery.Array) -> battery.Array:
        outputs = forward(net, X)
        return np.nextafter(outputs, np.inf, dtype=outputs.dtype) if len(X) == 1 else outputs

    monkeypatch.setattr(il.Network, "forward", unequal)
    with pytest.raises(RuntimeError, match="rows from 0 on have other bits alone"):
        battery.main(["--nets", "1", "--only", "forward"])


def test_nan_is_nan_and_zero_has_a_sign() -> None:
    payload = np.array([0x7FF8000000000001], np.uint64).view(np.float64)
    assert battery.digest(payload) == battery.digest(np.array([np.nan]))
    assert battery.digest(np.array([0.0])) != battery.digest(np.array([-0.0]))
    assert battery.digest([1, [2]]) != battery.digest([[1, 2]])
