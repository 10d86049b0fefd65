"""Unit similarity: which units of a layer do the same, ordered by group."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._tools.format import share
from ..activations import MODULO_SIGN, modulo_of
from ..tables import Table
from ._figure import DIVERGING, MOST_NUMBERS, SHARES, apart, axes
from .display import Display
from .protocols import LayerLike

__all__ = ["SimilarityDisplay", "plot_similarity"]

MOST_GROUPS: Final = 12  # in the table
MOST_WRITTEN: Final = 10  # units whose correlations are written into the map


@dataclass(frozen=True, eq=False, repr=False)
class SimilarityDisplay(Display):
    """A picture of the correlations of a layer's units, and what is in it.

    Parameters
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.
    image_ : matplotlib AxesImage
        The map.
    colorbar_ : matplotlib Colorbar
        Its scale.
    layer : LayerMeasures
        The data.
    order : ndarray of shape (n_out,), int64
        Units as drawn, from 0: groups of copies first, the largest first.
    """

    image_: Any
    colorbar_: Any
    layer: LayerLike
    order: NDArray[np.int64]

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        groups = _groups(self.layer)
        copies = (
            f"copies in {len(groups)} group{'s' if len(groups) > 1 else ''}, the largest of "
            f"{len(groups[0])} units"
            if groups
            else "no copies"
        )
        return (
            f"{_quantity(self.layer)} between the {self.layer.units} units of layer "
            f"{self.layer.number}, a square of colours: {copies}. {' '.join(self.table().notes)}"
        )

    def table(self) -> Table:
        """Return the groups of copies, and how similar the units are.

        Returns
        -------
        Table
        """
        layer = self.layer
        groups = _groups(layer)
        rows = [
            (str(number), str(len(group)), _listed(group))
            for number, group in enumerate(groups[:MOST_GROUPS], 1)
        ]
        single = layer.units - sum(map(len, groups))
        if single:
            rows.append(("-", str(single), "units that are no copy of another"))
        symmetry = layer.symmetry
        assert symmetry is not None  # plot_similarity refuses the output layer
        notes = []
        if len(groups) > MOST_GROUPS:
            notes.append(f"{len(groups) - MOST_GROUPS} smaller groups are not listed.")
        if not math.isnan(symmetry.largest_similarity):
            notes.append(
                f"{_quantity(layer)} of two units: largest {share(symmetry.largest_similarity)}, "
                f"mean {share(symmetry.mean_similarity)}."
            )
        if symmetry.constant_units:
            notes.append(
                f"{symmetry.constant_units} of {layer.units} units give the same on every sample; "
                "they have no correlation and are left blank."
            )
        title = f"Copies among the {layer.units} units of layer {layer.number}"
        return Table(title, ("group", "size", "units"), tuple(rows), tuple(notes))


def plot_similarity(layer: LayerLike, *, ax: Any = None) -> SimilarityDisplay:
    """Draw how much alike the outputs of the units of a hidden layer are.

    Parameters
    ----------
    layer : LayerMeasures
        A hidden layer of a `Diagnosis`.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure by default. Nothing is shown, and no global setting is touched.

    Returns
    -------
    SimilarityDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If it is the output layer, or was measured without samples or on values that are not finite.

    Notes
    -----
    Correlations over the samples; for odd activations their sizes, because a unit of the opposite
    sign does the same.
    """
    if layer.symmetry is None:
        raise ValueError(
            f"layer {layer.number} is the output layer; units are those of hidden ones"
        )
    if np.isnan(layer.symmetry.similarity).all() and not layer.symmetry.constant_units:
        raise ValueError(
            f"layer {layer.number} has no correlations: diagnose the net with samples X on which "
            "its values are finite"
        )
    ax = axes(ax, 4.5, width=5.5)
    grouped = [unit for group in _groups(layer) for unit in group]
    order = np.array([*grouped, *np.setdiff1d(np.arange(layer.units), grouped)], np.int64)
    unsigned = _unsigned(layer)
    image = ax.imshow(
        layer.symmetry.similarity[np.ix_(order, order)],
        cmap=SHARES if unsigned else DIVERGING,
        vmin=0.0 if unsigned else -1.0,
        vmax=1.0,
        interpolation="nearest",
        extent=(0.5, layer.units + 0.5, layer.units + 0.5, 0.5),
    )
    blank = " (blank: constant)" if layer.symmetry.constant_units else ""
    ax.set(xlabel=f"unit{blank}", ylabel="unit, groups of copies first")
    if layer.units <= MOST_NUMBERS:
        places, numbers = np.arange(1, layer.units + 1), order + 1
        ax.set_xticks(places, numbers, fontsize="small", rotation=90 if layer.units > 16 else 0)
        ax.set_yticks(places, numbers, fontsize="small")
        apart(ax.axhline, layer.units)
        apart(ax.axvline, layer.units)
    else:
        ax.set(xticks=[], yticks=[])
    if layer.units <= MOST_WRITTEN:
        for (row, column), value in np.ndenumerate(np.asarray(image.get_array())):
            ax.text(
                *(column + 1, row + 1, share(float(value))),
                ha="center",
                va="center",
                fontsize="small",
                color="white" if abs(value) > 0.6 else "black",
            )
    # A line after each group: the second cue beside the colour.
    for end in np.cumsum([len(group) for group in _groups(layer)]):
        ax.axhline(end + 0.5, color="0.1", linewidth=1.5)
        ax.axvline(end + 0.5, color="0.1", linewidth=1.5)
    if not ax.get_title():
        ax.set_title(f"layer {layer.number}, {layer.activation}: similarity of units")
    ticks = [0.0, 0.5, 1.0] if unsigned else [-1.0, -0.5, 0.0, 0.5, 1.0]
    words = "|correlation| of outputs" if unsigned else "correlation of outputs"
    bar = ax.figure.colorbar(image, ax=ax, label=words, ticks=ticks)
    return SimilarityDisplay(ax, ax.figure, image, bar, layer, order)


def _unsigned(layer: LayerLike) -> bool:
    """Whether the similarities are sizes of correlations."""
    return layer.activation is not None and modulo_of(layer.activation) == MODULO_SIGN


def _quantity(layer: LayerLike) -> str:
    return "Size of correlation" if _unsigned(layer) else "Correlation"


def _groups(layer: LayerLike) -> list[tuple[int, ...]]:
    """Return the groups of copies, the largest first."""
    assert layer.symmetry is not None
    return sorted(layer.symmetry.copies, key=len, reverse=True)


def _listed(units: tuple[int, ...]) -> str:
    """Write units from 1, the first ones of many."""
    numbers = ", ".join(str(unit + 1) for unit in units[:MOST_GROUPS])
    return f"{numbers}, ..." if len(units) > MOST_GROUPS else numbers
