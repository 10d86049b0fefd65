"""Small tables: one content, as aligned text and as HTML."""

from dataclasses import dataclass

from ._tools.text import html_text, printable

__all__ = ["Table"]


@dataclass(frozen=True, repr=False)
class Table:
    """A result as a table; the first column names the rows.

    Parameters
    ----------
    title : str
        One line above it.
    columns : tuple of str
        Headings; a line break starts a second line.
    rows : tuple of tuple of str
        Cells, as many in each row as there are columns.
    notes : tuple of str, optional
        Sentences below it.

    Examples
    --------
    >>> import initlens as il
    >>> il.tables.Table("Widths", ("layer", "units"), (("1", "4"), ("out", "1")))
    Widths
    <BLANKLINE>
    layer   units
    1       4
    out     1
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that rows and columns agree."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells under {len(self.columns)} columns")

    def __repr__(self) -> str:
        """Return the table as aligned text."""
        headings = [column.split("\n") for column in self.columns]
        height = max(map(len, headings), default=1)
        padded = [heading + [""] * (height - len(heading)) for heading in headings]
        # Labels are the user's, and may hold line breaks; a row is one line.
        rows = [tuple(" ".join(cell.splitlines()) for cell in row) for row in self.rows]
        lines = [*zip(*padded, strict=True), *rows]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        body = [
            "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        notes = ["", *self.notes] if self.notes else []
        text = "\n".join([self.title, "", *body, *notes])
        return printable(text)

    def _repr_html_(self) -> str:
        heads = "".join(
            f'<th scope="col">{html_text(column).replace(chr(10), "<br>")}</th>'
            for column in self.columns
        )
        rows = "\n".join(
            f'<tr><th scope="row">{html_text(first)}</th>'
            + "".join(f"<td>{html_text(cell)}</td>" for cell in rest)
            + "</tr>"
            for first, *rest in self.rows
        )
        notes = "".join(f"\n<p>{html_text(note)}</p>" for note in self.notes)
        return (
            f"<table>\n<caption>{html_text(self.title)}</caption>\n"
            f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>{notes}"
        )
