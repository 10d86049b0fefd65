"""The picture: a panel a part, a row a line, how many times as long as initlens each peer takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from initlens.plotting._figure import COLOURS, MARKERS, readable_log

from .packages import PACKAGES
from .results import Result

ROW, FRAME, WIDTH = 0.34, 1.0, 9.0  # inches
AXIS = "time of the peer over time of initlens, log axis: right of 1 initlens is faster"
LOOKS = dict(zip(PACKAGES, zip(COLOURS, MARKERS, strict=False), strict=False))


def draw(path: Path, results: Sequence[Result], title: str) -> None:
    from matplotlib.figure import Figure

    parts: dict[str, list[Result]] = {}
    for result in results:
        if result[0].cell is None:
            parts.setdefault(result[0].part, []).append(result)
    rows = [len({line.row for line, _ in part}) for part in parts.values()]
    heights = [ROW * count + FRAME for count in rows]
    figure = Figure(figsize=(WIDTH, sum(heights) + 1.2), layout="constrained")
    panels = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights)[:, 0]
    for panel, (part, found) in zip(panels, parts.items(), strict=True):
        _panel(panel, part, found)
    figure.suptitle(title, fontsize=10)
    figure.supxlabel(AXIS, fontsize=10)
    figure.savefig(path, dpi=150)


def _panel(panel: Any, part: str, results: Sequence[Result]) -> None:
    rows = list(dict.fromkeys(line.row for line, _ in results))
    peers = {line.peer: line.package for line, _ in results}
    for i, (peer, package) in enumerate(peers.items()):
        found = [(line, timing) for line, timing in results if line.peer == peer]
        # Peers of a row one below the other: ranges would hide each other.
        shift = 0.6 * ((i + 0.5) / len(peers) - 0.5)
        panel.errorbar(
            [timing.ratio for _, timing in found],
            [rows.index(line.row) + shift for line, _ in found],
            xerr=[
                [timing.ratio - timing.ratio_min for _, timing in found],
                [timing.ratio_max - timing.ratio for _, timing in found],
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
    panel.grid(axis="x", which="major", alpha=0.3)
    readable_log(panel.xaxis)
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
