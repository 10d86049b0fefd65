"""Picture: a figure as an image that carries its description."""

import base64
import io
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Self

from .._tools.text import html_text

__all__ = ["Picture"]

CSS_DPI: Final = 96
PNG_DPI: Final = 2 * CSS_DPI  # sharp on paper and on dense screens


@dataclass(frozen=True, repr=False)
class Picture:
    """An image with its text alternative, for a notebook or a page.

    Notebooks give a figure of matplotlib no text alternative, whatever it is told; this one ends a
    cell as an HTML image that has one.

    Parameters
    ----------
    png : bytes
        The image.
    width, height : int
        In CSS pixels, of which an inch has 96.
    alt_text : str
        What is seen, in words.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import initlens as il
    >>> figure = Figure(figsize=(4, 3), layout="constrained")
    >>> lines = figure.add_subplot().plot([1, 2, 4])
    >>> il.plotting.Picture.of(figure, "A line that rises from 1 to 4.")
    <picture of 384 x 288: A line that rises from 1 to 4.>
    """

    png: bytes
    width: int
    height: int
    alt_text: str

    @classmethod
    def of(cls, figure: Any, alt_text: str) -> Self:
        """Draw a figure of matplotlib, and close it for pyplot: a notebook will not show it twice.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            What to draw.
        alt_text : str
            What is seen, in words.

        Returns
        -------
        Picture
            With at most 256 colours: a third of the bytes, and no banding. The size is that of a
            figure with a layout engine; another is cut to what is drawn, as notebooks do, so that
            no label is halved at its edge.
        """
        drawn, small = io.BytesIO(), io.BytesIO()
        box = "tight" if figure.get_layout_engine() is None else None
        figure.savefig(drawn, format="png", dpi=PNG_DPI, bbox_inches=box)
        import_module("matplotlib.pyplot").close(figure)
        image = import_module("PIL.Image")  # comes with matplotlib
        colours = image.open(drawn).convert("RGB").quantize(256, dither=image.Dither.NONE)
        colours.save(small, "png", optimize=True)
        width, height = (round(pixels * CSS_DPI / PNG_DPI) for pixels in colours.size)
        return cls(small.getvalue(), width, height, alt_text)

    def __repr__(self) -> str:
        """Return size and description."""
        return f"<picture of {self.width} x {self.height}: {self.alt_text}>"

    def _repr_html_(self) -> str:
        url = f"data:image/png;base64,{base64.b64encode(self.png).decode()}"
        return (
            f'<img src="{url}" width="{self.width}" height="{self.height}" '
            f'alt="{html_text(self.alt_text)}">'
        )
