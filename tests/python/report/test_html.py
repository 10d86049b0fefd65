"""What ends a cell of a notebook: HTML with the content of `repr`, short and escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import initlens as il

MARKUP = "<script>alert(1)</script>&amp;"


class Text(HTMLParser):
    """Collect the text, and check that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        if tag in ("br", "img"):
            self.words.append(" ")
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(f"{data} ")


def words(text: str) -> set[str]:
    return set(text.split())


def html_words(html: str) -> set[str]:
    found = Text()
    found.feed(html)
    assert found.open == []
    return words("".join(found.words))


def trained() -> tuple[il.Network, il.History]:
    flower = il.datasets.flower()
    net = il.Network([2, 4, 1]).initialize("he_normal", rng=0)
    return net, net.fit(flower.X, flower.y, steps=50)


def diagnosed() -> il.Diagnosis:
    flower = il.datasets.flower()
    return il.diagnose(il.Network([2, 4, 1]), flower.X, flower.y)


def named(name: str) -> il.Audit:
    model = {f"{name}.weight": np.ones((4, 2)), f"{name}.bias": np.zeros(4)}
    return il.audit(model | {"out.weight": np.ones((1, 4)), "out.bias": np.zeros(1)})


RESULTS: dict[str, Callable[[], Any]] = {
    "Network": lambda: trained()[0],
    "History": lambda: trained()[1],
    "Diagnosis": diagnosed,
    "Comparison": lambda: il.compare({MARKUP: "zeros", "b": "he_normal"}, steps=50, seeds=2),
    "Audit": lambda: named("first"),
}


@pytest.mark.parametrize("kind", list(RESULTS))
def test_html_has_the_words_of_repr(kind: str) -> None:
    result = RESULTS[kind]()
    html = result._repr_html_()
    shown = html_words(html)
    assert words(repr(result)) <= shown
    if kind != "Network":  # its repr is the expression that makes it; HTML adds its layers
        assert shown <= words(repr(result))
    assert len(html) < 6_000


def test_labels_with_markup_are_text() -> None:
    html = RESULTS["Comparison"]()._repr_html_()
    assert MARKUP not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;" in html


def test_names_of_foreign_layers_are_text() -> None:
    html = named(MARKUP)._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_wide_result_stays_short() -> None:
    net = il.Network([3, *[500] * 3, 2])
    assert len(net._repr_html_()) < 6_000
    history = net.fit(np.zeros((4, 3)), [0, 1, 0, 1], steps=300, record=1)
    assert history.steps.size == 301
    assert len(history._repr_html_()) < 6_000
    assert len(re.findall("<tr>", history._repr_html_())) == 12
