"""Plots: what is drawn is what was measured, and can be read, by eye and in words."""

from __future__ import annotations

import html
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, pairwise, product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens._tools.text import html_text
from initlens.diagnosis.decision import AT_THE_START
from initlens.plotting._figure import readable_log, wrapped

matplotlib: Any = pytest.importorskip("matplotlib")
pyplot: Any = pytest.importorskip("matplotlib.pyplot")

FLOWER = il.datasets.flower()
X, Y = FLOWER.X, FLOWER.y

TWELVE = (
    *("zeros", "constant(0.5)", "normal(0.01)", "normal(1)", "normal(100)", "glorot_uniform"),
    *("he_normal", "orthogonal", "torch_linear", "lecun_uniform", "sparse(2)"),
    "mean_field_critical('tanh', sigma_b2=0.05)",
)
HOSTILE = {
    "$\\frac{1}{$ costs $5": "he_normal",
    "<b>bold</b> & more": "zeros",
    "_hidden": "constant(0.5)",
    "a label of very many words that goes on and on, " * 8: "normal(1)",
    "one\nline\tonly\x00": "normal(2)",
}


def net(seed: int = 3, layers: tuple[int, ...] = (2, 4, 3, 1), **settings: Any) -> il.Network:
    return il.Network(layers, **settings).initialize("he_normal", rng=seed)


def trained(schemes: Any, **arguments: Any) -> il.Comparison:
    return il.compare(schemes, **({"steps": 40, "seeds": 3, "n_jobs": 1} | arguments))


def diverging(labels: dict[str, str]) -> il.Comparison:
    """Nets that diverge at different steps, beside one that does not."""
    return il.compare(
        labels,
        activation="relu",
        loss="mse",
        optimizer=il.SGD(0.9),
        steps=40,
        seeds=3,
        record=1,
        n_jobs=1,
    )


CASES: dict[str, Callable[[], il.Comparison]] = {
    "two schemes": lambda: trained(["constant(0.5)", "he_normal"]),
    "twelve schemes": lambda: trained(TWELVE, layers=[2, 8, 8, 1]),
    "one scheme and seed": lambda: trained("he_normal", seeds=1),
    "hostile labels": lambda: trained(HOSTILE, seeds=1),
    "wide and deep": lambda: trained(["zeros", "he_normal"], layers=[2, *[40] * 20, 1], steps=4),
    "many words": lambda: trained(
        {f"{scheme}, in the words of someone who writes many": scheme for scheme in TWELVE},
        layers=[2, *[8] * 16, 1],
        steps=4,
    ),
    "diverged": lambda: diverging({"zeros": "zeros", "large": "normal(30)", "he": "he_normal"}),
}


@pytest.fixture(scope="module")
def results() -> dict[str, il.Comparison]:
    return {name: make() for name, make in CASES.items()}


def first(result: il.Comparison) -> str:
    return next(iter(result.schemes))


def diagnosis(result: il.Comparison, scheme: str | None = None) -> il.Diagnosis:
    return il.diagnose(result.network(scheme or first(result)), X, Y)


def grid_of(result: il.Comparison) -> il.ScaleByDepth:
    """A grid of the comparison's schemes, without training more of them."""
    return il.ScaleByDepth(
        comparisons={1: result, 20: result},
        scales=tuple(result.schemes),
        depths=(1, 5, 20),
        width=4,
        elapsed=1.0,
        interrupted=True,
    )


PICTURES: dict[str, Callable[..., Any]] = {
    "losses": lambda result, ax=None: result.plot(ax=ax),
    "one loss": lambda result, ax=None: result.runs[0].history.plot(ax=ax),
    "units": lambda result, ax=None: result.plot_units(ax=ax),
    "units by layer": lambda result, ax=None: result.runs[0].history.plot_units(ax=ax),
    "activations": lambda result, ax=None: result.plot_ridges(first(result), ax=ax),
    "gradients": lambda result, ax=None: result.plot_ridges(first(result), of="gradients", ax=ax),
    "nets": lambda result, ax=None: il.plotting.plot_ridges(
        {label: result.network(label, steps=2) for label in result.schemes}, X, Y, ax=ax
    ),
    "similarity": lambda result, ax=None: diagnosis(result).plot_similarity(ax=ax),
    "saturation": lambda result, ax=None: diagnosis(result).plot_saturation(ax=ax),
    "learning time": lambda result, ax=None: diagnosis(result).plot_learning_time(ax=ax),
    "first step": lambda result, ax=None: diagnosis(result).plot_first_step(ax=ax),
    "learning times": lambda result, ax=None: il.plotting.plot_learning_times(
        {label: diagnosis(result, label) for label in result.schemes}, ax=ax
    ),
    "boundaries": lambda result, ax=None: result.plot_boundaries(ax=ax),
    "boundaries alone": lambda result, ax=None: result.plot_boundaries(units=False, ax=ax),
    "scale by depth": lambda result, ax=None: grid_of(result).plot(ax=ax),
}


@pytest.fixture(autouse=True)
def _leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test here: nothing is shown and no setting of matplotlib changes."""

    def shown(*_: Any, **__: Any) -> None:
        raise AssertionError("a plot called show")

    monkeypatch.setattr(pyplot, "show", shown)
    monkeypatch.setattr(matplotlib.figure.Figure, "show", shown)
    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before
    pyplot.close("all")


def texts(figure: Any) -> list[Any]:
    """Return the texts that a reader sees: of ticks only those within the axes."""
    figure.draw_without_rendering()
    found = [*figure.texts]  # the title of the figure among them
    for ax in figure.axes:
        if not ax.axison:
            continue
        found += [ax.title, ax._left_title, ax._right_title, *ax.texts]
        if ax.get_legend():
            found += [ax.get_legend().get_title(), *ax.get_legend().get_texts()]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            room = 1e-9 * (low if axis.get_scale() == "log" else high - low)
            found += [axis.label, axis.get_offset_text()]
            for places, labels in (
                (axis.get_majorticklocs(), axis.get_majorticklabels()),
                (axis.get_minorticklocs(), axis.get_minorticklabels()),
            ):
                found += [
                    label
                    for place, label in zip(places, labels, strict=False)
                    if low - room <= place <= high + room
                ]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def overlap(one: Any, other: Any) -> bool:
    """Whether two boxes share more than a pixel."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(width > 1.0 and height > 1.0)


def assert_apart(figure: Any) -> list[tuple[Any, Any]]:
    """Assert that no text lies on another one; return the texts with their boxes."""
    boxes = [(text, text.get_window_extent()) for text in texts(figure)]
    assert boxes
    for (one, box), (other, place) in combinations(boxes, 2):
        assert not overlap(box, place), f"{one.get_text()!r} lies on {other.get_text()!r}"
    return boxes


def assert_legible(figure: Any) -> None:
    """Assert that texts and legends overlap nothing and lie in the figure."""
    boxes = assert_apart(figure)
    for ax in figure.axes:
        if ax.get_legend():
            assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1
    for text, box in boxes:
        inside = (
            box.x0 >= -1
            and box.y0 >= -1
            and box.x1 <= figure.bbox.x1 + 1
            and box.y1 <= figure.bbox.y1 + 1
        )
        assert inside, f"{text.get_text()!r} leaves the figure: {box}"


def assert_axes_have_numbers(figure: Any) -> None:
    """Assert that every logarithmic axis of a drawn figure has two labelled ticks at least."""
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if ax.axison and axis.get_scale() == "log":
                low, high = axis.get_view_interval()
                seen = [
                    label.get_text()
                    for place, label in zip(
                        axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True
                    )
                    if low <= place <= high
                ]
                assert len(list(filter(None, seen))) >= 2, (low, high, seen)


# ---- every picture -----------------------------------------------------------------------------


def possible(picture: str, case: str) -> bool:
    """Whether a picture exists of a case: nets with loss "mse" have no classes."""
    return not (case == "diverged" and picture.startswith("boundaries"))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("picture", PICTURES)
def test_can_be_read(results: dict[str, il.Comparison], picture: str, case: str) -> None:
    if not possible(picture, case):
        with pytest.raises(ValueError, match="'mse'"):
            PICTURES[picture](results[case])
        return
    before = pyplot.get_fignums()
    display = PICTURES[picture](results[case])
    assert len(pyplot.get_fignums()) == len(before) + 1
    assert_legible(display.figure_)
    assert repr(display) == repr(display.table())
    table, _, words = display._repr_html_().partition("\n<details>")
    assert table == display.table()._repr_html_()
    assert f"<p>{html_text(display.alt_text)}</p>" in words
    assert display.table().rows
    assert 40 < len(display.alt_text) < 1200
    assert_axes_have_numbers(display.figure_)
    assert display.alt_text.rstrip().endswith((".", "drawn"))
    assert "array(" not in repr(display)


@pytest.mark.parametrize("picture", PICTURES)
def test_draws_where_it_is_told(results: dict[str, il.Comparison], picture: str) -> None:
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(16, 6))
    display = PICTURES[picture](results["two schemes"], ax=right)
    assert pyplot.get_fignums() == [figure.number]
    assert display.figure_ is figure
    assert not left.has_data()
    place = right.get_position()
    assert right.axison == (display.ax_ is right)
    for ax in np.ravel(np.asarray(display.ax_, object)):
        assert ax.figure is figure
        assert place.x0 - 1e-6 <= ax.get_position().x0
        assert ax.get_position().x1 <= place.x1 + 1e-6
        if ax.get_legend():  # nothing makes room for it beside the axes
            box = ax.get_legend().get_window_extent()
            assert ax.bbox.x0 <= box.x0
            assert box.x1 <= ax.bbox.x1
    figure.draw_without_rendering()


@pytest.mark.parametrize(
    "picture", ["units", "activations", "first step", "boundaries", "boundaries alone"]
)
def test_takes_an_array_of_axes(results: dict[str, il.Comparison], picture: str) -> None:
    result = results["two schemes"]
    panels = PICTURES[picture](result).ax_.shape
    _, axes = pyplot.subplots(*(panels if len(panels) == 2 else (1, *panels)))
    display = PICTURES[picture](result, ax=axes)
    assert {id(ax) for ax in display.ax_.flat} == {id(ax) for ax in axes.flat}
    with pytest.raises(ValueError, match=r"ax holds 1 axes and the picture has \d+ panels"):
        PICTURES[picture](result, ax=axes.ravel()[:1])


@pytest.mark.parametrize("picture", PICTURES)
def test_refuses_what_is_no_axes(results: dict[str, il.Comparison], picture: str) -> None:
    result = results["two schemes"]
    for ax in (pyplot.figure(), pyplot.subplots(), "ax", pyplot):
        with pytest.raises(
            TypeError, match=r"^ax must be axes .* such as pyplot.subplots\(\)\[1\]"
        ):
            PICTURES[picture](result, ax=ax)
    with pytest.raises(ValueError, match=r"ax holds 77 axes and the picture has \d+ panel"):
        PICTURES[picture](result, ax=np.array([pyplot.figure().add_subplot()] * 77))


def test_one_panel_takes_an_array_of_one_axes(results: dict[str, il.Comparison]) -> None:
    axes = pyplot.subplots(squeeze=False)[1]
    assert results["two schemes"].plot(ax=axes).ax_ is axes[0, 0]


def test_divides_axes_that_were_put_by_hand(results: dict[str, il.Comparison]) -> None:
    figure = pyplot.figure()
    display = results["two schemes"].plot_units(ax=figure.add_axes((0.5, 0.2, 0.4, 0.6)))
    figure.draw_without_rendering()
    for ax in display.ax_:
        box = ax.get_position()
        assert box.x0 > 0.49
        assert box.x1 < 0.91


@pytest.mark.parametrize(
    ("picture", "case", "size"),
    [
        ("units", "two schemes", (4, 3)),
        ("units by layer", "two schemes", (4, 3)),
        *product(
            ["units", "units by layer", "activations", "gradients", "nets"],
            ["two schemes", "diverged"],
            [(6.4, 4.8)],
        ),
        *product(["nets", "boundaries alone"], ["twelve schemes"], [(9, 6), (16, 9)]),
    ],
)
def test_panels_in_divided_axes_stay_apart(
    results: dict[str, il.Comparison], picture: str, case: str, size: tuple[float, float]
) -> None:
    figure, ax = pyplot.subplots(figsize=size)  # no layout engine
    display = PICTURES[picture](results[case], ax=ax)
    assert_apart(figure)
    for panel in display.ax_.flat:
        for text in texts(figure):
            if text.axes is not panel:
                assert not overlap(text.get_window_extent(), panel.bbox), text.get_text()


@pytest.mark.parametrize("case", ["twelve schemes", "many words", "wide and deep"])
def test_a_legend_stays_within_a_narrow_panel(results: dict[str, il.Comparison], case: str) -> None:
    _, ax = pyplot.subplots()
    display = results[case].plot_units(ax=ax)
    display.figure_.draw_without_rendering()
    panel = display.ax_[1]
    box = panel.get_legend().get_window_extent()
    assert panel.bbox.x0 <= box.x0
    assert box.x1 <= panel.bbox.x1


@pytest.mark.parametrize("picture", PICTURES)
def test_needs_matplotlib(
    results: dict[str, il.Comparison], monkeypatch: pytest.MonkeyPatch, picture: str
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"initlens\[plot\]"):
        PICTURES[picture](results["two schemes"])


@pytest.mark.parametrize("picture", ["losses", "units", "learning times", "nets", "boundaries"])
def test_labels_are_drawn_as_they_are_written(
    results: dict[str, il.Comparison], picture: str
) -> None:
    display = PICTURES[picture](results["hostile labels"])
    shown = texts(display.figure_)
    for label in ("<b>bold</b> & more", "_hidden", "$\\frac{1}{$ costs $5"):
        with_it = [text for text in shown if label in text.get_text().replace("\n", " ")]
        assert with_it, label
        assert not any(text.get_parse_math() for text in with_it)
    assert not any("\x00" in text.get_text() for text in shown)
    assert "<b>bold" not in display._repr_html_()
    assert "&lt;b&gt;bold" in display._repr_html_()


def test_labels_do_not_depend_on_tex(results: dict[str, il.Comparison]) -> None:
    with matplotlib.rc_context({"text.usetex": True}):
        display = results["hostile labels"].plot()
        assert not any(text.get_usetex() for text in display.ax_.get_legend().get_texts())


def test_twelve_looks_differ_in_more_than_colour(results: dict[str, il.Comparison]) -> None:
    lines = results["twelve schemes"].plot_units().lines_[:12]
    looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines]
    assert len(set(looks)) == 12
    for (_, *one), (_, *other) in combinations(looks[:7], 2):
        assert one != other


# ---- a thousand schemes ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def thousand() -> il.Comparison:
    return il.compare(
        {f"scale {i}": f"normal({0.01 * 1.01**i!r})" for i in range(1000)},
        steps=2,
        seeds=1,
        layers=[2, 3, 1],
    )


def scales(value: Any) -> dict[str, Any]:
    return {f"scale {i}": value for i in range(1000)}


@pytest.mark.parametrize(
    ("draw", "drawn"),
    [
        (lambda result: result.plot(), "12 of 1,000 curves drawn"),
        (lambda result: result.plot_units(), "12 of 1,000 curves drawn"),
        (
            lambda _: il.plotting.plot_learning_times(scales(il.diagnose(net(), X, Y))),
            "12 of 1,000 nets drawn",
        ),
        (lambda _: il.plotting.plot_ridges(scales(net()), X, Y), "12 of 1,000 nets drawn"),
        (lambda result: result.plot_boundaries(), "12 of 1,000 nets drawn"),
        (lambda result: result.plot_boundaries(units=False), "12 of 1,000 nets drawn"),
        (lambda result: grid_of(result).plot(), "24 of 1,000 scales drawn"),
    ],
)
def test_says_what_is_not_drawn(
    thousand: il.Comparison, draw: Callable[[il.Comparison], Any], drawn: str
) -> None:
    display = draw(thousand)
    assert drawn in display.table().notes
    assert drawn in display.alt_text
    shown = texts(display.figure_)
    assert any(drawn in text.get_text() for text in shown)
    words = " ".join(text.get_text().replace("\n", " ") for text in shown)
    assert "scale 0" in words
    assert "scale 999" in words
    assert_legible(display.figure_)


@pytest.mark.parametrize(
    "picture",
    [name for name in PICTURES if name != "boundaries"],  # said as "boundaries alone"
)
def test_descriptions_can_be_listened_to(results: dict[str, il.Comparison], picture: str) -> None:
    display = PICTURES[picture](results["many words"])
    assert 40 < len(display.alt_text) < 1200
    if len(display.table().rows) == 12:
        assert "more in the table" in display.alt_text


# ---- pictures that carry their description -----------------------------------------------------


def test_a_picture_carries_its_description(results: dict[str, il.Comparison]) -> None:
    display = results["hostile labels"].plot()
    picture = display.picture()
    assert pyplot.get_fignums() == []
    assert picture.alt_text == display.alt_text
    with pytest.importorskip("PIL.Image").open(io.BytesIO(picture.png)) as image:
        assert image.format == "PNG"
        assert image.size == (2 * picture.width, 2 * picture.height)
        assert len(image.convert("RGB").getcolors(10_000)) > 10  # something is drawn
    page = picture._repr_html_()
    assert f'alt="{html.escape(display.alt_text)}"' in page
    assert "<b>" not in page


def test_a_picture_cuts_nothing_of_a_figure_without_a_layout() -> None:
    figure, ax = pyplot.subplots(figsize=(6, 3))
    ax.set(xlabel="step", ylabel="loss", title="gypsy")
    before = ax.get_position().bounds
    picture = il.plotting.Picture.of(figure, "Axes with labels.")
    assert figure.get_layout_engine() is None
    assert ax.get_position().bounds == before
    with pytest.importorskip("PIL.Image").open(io.BytesIO(picture.png)) as image:
        assert image.size == pytest.approx((2 * picture.width, 2 * picture.height), abs=1)
        seen = np.asarray(image.convert("L")) < 200
    for edge in (seen[0], seen[-1], seen[:, 0], seen[:, -1]):
        assert not edge.any()


# ---- ticks -------------------------------------------------------------------------------------


def test_logarithmic_axes_have_numbers_whatever_they_span() -> None:
    figure, ax = pyplot.subplots()
    for low in np.geomspace(1e-3, 1e3, 25):
        for ratio in (1.03, 1.2, 1.5, 2, 2.5, 3, 4, 6, 10, 29, 31, 100, 1e3, 1e9, 1e16, 1e200):
            ax.clear()
            ax.set(yscale="log", ylim=(low, low * ratio))
            readable_log(ax.yaxis)
            places = ax.yaxis.get_majorticklocs()
            inside = places[(low <= places) & (places <= low * ratio)]
            assert 2 <= inside.size <= 12, (low, ratio, inside)
    assert figure.axes == [ax]


def test_one_step_has_one_whole_number() -> None:
    result = trained("he_normal", steps=0)
    for display, ax in ((d := result.plot(), d.ax_), (d := result.plot_units(), d.ax_[0])):
        display.figure_.draw_without_rendering()
        low, high = ax.get_xlim()
        assert [x for x in ax.xaxis.get_majorticklocs() if low <= x <= high] == [0]


# ---- loss curves -------------------------------------------------------------------------------


def test_losses_of_one_run() -> None:
    history = net().fit(X, Y, steps=100)
    display = history.plot()
    (line,) = display.lines_
    assert np.array_equal(line.get_xdata(), history.steps)
    assert np.array_equal(line.get_ydata(), history.loss)
    assert display.chance_.get_ydata()[0] == history.chance_loss
    assert display.ax_.get_yscale() == "log"
    assert display.bands_ == display.ends_ == []
    start, end = (f"{loss:.3f}" for loss in history.loss[[0, -1]])
    assert display.table().rows == (("loss", "1", start, end),)
    assert f"loss: {start}, ends at {end}" in display.alt_text
    assert f"{history.chance_loss:.3f}" in display.alt_text


def test_losses_of_schemes() -> None:
    result = trained(["zeros", "normal(1)", "he_normal"])
    display = result.plot()
    assert [line.get_label() for line in display.lines_] == list(result.schemes)
    losses = np.array([run.history.loss for run in result.of("normal(1)")])
    np.testing.assert_allclose(display.lines_[1].get_ydata(), np.median(losses, axis=0), rtol=1e-12)
    assert len(display.bands_) == 3
    (band,) = display.bands_[1].get_paths()
    np.testing.assert_allclose(
        [band.vertices[:, 1].min(), band.vertices[:, 1].max()], [losses.min(), losses.max()]
    )
    assert display.chance_.get_zorder() > max(line.get_zorder() for line in display.lines_)
    assert display.ax_.get_title() == "2-4-1 tanh on flower data"


def test_keeps_the_title_of_the_callers_axes() -> None:
    ax = pyplot.subplots()[1]
    ax.set_title("mine")
    trained("he_normal", seeds=1).plot(ax=ax)
    assert ax.get_title() == "mine"


def test_a_run_that_ends_early_moves_no_median() -> None:
    histories = [net(seed).fit(X, Y, steps=40, record=10) for seed in range(3)]
    short = net(3).fit(X, Y, steps=15, record=10)
    assert short.steps.tolist() == [0, 10, 15]
    curves = il.plotting.LossCurves.of("some", [short, *histories])
    assert curves.steps.tolist() == [0, 10, 20, 30, 40]
    four = np.median([h.loss[:2] for h in (short, *histories)], axis=0)
    three = np.median([h.loss[2:] for h in histories], axis=0)
    assert curves.spread()[1].tolist() == [*four, *three]
    assert (curves.ended(40), curves.ended(50)) == (1, 4)


def test_losses_that_diverge(results: dict[str, il.Comparison]) -> None:
    result = results["diverged"]
    assert {run.outcome[:8] for run in result.of("large")} == {"diverged"}
    display = result.plot()
    low, high = display.ax_.get_ylim()
    assert high == pytest.approx(1000 * result.runs[0].chance_loss)
    assert low < result.of("zeros")[0].final_loss
    assert len(display.ends_) == 2
    notes = " ".join(display.table().notes)
    assert "3 of 3 runs of large and he ended" in notes
    assert "above 1,000 times that at chance" in notes
    assert notes in display.alt_text
    legend = display.ax_.get_legend()
    assert "ended early" in {text.get_text() for text in legend.get_texts()}
    words = legend.get_title().get_text().replace("\n", " ")
    assert "losses above 1,000 times that at chance are not drawn" in words
    assert "no finite loss" not in words


def test_curves_without_a_finite_loss_are_named() -> None:
    curves = [
        il.plotting.LossCurves("$gone_1", np.arange(2), np.array([[np.nan, np.inf]])),
        il.plotting.LossCurves("there", np.arange(2), np.array([[1.0, 0.5]])),
    ]
    title = il.plotting.plot_losses(curves, 0.7).ax_.get_legend().get_title()
    assert title.get_text() == "no finite loss: $gone_1"
    assert not title.get_parse_math()


@pytest.mark.parametrize("chance", [0.7, 0.0])
@pytest.mark.parametrize("highest", [1e299, 1.7e308])
def test_losses_at_the_edge_of_float64(highest: float, chance: float) -> None:
    losses = np.array([[0.5, highest / 10, highest], [0.5, 5.0, 7.0]])
    display = il.plotting.plot_losses([il.plotting.LossCurves("a", np.arange(3), losses)], chance)
    display.figure_.draw_without_rendering()
    low, high = display.ax_.get_ylim()
    assert 0 < low < 0.5
    assert high == (pytest.approx(700.0) if chance else 1e200)
    limit = "1,000 times that at chance" if chance else "1e+200"
    assert f"Losses above {limit} are not drawn." in display.table().notes


@pytest.mark.parametrize("chance", [0.7, 0.0])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_losses_that_no_logarithm_has(value: float, chance: float) -> None:
    curve = il.plotting.LossCurves("a", np.arange(3), np.full((2, 3), value))
    display = il.plotting.plot_losses([curve], chance)
    display.figure_.draw_without_rendering()
    assert display.ax_.get_yscale() == "linear"
    assert "on a linear axis" in display.alt_text


def test_losses_of_batches_are_called_so() -> None:
    assert trained("he_normal").plot().ax_.get_ylabel() == "loss"
    display = trained("he_normal", batch_size=32).plot()
    assert display.ax_.get_ylabel() == "loss of the batch"
    assert display.alt_text.startswith("Loss of the batch against steps")


def test_histories_have_titles() -> None:
    history = net().fit(X, Y, steps=1200, record=400)
    assert history.plot().ax_.get_title() == "loss over 1,200 steps"
    assert history.plot_units().ax_[0].get_title() == "units over 1,200 steps"


def test_nothing_was_recorded() -> None:
    history = net().fit(X, Y, steps=5, record=0)
    with pytest.raises(ValueError, match="record"):
        history.plot()
    with pytest.raises(ValueError, match="record"):
        history.plot_units()
    assert pyplot.get_fignums() == []


# ---- units -------------------------------------------------------------------------------------


def test_units_by_layer() -> None:
    history = (
        il.Network([2, 4, 3, 1])
        .initialize(["ones", "normal", "normal"], rng=0)
        .fit(X, Y, steps=50, record=10)
    )
    display = history.plot_units()
    above, below = display.ax_
    assert [line.get_label() for line in display.lines_] == ["layer 1", "layer 2"] * 2
    for layer in (0, 1):
        share = history.distinct_units[:, layer] / history.widths[layer]
        assert np.array_equal(display.lines_[layer].get_ydata(), share)
        apart = history.unit_spread[:, layer]
        assert np.array_equal(display.lines_[2 + layer].get_ydata(), apart)
    assert "share of the layer" in above.get_ylabel()
    assert below.get_yscale() == "symlog"


def test_units_of_schemes_are_those_of_the_worst_layer() -> None:
    result = trained(["constant(0.5)", "he_normal"], layers=[2, 6, 6, 1])
    display = result.plot_units()
    copies, apart = display.lines_[:2]
    assert (copies.get_ydata() == 1).all()
    assert (apart.get_ydata() == 6).all()
    assert "(of 6)" in display.ax_[0].get_ylabel()
    found = np.array(
        [run.history.unit_spread[:, :-1].min(axis=1) for run in result.of("he_normal")]
    )
    np.testing.assert_array_equal(display.lines_[3].get_ydata(), np.median(found, axis=0))
    assert display.table().rows[0][2:] == ("1/6", "1/6", "0", "0")
    assert "1/6 at the start and 1/6 at the end" in display.alt_text


def test_a_spread_of_zero_is_in_the_picture() -> None:
    display = trained(["zeros"]).plot_units()
    below = display.ax_[1]
    below.figure.draw_without_rendering()
    bottom = below.transAxes.transform((0, 0))[1]
    zero, smallest, one = (below.transData.transform((0, y))[1] for y in (0.0, 1e-16, 1.0))
    assert bottom < zero < smallest < one
    assert (one - smallest) > 5 * (smallest - zero)
    labels = {label.get_text() for label in below.get_yticklabels()}
    assert labels & {"0", r"$\mathdefault{0}$"}
    assert any("spread of 0" in note for note in display.table().notes)


def test_units_need_a_hidden_layer() -> None:
    history = net(layers=(2, 1)).fit(X, Y, steps=3)
    with pytest.raises(ValueError, match="no hidden layer"):
        history.plot_units()
    with pytest.raises(ValueError, match="no hidden layer"):
        trained("zeros", layers=[2, 1]).plot_units()
    deep = net().fit(X, Y, steps=3)
    with pytest.raises(ValueError, match="1 to 2, got 3"):
        il.plotting.UnitCurves.of("output", [deep], layer=3)


# ---- ridges ------------------------------------------------------------------------------------


def test_ridges_of_activations() -> None:
    result = trained("he_normal", seeds=1, layers=[2, 8, 8, 1])
    display = result.plot_ridges("he_normal")
    assert display.ax_.shape == (3,)
    assert [ax.get_title().split(":")[0] for ax in display.ax_] == ["start", "middle", "end"]
    assert len({ax.get_xlim() for ax in display.ax_}) == 1
    assert len(display.artists_) == 6
    for ridge, steps in zip(display.ridges, (0, 0, 20, 20, 40, 40), strict=True):
        a = result.network("he_normal", steps=steps).activations(X)[ridge.layer - 1].a
        assert np.array_equal(np.sort(ridge.values), np.sort(a, axis=None))
        row = display.table().rows[display.ridges.index(ridge)]
        assert row[2:5] == tuple(f"{q:.3g}" for q in np.quantile(a, [0.05, 0.5, 0.95]))


def test_ridges_of_gradients() -> None:
    nets = {"small": net(), "large": net()}
    for w in nets["small"].weights:
        w *= 0.01
    display = il.plotting.plot_ridges(nets, X, Y, of="gradients")
    assert {ax.get_xscale() for ax in display.ax_} == {"log"}
    assert len(display.ridges) == 6
    for ridge in display.ridges:
        gradient = nets[ridge.label].gradients(X, Y).weights[ridge.layer - 1]
        assert np.array_equal(ridge.values, np.abs(gradient).ravel())
    low, high = display.ax_[0].get_xlim()
    inside = [np.mean((r.values >= low) & (r.values <= high)) for r in display.ridges]
    assert min(inside) > 0.99


def spanning(decades: float) -> il.Network:
    """A net whose gradients span so many decades below 1."""
    some = net(layers=(2, 8, 8, 1))
    some.weights[-1][...] *= 10.0**-decades
    return some


@pytest.mark.parametrize("decades", [0, 1, 2, 3, 4, 6, 9, 25, 120])
@pytest.mark.parametrize("panels", [1, 2, 3, 4])
def test_numbers_of_narrow_panels_do_not_touch(panels: int, decades: float) -> None:
    nets = {f"net {number}": spanning(decades) for number in range(panels)}
    figure = il.plotting.plot_ridges(nets, X, Y, of="gradients").figure_
    assert_legible(figure)
    assert_axes_have_numbers(figure)


def test_ridges_say_what_has_no_size() -> None:
    dead, broken = net(), net()
    dead.initialize("zeros")
    broken.weights[0][0, 0] = np.nan
    display = il.plotting.plot_ridges({"dead": dead, "broken": broken}, X, Y, of="gradients")
    words = [text.get_text() for text in texts(display.figure_)]
    assert words.count("all 0") == 3
    assert "Gradients that are 0 have no place on a logarithmic axis." in display.table().notes
    assert sum("not finite" in word for word in words) == 3
    assert {row[0]: row[6] for row in display.table().rows[:4]} == {"dead": "0", "broken": "8"}


def test_ridges_refuse() -> None:
    with pytest.raises(ValueError, match="nets is empty"):
        il.plotting.plot_ridges({}, X, Y)
    with pytest.raises(TypeError, match=r"nets must be a dict from labels to Network .*, got Netw"):
        il.plotting.plot_ridges(net(), X, Y)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no net has a hidden layer"):
        il.plotting.plot_ridges({"a": net(layers=(2, 1))}, X, Y)
    with pytest.raises(ValueError, match="Valid: activations, gradients"):
        il.plotting.plot_ridges({"a": net()}, X, Y, of="gradient")  # type: ignore[arg-type]
    assert pyplot.get_fignums() == []


def test_ridges_check_before_they_train(monkeypatch: pytest.MonkeyPatch) -> None:
    result = trained("he_normal", seeds=1)
    axes = pyplot.subplots(1, 2)[1]

    def train(*_: Any, **__: Any) -> None:
        raise AssertionError("a net was trained")

    monkeypatch.setattr(il.Network, "fit", train)
    with pytest.raises(ValueError, match="Valid: activations, gradients"):
        result.plot_ridges("he_normal", of="activation")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="ax holds 2 axes and the picture has 3 panels"):
        result.plot_ridges("he_normal", ax=axes)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"initlens\[plot\]"):
        result.plot_ridges("he_normal")


HISTORY = net().fit(X, Y, steps=1)


@pytest.mark.parametrize(
    ("draw", "match"),
    [
        (lambda: il.plotting.plot_ridges({"a": X}, X, Y), r"nets\['a'\] must be a Network, got an"),
        (lambda: il.plotting.plot_boundaries({"a": X}, X, Y), r"nets\['a'\] must be a Network"),
        (lambda: il.plotting.plot_learning_times({"a": X}), r"diagnoses\['a'\] must be a Diagnos"),
        (lambda: il.plotting.plot_losses([HISTORY], 1.0), r"LossCurves.of\('a net', \[history\]\)"),
        (lambda: il.plotting.plot_units([HISTORY]), r"UnitCurves.of\('a net', .*, got a list"),
        (lambda: il.plotting.plot_units(HISTORY), r"UnitCurves.of\('a net', .*, got a History"),
    ],
)
def test_says_what_a_picture_is_drawn_from(draw: Callable[[], Any], match: str) -> None:
    with pytest.raises(TypeError, match=match):
        draw()


def test_ridges_at_the_edge_of_float64() -> None:
    some = il.Network([2, 4, 1], "identity").initialize("he_normal", rng=0)
    some.weights[0][...] *= 1e299 / np.abs(some.activations(X)[0].a).max()
    il.plotting.plot_ridges({"far": some}, X, Y).figure_.draw_without_rendering()
    some.weights[0][...] *= 1e9
    before = pyplot.get_fignums()
    with pytest.raises(ValueError, match=r"layer 1 of 'farther' reach 1e\+308"):
        il.plotting.plot_ridges({"farther": some}, X, Y)
    assert pyplot.get_fignums() == before


def test_labels_break_before_brackets() -> None:
    critical = "mean_field_critical('tanh', sigma_b2=0.05)"
    lines = wrapped(critical, 24, 2).split("\n")
    assert lines == ["mean_field_critical", "('tanh', sigma_b2=0.05)"]
    assert wrapped("normal(0.5)", 24, 2) == "normal(0.5)"
    assert wrapped("a long label (with a remark)", 16, 2) == "a long label\n(with a remark)"


# ---- pictures of a diagnosis -------------------------------------------------------------------


def test_similarity_is_ordered_by_group() -> None:
    some = il.Network([2, 5, 1]).initialize("normal(1)", rng=0)
    for w in (some.weights[0], some.weights[1].T, some.biases[0][None]):
        w[:, 3] = w[:, 1]  # unit 4 copies unit 2
    display = il.diagnose(some, X, Y).plot_similarity()
    assert display.order.tolist() == [1, 3, 0, 2, 4]
    outputs = some.activations(X)[0].a[:, display.order]
    np.testing.assert_allclose(
        display.image_.get_array(), np.abs(np.corrcoef(outputs, rowvar=False)), atol=1e-12
    )
    assert display.table().rows[0] == ("1", "2", "2, 4")
    assert "copies in 1 group, the largest of 2 units" in display.alt_text


@pytest.mark.parametrize(
    ("activation", "label", "lowest", "note"),
    [
        ("tanh", "|correlation| of outputs", 0.0, "Size of correlation of two units:"),
        ("relu", "correlation of outputs", -1.0, "Correlation of two units:"),
    ],
)
def test_similarity_says_whether_it_has_a_sign(
    activation: str, label: str, lowest: float, note: str
) -> None:
    some = il.Network([2, 2, 1], activation).initialize("normal(1)", rng=0)
    some.weights[0][...] = [[1.0, -0.9], [1.0, -1.0]]
    display = il.diagnose(some, X, Y).plot_similarity()
    correlation = np.corrcoef(some.activations(X)[0].a, rowvar=False)[0, 1]
    assert correlation < -0.1
    drawn = display.image_.get_array()[0, 1]
    assert drawn == pytest.approx(abs(correlation) if lowest == 0 else correlation, abs=1e-12)
    assert display.colorbar_.ax.get_ylabel() == label
    assert (display.image_.norm.vmin, display.image_.norm.vmax) == (lowest, 1)
    assert display.table().notes[0].startswith(note)
    assert note in display.alt_text
    assert display.alt_text.startswith(note.split(" of two")[0])


def test_saturation_is_that_of_the_net_as_it_was() -> None:
    some = net()
    found = il.diagnose(some, X, Y)
    slopes = 1 - np.tanh(X @ some.weights[0] + some.biases[0]).T ** 2
    some.fit(X, Y, steps=20)
    display = found.plot_saturation()
    np.testing.assert_allclose(display.slopes, slopes, rtol=1e-9, atol=1e-15)
    assert np.array_equal(display.image_.get_array(), display.slopes)
    shares = np.mean(slopes < 0.05, axis=1)
    assert [row[1] for row in display.table().rows] == [f"{s:.2f}" for s in np.sort(shares)[::-1]]
    assert f"{np.mean(slopes < 0.05):.2f} of all pairs" in display.alt_text


def test_a_map_of_relu_speaks_of_flat_and_not_of_saturated() -> None:
    display = il.diagnose(net(activation="relu"), X, Y).plot_saturation()
    share = np.mean(display.slopes < 0.05)
    assert share > 0.25
    assert display.ax_.get_title() == f"layer 1, relu: {share:.2f} flat"
    words = [display.alt_text, *(text.get_text() for text in texts(display.figure_))]
    assert not [word for word in words if "saturated" in word]


def test_saturation_of_many_samples_draws_some() -> None:
    many = np.tile(X, (5, 1))
    display = il.diagnose(net(), many, np.tile(Y, 5)).plot_saturation(layer=2)
    assert display.slopes.shape == (3, 400)
    assert "400 of 2,000 samples are drawn." in display.table().notes
    assert "(400 of 2,000)" in display.ax_.get_xlabel()


def test_learning_times_by_layer() -> None:
    some = net()
    found = il.diagnose(some, X, Y, learning_rate=0.5)
    gradients = some.gradients(X, Y).weights
    norm = np.linalg.norm
    expected = [norm(w) / norm(g) / 0.5 for w, g in zip(some.weights, gradients, strict=True)]
    display = found.plot_learning_time()
    np.testing.assert_allclose(display.times["net"], expected, rtol=1e-9)
    np.testing.assert_allclose(display.lines_[0].get_ydata(), expected, rtol=1e-9)
    assert display.ax_.get_yscale() == "log"
    assert display.ax_.get_title() == "learning time with SGD, learning rate 0.5"


def test_learning_times_that_no_axis_has() -> None:
    stuck = il.Network([2, 4, 1]).initialize(["ones", "zeros"])
    display = il.plotting.plot_learning_times(
        {"stuck": il.diagnose(stuck, X, Y), "he": il.diagnose(net(layers=(2, 4, 1)), X, Y)}
    )
    assert display.times["stuck"].tolist() == [np.inf, 0.0]
    assert display.lines_[0].get_ydata().tolist() == list(display.ax_.get_ylim())[::-1]
    words = {text.get_text() for text in texts(display.figure_)}
    assert {"no gradient: infinite", "zero weights: 0"} <= words
    assert display.table().rows[0] == ("stuck", "inf", "0")
    assert_legible(display.figure_)


def first_step(**changes: Any) -> Any:
    """A first step that was measured, with some numbers of it changed."""
    found = il.diagnose(net(), X, Y, optimizer=il.SGD(0.5), steps=100).first_step
    assert found is not None
    return replace(found, **changes)


def draw_step(step: Any, ax: Any = None) -> Any:
    return il.plotting.plot_first_step(step, bound=0.1, ax=ax)


def marks(display: Any) -> dict[str, list[tuple[float, float]]]:
    """Where the moves of the layers are drawn, by marker."""
    return {
        line.get_marker(): list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        for line in display.points_
    }


def test_the_ray_is_the_loss_along_the_step() -> None:
    some = net()
    found = il.diagnose(some, X, Y, optimizer=il.SGD(0.5, momentum=0.5), steps=100)
    share = np.mean(Y)
    chance = -share * np.log(share) - (1 - share) * np.log(1 - share)
    expected = [some.loss(X, Y) / chance]
    slopes = some.gradients(X, Y)
    for multiple in (1, 3, 10, 30):
        moved = some.copy()
        for arrays, g in ((moved.weights, slopes.weights), (moved.biases, slopes.biases)):
            for array, slope in zip(arrays, g, strict=True):
                array -= multiple * 0.5 / (1 - 0.5) * slope
        expected.append(moved.loss(X, Y) / chance)
    display = found.plot_first_step()
    np.testing.assert_allclose(display.ratios, expected, rtol=1e-9)
    ray, travel, gauges = display.ax_
    line = display.lines_[0]
    np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-9)
    assert line.get_xdata()[1:].tolist() == [1, 3, 10, 30]
    assert line.get_xdata()[0] < 1
    assert (ray.get_xscale(), ray.get_yscale(), travel.get_xscale()) == ("log", "log", "log")
    ticks = [label.get_text() for label in ray.get_xticklabels()]
    assert ticks == ["start", "1", "3", "10", "30"]
    chance_line = display.lines_[1]
    assert list(chance_line.get_ydata()) == [1, 1]
    assert "chance" in {text.get_text() for text in ray.texts}
    step = found.first_step
    assert step is not None
    expected_moves = [(100 * move, i) for i, move in enumerate(step.move, 1)]
    assert marks(display) == {"o": expected_moves}
    assert [bar.get_width() for bar in display.bars_] == [step.aim, step.lin]
    assert gauges.get_xlim() == (0, 1)
    title = display.figure_._suptitle.get_text()
    assert title == "first step of SGD with momentum 0.5, learning rate 0.5"
    assert ("loss / chance", "3 x step", f"{expected[2]:.3g}") in display.table().rows
    assert f"{expected[4]:.3g} after 30 times the step" in display.alt_text
    assert f"layer 2: {100 * step.move[1]:.3g};" in display.alt_text


def test_a_first_step_without_an_optimizer_says_whose_it_is() -> None:
    figure, ax = pyplot.subplots()
    found = il.diagnose(net(), X, Y)
    assert found.first_step is not None
    display = found.plot_first_step(ax=ax)
    assert display.ax_ is ax
    assert figure.axes == [ax]
    assert (display.points_, display.bars_) == ([], [])
    title = " ".join(ax.get_title().split())
    assert title == f"first step of {found.first_step.optimizer} (of the curvature)"
    assert "Move" not in display.alt_text


def test_moves_that_are_too_little_have_another_marker() -> None:
    display = draw_step(first_step(move=(0.01, 0.0009, 0.0001)))
    assert marks(display) == {
        "o": [(pytest.approx(1), 1)],
        "X": [(pytest.approx(0.09), 2), (pytest.approx(0.01), 3)],
    }
    colours = {line.get_color() for line in display.points_}
    assert len(colours) == 2
    assert "← too little" in {text.get_text() for text in display.ax_[1].texts}
    dotted = [line for line in display.ax_[1].lines if line not in display.points_]
    assert [list(line.get_xdata()) for line in dotted] == [[0.1, 0.1]]
    words = "Not even the fastest layer moves by 0.1 of its norm: too little."
    assert words not in display.alt_text
    assert words in draw_step(first_step(move=(0.0009, 0.0001, 0.0))).table().notes


def test_the_bound_of_the_picture_is_that_of_the_decision() -> None:
    display = il.diagnose(net(), X, Y, optimizer=il.SGD(0.5), steps=100).plot_first_step()
    rules = [rule for rule in AT_THE_START if rule.code == "too_small"]
    assert rules
    for rule in rules:
        assert {b.below for b in rule.bounds if b.sign == "travel"} == {display.bound}


def test_a_first_step_that_no_axis_has() -> None:
    moves = (np.inf, 0.0, np.nan)
    display = draw_step(first_step(move=moves, loss=1.0, chance=1.0, ray=(0.0, 2.0, 1e260, np.inf)))
    ray, travel, _ = display.ax_
    low, high = ray.get_ylim()
    bottom, top = travel.get_xlim()
    beyond = {line.get_marker(): line for line in display.lines_[3:]}
    assert beyond["^"].get_xdata().tolist() == [10, 30]
    assert beyond["^"].get_ydata().tolist() == [high, high]
    assert beyond["v"].get_xdata().tolist() == [1]
    assert beyond["v"].get_ydata().tolist() == [low]
    assert marks(display) == {">": [(top, 1)], "<": [(bottom, 2)]}
    assert {"0", "above 1e+200"} <= {text.get_text() for text in ray.texts}
    assert {"0", "infinite"} <= {text.get_text() for text in travel.texts}
    notes = display.table().notes
    assert "A loss that is infinite is drawn at the top." in notes
    assert "A loss of 0 is drawn at the bottom." in notes
    assert "A move of 0 is drawn at the left edge." in notes
    assert any(note.startswith("A move that is infinite, as that of zero") for note in notes)
    assert_legible(display.figure_)
    every = draw_step(first_step(loss=np.inf, ray=(np.inf,) * 4, move=(0.0, 0.0, 0.0)))
    assert "infinite" in {text.get_text() for text in every.ax_[0].texts}
    assert_legible(every.figure_)


def test_a_step_away_from_the_targets_has_a_negative_aim() -> None:
    display = draw_step(first_step(aim=-0.5, lin=0.25))
    assert display.ax_[2].get_xlim() == (-1, 1)
    assert [(bar.get_x(), bar.get_width()) for bar in display.bars_] == [(0, -0.5), (0, 0.25)]
    assert "aim -0.5. lin 0.25." in display.alt_text
    assert_legible(display.figure_)


def test_moves_of_tensors_have_their_names() -> None:
    start = first_step()
    names = ["optimizer", "steps", "loss", "chance", "multiples", "ray", "aim"]
    moves = {f"net.blocks.{i}.a_${i}.weight": 1 / (1 + i) for i in range(30)}
    step = SimpleNamespace(**{name: getattr(start, name) for name in names}, lin=None, move=moves)
    display = draw_step(step)
    assert len(display.travel) == 12
    assert {name: 100 * moves[name] for name in display.travel} == display.travel
    labels = display.ax_[1].get_yticklabels()
    assert [labels[0].get_text(), labels[-1].get_text()] == ["0.a_$0", "29.a_$29"]
    assert not any(label.get_parse_math() for label in labels)
    assert len(display.bars_) == 1
    assert "lin: not measured" in {text.get_text() for text in display.ax_[2].texts}
    assert "12 of 30 layers drawn" in display.table().notes
    assert 40 < len(display.alt_text) < 1200
    assert_legible(display.figure_)


def test_the_lines_of_a_first_step_are_seen_on_a_dark_page() -> None:
    with pyplot.style.context("dark_background"):
        display = draw_step(first_step())
        display.figure_.draw_without_rendering()
    lines = [display.lines_[1], *(set(display.ax_[1].lines) - set(display.points_))]
    assert len(lines) == 2
    for line in lines:
        assert matplotlib.colors.to_rgb(line.get_color()) == (1, 1, 1)


def test_a_first_step_is_refused_where_there_is_none() -> None:
    with pytest.raises(ValueError, match=r"^there is no first step to draw: il.diagnose\("):
        il.diagnose(net(), X).plot_first_step()
    with pytest.raises(ValueError, match="the loss at chance is 0"):
        draw_step(first_step(chance=0.0))
    with pytest.raises(TypeError, match="step must be a FirstStep"):
        draw_step(None)
    axes = pyplot.subplots(1, 2)[1]
    with pytest.raises(ValueError, match=r"2 axes .* 3 panels .* a single one for the loss alone"):
        draw_step(first_step(), axes)


def test_diagnosis_without_data_has_no_pictures() -> None:
    weights_alone = il.diagnose(net())
    for draw in ("plot_similarity", "plot_saturation", "plot_learning_time", "plot_first_step"):
        with pytest.raises(ValueError, match="diagnose"):
            getattr(weights_alone, draw)()
    complete = il.diagnose(net(), X, Y)
    for draw in (complete.plot_similarity, complete.plot_saturation):
        with pytest.raises(ValueError, match="layer must be a hidden layer, 1 to 2, got 3"):
            draw(layer=3)
    with pytest.raises(ValueError, match=r"^this net has no learning times"):
        weights_alone.plot_learning_time()
    with pytest.raises(ValueError, match=r"^'a' and 'b' have no learning times"):
        il.plotting.plot_learning_times({"a": weights_alone, "b": weights_alone})
    with pytest.raises(ValueError, match="diagnoses is empty"):
        il.plotting.plot_learning_times({})
    with pytest.raises(TypeError, match="diagnoses must be a dict from labels to Diagnosis"):
        il.plotting.plot_learning_times(complete)  # type: ignore[arg-type]
    assert pyplot.get_fignums() == []


# ---- decision boundaries -----------------------------------------------------------------------


def test_boundary_is_where_the_output_is_a_half() -> None:
    some = il.Network([2, 3, 1]).initialize("normal(1)", rng=2)
    some.fit(X, Y, steps=200)
    display = il.plotting.plot_boundaries({"net": some}, X, Y)
    assert display.ax_.shape == (1, 4)
    for column, panel in enumerate(display.ax_[0]):
        lines = [
            path.vertices
            for contour in panel.collections
            for path in contour.get_paths()
            if len(path.vertices)
        ]
        points = np.concatenate(lines)
        if column:
            values = (points @ some.weights[0] + some.biases[0])[:, column - 1]
            size = np.abs(some.weights[0][:, column - 1]).max()
            assert np.abs(values).max() < 0.02 * size  # a point of the grid is 0.07 wide
        else:
            assert np.abs(some.forward(points) - 0.5).max() < 0.1
    image = display.images_[0]
    left, right, bottom, top = image.get_extent()
    corners = some.forward([[left, bottom], [right, bottom], [left, top]])[:, 0] - 0.5
    assert image.origin == "lower"
    found = image.get_array()
    # In units of the largest that it can be, a half.
    seen = np.array([found[0, 0], found[0, -1], found[-1, 0]]) / 2
    np.testing.assert_allclose(seen, corners, atol=1e-12)
    shown = {tuple(xy) for line in display.ax_[0, 0].lines for xy in line.get_xydata()}
    assert shown == {tuple(xy) for xy in X}
    assert len({line.get_marker() for line in display.ax_[0, 0].lines}) == 2
    assert display.rows[0][1] == f"{some.accuracy(X, Y):.1%}"


def test_copies_are_identical_pictures() -> None:
    result = trained(["constant(0.5)", "he_normal"])
    images = result.plot_boundaries().images_
    copies = [image.get_array() for image in images[1:5]]
    assert all(np.array_equal(copies[0], other) for other in copies[1:])
    apart = [image.get_array() for image in images[6:]]
    assert not any(np.array_equal(one, other) for one, other in combinations(apart, 2))


def luminance(colour: Any) -> float:
    """Relative luminance of WCAG 2."""
    c = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_samples_are_seen_on_saturated_units() -> None:
    some = il.Network([2, 8, 1]).initialize("normal(100)", rng=0)
    display = il.plotting.plot_boundaries({"net": some}, X, Y)
    assert "200 of 400 samples drawn" in display.table().notes
    image = display.images_[1]
    values = np.asarray(image.get_array())
    assert (values.min(), values.max()) == (-1.0, 1.0)  # saturated on both sides
    grounds = [image.cmap(image.norm(side)) for side in (-1.0, 1.0)]
    lines = display.ax_[0, 1].lines
    assert len(lines) == 2
    for line in lines:
        for ground in grounds:
            dark, light = sorted([luminance(line.get_color()), luminance(ground[:3])])
            assert (light + 0.05) / (dark + 0.05) >= 2.5


def test_boundaries_at_the_edge_of_float64() -> None:
    some = il.Network([2, 4, 1], "relu").initialize("normal(1)", rng=0)
    some.weights[0][...] *= 1e308 / np.abs(some.weights[0]).max() / 20
    display = il.plotting.plot_boundaries({"net": some}, X, Y)
    display.figure_.draw_without_rendering()
    assert max(float(np.max(image.get_array())) for image in display.images_[1:]) == 1.0
    before = pyplot.get_fignums()
    with pytest.raises(ValueError, match=r"the samples X reach .*e\+30"):
        il.plotting.plot_boundaries({"net": some}, X * 2e307, Y)
    assert pyplot.get_fignums() == before


def test_boundaries_of_several_classes() -> None:
    data = il.datasets.blobs(300, classes=3)
    result = il.compare(["zeros", "he_normal"], data=data, steps=200, seeds=1)
    display = result.plot_boundaries(units=False)
    assert [row[2] for row in display.rows] == ["one class", "3 classes"]
    net = result.network("he_normal")
    low, high, bottom, top = display.images_[1].get_extent()
    grid = np.stack(
        np.meshgrid(np.linspace(low, high, 120), np.linspace(bottom, top, 120)), axis=-1
    )
    expected = net.forward(grid.reshape(-1, 2)).argmax(axis=1).reshape(120, 120)
    assert np.array_equal(display.images_[1].get_array(), expected)
    assert len({line.get_marker() for line in display.ax_[1].lines}) == 3


def test_boundaries_of_chosen_schemes_and_seed() -> None:
    result = trained(["zeros", "he_normal"], seeds=[5, 7])
    display = result.plot_boundaries(["he_normal"], seed=7, units=False)
    assert display.rows[0][1] == f"{result.of('he_normal')[1].accuracy:.1%}"
    assert display.ax_.shape == (1,)
    assert result.plot_boundaries("he_normal", seed=7, units=False).rows == display.rows
    with pytest.raises(ValueError, match="label"):
        result.plot_boundaries(["he"])


def test_no_boundary_of_three_features() -> None:
    three = np.column_stack([X, X[:, 0]])
    result = il.compare("he_normal", data=(three, Y), steps=2, seeds=1)
    figure, ax = pyplot.subplots()
    for call in (
        lambda: result.plot_boundaries(ax=ax),
        lambda: il.plotting.plot_boundaries({"a": net(layers=(3, 4, 1))}, three, Y, ax=ax),
        lambda: il.plotting.plot_boundaries({"a": net()}, X[:, 0], Y, ax=ax),
    ):
        with pytest.raises(ValueError, match=r"X must have shape \(m, 2\), got \(400,"):
            call()
    with pytest.raises(ValueError, match="nets is empty"):
        il.plotting.plot_boundaries({}, X, Y, ax=ax)
    with pytest.raises(TypeError, match=r"nets must be a dict from labels to Network .*, got Netw"):
        il.plotting.plot_boundaries(net(), X, Y, ax=ax)  # type: ignore[arg-type]
    several = il.Network([2, 4, 2], loss="binary_cross_entropy")
    with pytest.raises(ValueError, match="'a' has 2 binary outputs"):
        il.plotting.plot_boundaries({"a": several}, X, np.column_stack([Y, 1 - Y]), ax=ax)
    with pytest.raises(ValueError, match="rows"):
        il.plotting.plot_boundaries({"a": net()}, X, Y[:5], ax=ax)
    assert pyplot.get_fignums() == [figure.number]
    assert ax.axison
    assert not ax.has_data()


def test_panels_of_a_last_row_that_is_not_full_leave_no_gap_above() -> None:
    some = {str(seed): net(seed) for seed in range(7)}
    display = il.plotting.plot_boundaries(some, X, Y, units=False)
    display.figure_.draw_without_rendering()
    boxes = [ax.get_position() for ax in display.ax_[:4]]
    gaps = [right.x0 - left.x1 for left, right in pairwise(boxes)]
    assert max(gaps) == pytest.approx(min(gaps), abs=1e-3)


def test_outputs_that_are_not_finite_are_said_to_be() -> None:
    broken = net()
    broken.weights[0][0, 0] = np.nan
    display = il.plotting.plot_boundaries({"broken": broken}, X, Y)
    assert display.rows[0][2] == "not finite"
    assert "not finite" in display.alt_text


# ---- scale by depth ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grid() -> il.ScaleByDepth:
    return il.scale_by_depth(
        [0.01, "he_normal"], [1, 4], width=5, steps=1000, seeds=[2, 5], n_jobs=1
    )


def test_grid_is_made_of_comparisons(grid: il.ScaleByDepth) -> None:
    assert grid.scales == ("normal(0.01)", "he_normal")
    assert [c.settings.layers for c in grid.comparisons.values()] == [
        (2, 5, 1),
        (2, 5, 5, 5, 5, 1),
    ]
    for row, scale in enumerate(grid.scales):
        for column, depth in enumerate(grid.depths):
            runs = grid.comparisons[depth].of(scale)
            assert [run.seed for run in runs] == [2, 5]
            expected = np.median([run.final_loss for run in runs]) / np.log(2)
            assert grid.ratios()[row, column] == pytest.approx(expected, rel=1e-12)
            assert grid.outcome(scale, depth) == grid.comparisons[depth].outcome(scale)
    again = il.compare("he_normal", layers=[2, 5, 1], optimizer=il.SGD(0.1), steps=1000, seeds=[2])
    assert again.runs[0].final_loss == grid.comparisons[1].of("he_normal")[0].final_loss


def test_grid_in_numbers_words_and_colours(grid: il.ScaleByDepth) -> None:
    display = grid.plot()
    np.testing.assert_array_equal(display.image_.get_array(), grid.ratios())
    assert display.learned.tolist() == [[True, False], [True, True]]
    hatched = {tuple(np.add(p.get_xy(), 0.5)) for p in display.ax_.patches if p.get_hatch()}
    assert hatched == {(1.0, 0.0)}
    assert display.ax_.get_xlabel() == "hidden layers\nhatched: most seeds did not learn"
    numbers = [f"{ratio:.2f}" for ratio in grid.ratios().ravel()]
    assert [text.get_text() for text in display.texts_] == numbers
    assert display.table().rows[0] == ("normal(0.01)", numbers[0], f"{numbers[1]} !")
    assert grid.table().rows == display.table().rows
    assert f"normal(0.01): {numbers[0]} at 1, {numbers[1]} at 4" in display.alt_text
    assert "hidden layers of 5 tanh" in repr(grid)


def test_grid_as_json_and_frame(grid: il.ScaleByDepth) -> None:
    content = json.loads(json.dumps(grid.to_dict(), allow_nan=False))
    assert [c["layers"] for c in content["comparisons"]] == [[2, 5, 1], [2, 5, 5, 5, 5, 1]]
    pytest.importorskip("pandas")
    frame = grid.to_frame()
    assert list(frame.columns) == ["scale", "depth", "ratio", "outcome"]
    assert frame.ratio.tolist() == grid.ratios().ravel().tolist()
    assert frame.outcome.tolist()[1] == grid.outcome("normal(0.01)", 4)


def test_grid_reports_progress_and_keeps_what_had_finished() -> None:
    seen: list[tuple[int, int]] = []

    def interrupt(done: int, total: int) -> None:
        seen.append((done, total))
        if done >= 3:
            raise KeyboardInterrupt

    grid = il.scale_by_depth([0.1, 1.0], [1, 2, 3], steps=20, seeds=1, n_jobs=1, progress=interrupt)
    assert " · 1 seed · " in repr(grid)
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {6}
    assert grid.interrupted
    assert 3 not in grid.comparisons
    assert np.isnan(grid.ratios()[:, 2]).all()
    assert grid.outcome("normal(1)", 3) == "-"
    assert "interrupted" in repr(grid)
    assert_legible(grid.plot().figure_)


def test_grid_keeps_depths_that_had_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments: dict[str, Any] = {"scales": [1.0], "depths": [1, 2], "steps": 1, "seeds": 1}
    for calls in (2, 1):  # the first one has no training; the one after the last is interrupted
        left = iter(range(calls))

        def compare(*given: Any, left: Iterator[int] = left, **named: Any) -> il.Comparison:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return il.compare(*given, **named)

        monkeypatch.setattr("initlens.comparison.depth.compare", compare)
        if calls == 1:
            with pytest.raises(KeyboardInterrupt):
                il.scale_by_depth(**arguments)
        else:
            grid = il.scale_by_depth(**arguments)
            assert grid.interrupted
            assert list(grid.comparisons) == [1]


def test_grid_is_interrupted_before_its_first_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the comparison that is not trained ends the call: no net has finished."""

    def compare(*given: Any, **named: Any) -> il.Comparison:
        result = il.compare(*given, **named)
        return replace(result, interrupted=True) if named.get("steps") == 0 else result

    monkeypatch.setattr("initlens.comparison.depth.compare", compare)
    with pytest.raises(KeyboardInterrupt):
        il.scale_by_depth([1.0], [1, 2], steps=1, seeds=1)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"scales": []}, ValueError, "scales is empty"),
        ({"scales": "he_normal"}, TypeError, "scales must be a list"),
        ({"scales": [0.1, -1.0]}, ValueError, r"scales\[1\] must be finite and above 0, got -1.0"),
        ({"scales": [True]}, TypeError, r"scales\[0\]"),
        ({"scales": [1, 1.0]}, ValueError, "twice"),
        ({"scales": ["he_norml"]}, ValueError, "he_normal"),
        ({"depths": []}, ValueError, "depths must be different"),
        ({"depths": [2, 2]}, ValueError, "depths must be different"),
        ({"depths": 3}, TypeError, r"depths must be a list .* got 3"),
        ({"depths": [0]}, ValueError, r"depths\[0\] must be at least 1"),
        ({"width": 0}, ValueError, "width"),
        ({"data": "flowr"}, ValueError, "flower"),
        ({"steps": -1}, ValueError, "steps"),
        ({"seeds": 0}, ValueError, "seeds"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
    ],
)
def test_grid_refuses(arguments: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        il.scale_by_depth(**({"scales": [1.0], "depths": [1], "steps": 1, "seeds": 1} | arguments))
