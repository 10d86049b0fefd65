"""Display: what every plotting function returns."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from .._tools.text import html_text
from ..tables import Table, Tabular
from .picture import Picture

__all__ = ["Display"]


@dataclass(frozen=True, eq=False, repr=False)
class Display(Tabular):
    """A picture, and what is in it in words and numbers.

    At the end of a cell of a notebook it shows its table and the picture in words, beside the
    figure that matplotlib shows; `picture` is the figure with its description.

    Parameters
    ----------
    ax_ : matplotlib Axes, or ndarray of Axes
        Where it was drawn; an array for a picture of several panels.
    figure_ : matplotlib Figure
        The figure that holds them.
    """

    ax_: Any
    figure_: Any

    @property
    @abstractmethod
    def alt_text(self) -> str:
        """The picture in words, made from its data."""

    @abstractmethod
    def table(self) -> Table:
        """Return the numbers that the picture shows.

        Returns
        -------
        Table
        """

    def picture(self) -> Picture:
        """Return the figure as an image that carries `alt_text`, and close it for pyplot.

        Returns
        -------
        Picture
        """
        return Picture.of(self.figure_, self.alt_text)

    def _repr_html_(self) -> str:
        return (
            f"{self.table()._repr_html_()}\n<details><summary>The picture in words</summary>"
            f"<p>{html_text(self.alt_text)}</p></details>"
        )
