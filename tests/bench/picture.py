"""The picture: of each part how many times as long as initlens each peer takes, and the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from initlens.plotting._figure import COLOURS, DIVERGING, MARKERS, SIZES, readable_log

from . import results
from .packages import PACKAGES
from .results import Grid, Result

ROW, CELL, FRAME, WIDTH = 0.3, 0.2, 0.9, 8.0  # inches; of a column the last
AXIS: Final = "time of the peer over time of initlens"
KEY: Final = f"{AXIS}: above 1, and red in the tables, initlens is faster"
LOOKS: Final = dict(zip(PACKAGES, zip(COLOURS, MARKERS, strict=False), strict=False))


class Panel(NamedTuple):
    """What fills a part of a column."""

    height: float
    fill: Callable[[Any], None]  # of axes


def draw(path: Path, found: Sequence[Result], title: str) -> None:
    from matplotlib.figure import Figure

    columns = _columns(_panels(found))
    heights = [sum(panel.height for panel in column) for column in columns]
    figure = Figure(figsize=(WIDTH * len(columns), max(heights) + 0.8), layout="constrained")
    figure.suptitle(f"{title}\n{KEY}", fontsize=10)
    sides = figure.subfigures(1, len(columns), squeeze=False)[0]
    for side, column in zip(sides, columns, strict=True):
        ratios = [panel.height for panel in column]
        places = side.subplots(len(column), 1, squeeze=False, height_ratios=ratios)[:, 0]
        for place, panel in zip(places, column, strict=True):
            panel.fill(place)
    figure.savefig(path, dpi=120)


def _panels(found: Sequence[Result]) -> list[Panel]:
    """One for each part, then one for each table."""
    parts: dict[str, list[Result]] = {}
    for result in found:
        if result[0].cell is None:
            parts.setdefault(result[0].part, []).append(result)
    panels = []
    for part, of_part in parts.items():
        count = len({line.row for line, _ in of_part})
        panels.append(Panel(ROW * count + FRAME, partial(_ratios, part, of_part)))
    for title, cells in results.grids(found).items():
        count = len(results.axes(cells)[0])
        panels.append(Panel(CELL * count + FRAME, partial(_table, title, cells)))
    return panels


def _columns(panels: Sequence[Panel]) -> list[list[Panel]]:
    """Two of about one height, in order; one where there is one panel."""
    if len(panels) == 1:
        return [list(panels)]
    ends = np.cumsum([panel.height for panel in panels])
    first = 1 + int(np.argmin(np.abs(ends[:-1] - ends[-1] / 2)))
    return [list(panels[:first]), list(panels[first:])]


def _ratios(part: str, found: Sequence[Result], panel: Any) -> None:
    rows = list(dict.fromkeys(line.row for line, _ in found))
    peers = {line.peer: line.package for line, _ in found}
    for i, (peer, package) in enumerate(peers.items()):
        theirs = [(line, timing) for line, timing in found if line.peer == peer]
        # Peers of a row one below the other: ranges would hide each other.
        shift = 0.6 * ((i + 0.5) / len(peers) - 0.5)
        panel.errorbar(
            [timing.ratio for _, timing in theirs],
            [rows.index(line.row) + shift for line, _ in theirs],
            xerr=[
                [timing.ratio - timing.ratio_min for _, timing in theirs],
                [timing.ratio_max - timing.ratio for _, timing in theirs],
            ],
            linestyle="none",
            markersize=5,
            capsize=2,
            label=peer,
            color=LOOKS[package][0],
            marker=LOOKS[package][1],
        )
    panel.axvline(1, color="#999999", linewidth=1)
    panel.set_xscale("log")
    panel.set_yticks(range(len(rows)), rows)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.set_title(part, loc="left", fontsize=10)
    panel.set_xlabel(AXIS, fontsize=8)
    panel.grid(axis="x", which="major", alpha=0.3)
    readable_log(panel.xaxis)
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)


def _table(title: str, cells: Grid, panel: Any) -> None:
    from matplotlib.colors import LogNorm

    rows, columns = results.axes(cells)
    ratios = np.full((len(rows), len(columns)), np.nan)
    for (row, column), (_, timing) in cells.items():
        ratios[rows.index(row), columns.index(column)] = timing.ratio
    if all(timing.share_of_peak is not None for _, timing in cells.values()):
        looks = {"cmap": SIZES, "vmin": 0, "vmax": 1}
    else:
        farthest = max(np.nanmax(ratios), 1 / np.nanmin(ratios), 2)
        looks = {"cmap": DIVERGING, "norm": LogNorm(1 / farthest, farthest)}
    # Half of the colour: black numbers stay readable on it.
    panel.imshow(ratios, aspect="auto", alpha=0.5, **looks)
    for (row, column), ratio in np.ndenumerate(ratios):
        if not np.isnan(ratio):
            panel.text(column, row, f"{ratio:.2g}", ha="center", va="center", fontsize=8)
    panel.set_xticks(range(len(columns)), columns, fontsize=8)
    panel.set_yticks(range(len(rows)), rows, fontsize=8)
    panel.tick_params(length=0)
    panel.set_title(title, loc="left", fontsize=10)
