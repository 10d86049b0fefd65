"""Small tables: one content, as aligned text and as HTML; and results that show themselves so."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ._tools.format import data_frame
from ._tools.text import html_text, printable, unknown

__all__ = ["Result", "Table", "Tabular"]


@dataclass(frozen=True, repr=False)
class Table:
    """A result as a table; the first column names the rows.

    It has as many elements as rows, and gives them one by one.

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
    >>> table = il.tables.Table("Widths", ("layer", "units"), (("1", "4"), ("out", "1")))
    >>> len(table), list(table), table.column("units")
    (2, [('1', '4'), ('out', '1')], ('4', '1'))
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

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """Go through the rows."""
        return iter(self.rows)

    def column(self, name: str) -> tuple[str, ...]:
        """Return the cells of a column.

        Parameters
        ----------
        name : str
            Its heading; a line break in it may be written as a space.

        Returns
        -------
        tuple of str
            One cell per row.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        headings = [" ".join(column.split()) for column in self.columns]
        wanted = " ".join(name.split())
        if wanted not in headings:
            raise ValueError(unknown("column", name, headings))
        place = headings.index(wanted)
        return tuple(row[place] for row in self.rows)

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


class Tabular(ABC):
    """What shows itself as a table, in a terminal and in a notebook."""

    @abstractmethod
    def table(self) -> Table:
        """Return the table.

        Returns
        -------
        Table
        """

    def _shown(self) -> Table:
        """Return the table as it is shown, where all of it would be too long."""
        return self.table()

    def __repr__(self) -> str:
        """Return the table as text."""
        return repr(self._shown())

    def _repr_html_(self) -> str:
        return self._shown()._repr_html_()


class Result(Tabular):
    """A result: shows itself as a table, and gives its numbers to pandas and to JSON."""

    def to_frame(self) -> Any:
        """Return the numbers as a data frame; the class says what its rows and columns are.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return data_frame(self._columns())

    @abstractmethod
    def _columns(self) -> Mapping[str, Any]:
        """Return the columns of `to_frame`."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return everything in lists and numbers that JSON can hold; NaN becomes None.

        Returns
        -------
        dict
        """
