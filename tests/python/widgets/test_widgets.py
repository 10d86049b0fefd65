"""The explorer without a browser: what it shows, and how a live one answers."""

from __future__ import annotations

import base64
import re
import struct
import sys
import threading
import zlib
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens.widgets import Controls, Explorer, explorer
from initlens.widgets.exploration import explore
from initlens.widgets.pictures import PALETTE, curve_svg
from initlens.widgets.problem import GRID, Problem

STEPS = 200


def static(**kwargs: Any) -> Explorer:
    return explorer(**({"steps": STEPS, "live": False} | kwargs))


# ---- what is shown ---------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["zeros", "constant(1)", "normal(1)", "he_normal"])
def test_the_outcome_is_that_of_compare(scheme: str) -> None:
    result = static(scheme=scheme, scale=1.0, seed=5, steps=1_000).result
    (run,) = il.compare(scheme, seeds=[5], steps=1_000, record=20).runs
    assert (result.outcome, result.final_loss, result.accuracy) == (
        run.outcome,
        run.final_loss,
        run.accuracy,
    )
    assert result.diagnosis.loss.first == run.first_loss
    assert np.array_equal(result.history.loss, run.history.loss)


def test_the_start_is_that_of_the_code_shown(flower: tuple[Any, Any]) -> None:
    result = static(scheme="glorot_uniform", scale=0.3, depth=2, activation="relu", seed=9).result
    scope: dict[str, Any] = {"il": il}
    exec(result.code, scope)
    ours = result.network(0)
    for mine, shown in zip(ours.weights, scope["net"].weights, strict=True):
        assert mine.tobytes() == shown.tobytes()
    assert ours.settings == scope["net"].settings
    assert ours.loss(*flower) == result.diagnosis.loss.first


def test_the_start_does_not_depend_on_the_steps() -> None:
    short, long = static(steps=100).result, static(steps=2_000).result
    assert short.network(0).weights[0].tobytes() == long.network(0).weights[0].tobytes()
    assert short.pictures is not None
    assert long.pictures is not None
    assert np.array_equal(short.pictures.values[0], long.pictures.values[0])


def test_network_at_a_step(flower: tuple[Any, Any]) -> None:
    result = static().result
    assert result.network().loss(*flower) == result.final_loss
    row = 10
    at = int(result.history.steps[row])
    assert result.network(at).loss(*flower) == result.history.loss[row]
    with pytest.raises(ValueError, match="step must be at most 200, got 201"):
        result.network(STEPS + 1)
    with pytest.raises(ValueError, match="step must be at least 0"):
        result.network(-1)


def test_pictures_are_the_units_outputs() -> None:
    result = static(depth=2, width=3, scale=1.0).result
    pictures = result.pictures
    assert pictures is not None
    assert pictures.values.shape == (len(result.history.steps), 3 + 3 + 1, GRID, GRID)
    row = 20
    net = result.network(int(result.history.steps[row]))
    low, high = result.problem.X.min(axis=0), result.problem.X.max(axis=0)
    corner = np.array([low[0], high[1]]) + 0.05 * (high - low) * [-1.0, 1.0]  # top left
    first, second, output = (layer.a[0] for layer in net.activations([corner]))
    drawn = (pictures.values[row, :, 0, 0] - 128.0) / 127.0
    scales = pictures.scales[row]
    half = 0.5 / 127.0 + 1e-12
    assert np.abs(drawn[:3] * scales[0] - first).max() <= half * scales[0]
    assert np.abs(drawn[3:6] * scales[1] - second).max() <= half * scales[1]
    assert abs(drawn[6] - (2.0 * output[0] - 1.0)) <= half
    assert pictures.values.min() >= 1
    assert np.all(pictures.values[row, :3].max(axis=(1, 2)) <= 255)


def test_copies_are_drawn_alike_and_others_are_not() -> None:
    copies = static(scheme="constant(1)", scale=0.5).result.pictures
    others = static().result.pictures
    assert copies is not None
    assert others is not None
    for frame in copies.values:
        assert len({unit.tobytes() for unit in frame[:4]}) == 1
    assert len({unit.tobytes() for unit in others.values[-1][:4]}) == 4
    # Zeros are the white in the middle of the palette.
    zeros = static(scheme="zeros").result.pictures
    assert zeros is not None
    assert np.all(zeros.values[0] == 128)
    assert PALETTE[128].tolist() == [255, 255, 255]


def test_a_net_that_diverges() -> None:
    result = static(scale=1.0, depth=3, activation="relu", optimizer="sgd(1e200)").result
    assert result.pictures is not None
    assert len(result.pictures.values) == len(result.history.steps)
    assert result.outcome == f"diverged at step {result.history.steps_done}"
    assert "nan" not in curve_svg(result.history)


def test_no_hidden_layer_and_several_classes() -> None:
    result = static(data="spirals(classes=3, m=90)", depth=0).result
    assert result.layers == (2, 3)
    assert "no hidden layer" in result.title
    assert result.captions(0) == ["output: probabilities, white at 1/2"]
    assert result.pictures is not None
    assert result.pictures.values.shape[1] == 3


def test_data_that_are_no_plane() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    shown = static(data=(X, (X[:, 0] > 0).astype(int)))
    assert shown.result.pictures is None
    sentence = "Units are drawn over the plane, for data with 2 features; these have 3."
    assert sentence in repr(shown)
    assert sentence in shown._repr_html_()
    assert "image/png" not in shown._repr_html_()


def test_data_that_do_not_vary() -> None:
    X = np.ones((6, 2))
    result = static(data=(X, np.arange(6) % 2), steps=2).result
    assert result.pictures is not None
    assert np.isfinite(result.problem.grid).all()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"depth": 7}, "depth must be at most 6, got 7"),
        ({"depth": -1}, "depth must be at least 0"),
        ({"width": 17}, "width must be at most 16, got 17"),
        ({"width": 0}, "width must be at least 1"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"steps": 10**9}, "steps must be at most 100,000"),
        ({"scale": -1.0}, "scale must be finite and at least 0"),
        ({"scale": float("inf")}, "scale must be finite"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"scheme": "he_norml"}, "Did you mean 'he_normal'"),
        ({"activation": "tanhh"}, "Did you mean 'tanh'"),
        ({"optimizer": "sdg"}, "Did you mean 'sgd'"),
        ({"data": "flowr"}, "Did you mean 'flower'"),
    ],
)
def test_bad_settings(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        static(**kwargs)


# ---- the static view -------------------------------------------------------------------------


class Page(HTMLParser):
    """Collect texts and pictures; every tag must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page(html: str) -> Page:
    found = Page()
    found.feed(html)
    assert found.open == []
    return found


def test_static_view_says_the_same_as_text() -> None:
    shown = static(scheme="constant(1)", scale=0.5)
    data, _ = shown._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html"}
    assert data["text/plain"] == repr(shown)
    found = page(data["text/html"])
    text = " ".join(" ".join(found.text).split())
    for line in repr(shown).splitlines()[-3:]:
        assert line in text
    assert shown.result.code in "".join(found.text)
    assert "symmetric (layer 1)" in text
    curve, *units = found.images
    assert curve["alt"] is not None
    assert "loss at chance, 0.693" in curve["alt"]
    assert len(units) == 4  # layer 1 and the output, at the start and at the end
    assert [image["alt"] for image in units][:2] == [
        f"Outputs over the plane, {shown.result.captions(row)[0]}" for row in (0, -1)
    ]


def test_static_pictures_are_png() -> None:
    shown = static(scale=1.0)
    strip = page(shown._repr_html_()).images[1]["src"]
    assert strip is not None
    content = base64.b64decode(strip.removeprefix("data:image/png;base64,"))
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks = {}
    place = 8
    while place < len(content):
        (size,) = struct.unpack_from(">I", content, place)
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        assert struct.unpack_from(">I", content, place + 8 + size) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        place += size + 12
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width = 4 * GRID + 3 * 2
    assert struct.unpack_from(">II", chunks[b"IHDR"]) == (width, GRID)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(GRID, width + 1)
    assert not rows[:, 0].any()
    assert shown.result.pictures is not None
    unit = shown.result.pictures.values[0, 1]
    assert np.array_equal(rows[:, 1 + GRID + 2 :][:, :GRID], unit)


def test_markup_in_names_is_text() -> None:
    flower = il.datasets.flower()
    data = il.datasets.Dataset("<img src=x>&", flower.X, flower.y, 2)
    html = static(data=data)._repr_html_()
    assert "<img src=x>" not in html
    assert "&lt;img src=x&gt;&amp; data" in html


def test_nothing_is_fetched_or_run() -> None:
    html = static()._repr_html_()
    assert "<script" not in html
    assert set(re.findall(r'(?:src|href)="(\w+:[\w/+]+)', html)) == {
        "data:image/svg+xml",
        "data:image/png",
    }


@pytest.mark.parametrize("steps", [1, 7, 150])
def test_curve_spans_the_steps(steps: int) -> None:
    result = static(steps=steps).result
    assert result.history.steps[-1] == steps
    points = re.findall(r'polyline points="([^"]*)"', curve_svg(result.history))[0].split()
    assert len(points) == len(result.history.steps)
    places = np.array([point.split(",") for point in points], float)
    assert np.all(np.diff(places[:, 0]) > 0)
    # Lower losses are lower: y grows downwards.
    assert np.all(np.diff(places[:, 1]) * np.diff(result.history.loss) <= 0.1)


# ---- without and with anywidget --------------------------------------------------------------


def test_without_anywidget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    assert set(explorer(steps=5)._repr_mimebundle_()[0]) == {"text/plain", "text/html"}
    with pytest.raises(ImportError, match=r"initlens\[widgets\]"):
        explorer(steps=5, live=True)


@pytest.fixture
def live() -> Any:
    pytest.importorskip("anywidget")
    return explorer(steps=STEPS, live=True)


def send(shown: Any, serial: int, **positions: Any) -> None:
    """Do as the browser does, and wait for what is trained."""
    shown._view.controls = {**shown._view.controls, "serial": serial, **positions}
    wait_for_threads()


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon:
            thread.join(60)


def test_live_bundle(live: Any) -> None:
    data, _ = live._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(live)
    assert data["text/html"] == live._repr_html_()
    view = live._view
    assert "export default" in view._esm
    assert ".initlens-explorer" in view._css
    # No address but the name of SVG, in anything that is sent to the browser.
    assert set(re.findall(r"https?://[\w./]*", f"{view._esm}{view._css}")) == {
        "http://www.w3.org/2000/svg"
    }
    for name, value in view.controls.items():
        assert name == "serial" or value in view.choices[name]
    for scheme in view.choices["scheme"]:
        assert Controls(scheme).scheme == scheme


def test_live_answer(live: Any) -> None:
    send(live, 1, scheme="zeros", width=3)
    answer = live._view.result
    assert answer["serial"] == 1
    assert answer["severity"] == "error"
    assert any("symmetric" in text for text in answer["start"])
    assert answer["units"] == [3, 1]
    rows = len(answer["steps"])
    assert len(answer["frames"]) == rows * 4 * GRID * GRID
    assert len(answer["captions"]) == len(answer["losses"]) == rows
    assert live.result.controls == Controls("zeros", 0.01, 1, 3, "tanh", 3, STEPS)


def test_live_bad_position(live: Any) -> None:
    before = live.result
    send(live, 1, width=1_000)
    assert live._view.result == {"serial": 1, "error": "width must be at most 16, got 1000"}
    assert live.result is before
    send(live, 2, width=2)
    assert live._view.result["units"] == [2, 1]


def test_an_overtaken_run_is_given_up() -> None:
    asked = 0

    def overtaken() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3

    problem = Problem.of("flower", "sgd(1.2)")
    assert explore(Controls(steps=STEPS), problem, overtaken) is None
    assert asked == 3


def test_only_the_last_of_many_changes_is_shown(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run ends when a second one has been asked for, too late to give it up."""
    from initlens.widgets import live as module

    shown, asked, second = [], [], threading.Event()

    def slow(controls: Controls, problem: Problem, overtaken: Any) -> Any:
        result = explore(controls, problem)
        second.wait(60)
        asked.append(overtaken())
        return result

    monkeypatch.setattr(module, "explore", slow)
    live._view.observe(lambda change: shown.append(change["new"]["serial"]), "result")
    live._view.controls = {**live._view.controls, "serial": 1, "seed": 4}
    live._view.controls = {**live._view.controls, "serial": 2, "seed": 5}
    second.set()
    wait_for_threads()
    assert asked == [True, False]
    assert shown == [2]
    assert live.result.controls.seed == 5
