"""Tables: the same cells as text and as HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from initlens.report import page, table_html
from initlens.tables import Table

TABLE = Table(
    "a title & <more>",
    ("name", "loss\nmedian", "end"),
    (("<b>x</b>", "<i>", ""), ("a long name", "0.25", "stuck")),
    ("One note.", "x < y"),
)


class Cells(HTMLParser):
    """Collect texts by tag, and check that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.found: list[tuple[str, str | None, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append((tag, dict(attrs)))
            if tag in ("caption", "th", "td", "p"):
                self.found.append((tag, dict(attrs).get("scope"), ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] in ("caption", "th", "td", "p"):
            tag, scope, text = self.found[-1]
            self.found[-1] = (tag, scope, text + data)


def test_text() -> None:
    assert repr(TABLE).split("\n") == [
        "a title & <more>",
        "",
        "name          loss     end",
        "              median",
        "<b>x</b>      <i>",
        "a long name   0.25     stuck",
        "",
        "One note.",
        "x < y",
    ]


def test_html_has_the_same_cells() -> None:
    cells = Cells()
    cells.feed(TABLE._repr_html_())
    assert not cells.open
    assert cells.found == [
        ("caption", None, "a title & <more>"),
        ("th", "col", "name"),
        ("th", "col", "lossmedian"),
        ("th", "col", "end"),
        ("th", "row", "<b>x</b>"),
        ("td", None, "<i>"),
        ("td", None, ""),
        ("th", "row", "a long name"),
        ("td", None, "0.25"),
        ("td", None, "stuck"),
        ("p", None, "One note."),
        ("p", None, "x < y"),
    ]


def test_no_rows_and_no_notes() -> None:
    table = Table("t", ("a", "b"), ())
    assert repr(table) == "t\n\na   b"
    assert "<p>" not in table._repr_html_()


def test_rows_must_fit() -> None:
    with pytest.raises(ValueError, match="1 cells under 2 columns"):
        Table("t", ("a", "b"), (("x",),))


def test_a_row_is_one_line_of_text() -> None:
    table = Table("t", ("name", "end"), (("one\nlabel", "x"), ("other", "y\r\nz\n")))
    assert repr(table).split("\n")[2:] == ["name        end", "one label   x", "other       y z"]


def test_nothing_to_obey_is_shown() -> None:
    """Names come from files: no escape codes for terminals, no turned direction for readers."""
    bad = "a\x1b[31m\x00b\u202ec\td"
    table = Table(bad, (bad, bad), ((bad, bad),), (bad,))
    for text in (repr(table), table._repr_html_(), table_html(table), page(bad, [])):
        assert "a?[31m?b?c?d" in text
        assert all(c.isprintable() or c == "\n" for c in text)


def test_rows_and_columns_can_be_taken_out() -> None:
    assert len(TABLE) == 2
    assert [row[0] for row in TABLE] == list(TABLE.column("name")) == ["<b>x</b>", "a long name"]
    assert Table("nothing", ("name",), ()).column("name") == ()
    assert TABLE.column("loss median") == TABLE.column("loss\nmedian") == ("<i>", "0.25")


def test_unknown_columns_are_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'los median'\. Did you mean 'loss median'"):
        TABLE.column("los median")
