"""What is written: the lines of the table, the fastest peer of each row, the JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from .measure import Line, Timing

Result = tuple[Line, Timing]
Grid = dict[tuple[str, str], Result]  # by row and column

# Of a unit of work: how its seconds are told, and in what.
UNITS: Final[dict[str, tuple[Callable[[float], float], str]]] = {
    "step": (lambda seconds: seconds * 1e6, "us a step"),
    "net-step": (lambda seconds: 1e-6 / seconds, "M net-steps/s"),
    "product": (lambda seconds: seconds * 1e6, "us a product"),
    "value": (lambda seconds: seconds * 1e9, "ns a value"),
    "matrix": (lambda seconds: seconds * 1e3, "ms a matrix"),
    "call": (lambda seconds: seconds * 1e6, "us a call"),
    "import": (lambda seconds: seconds * 1e3, "ms"),
}
HEADER: Final = f"{'peer':<15}{'peer':>10}{'ours':>10}  {'':<15}{'ratio':>7}  range"


def told(result: Result) -> str:
    line, timing = result
    tell, unit = UNITS[line.work]
    text = (
        f"{line.row:<44}{line.peer:<15}{number(tell(timing.theirs))}{number(tell(timing.ours))}"
        f"  {unit:<15}{timing.ratio:>7.3g}  {timing.ratio_min:.3g}-{timing.ratio_max:.3g}"
    )
    note = remark(result)
    return f"{text}  {note}" if note else text


def number(value: float) -> str:
    return f"{value:>10,.0f}" if value >= 1000 else f"{value:>10.3g}"


def remark(result: Result) -> str:
    """What the row is about, where that is not the ratio."""
    line, timing = result
    if line.work == "import":
        return f"initlens adds {(timing.ours - timing.theirs) * 1e3:.1f} ms"
    if line.peer == "no record":
        return f"the record costs {100 / timing.ratio - 100:.1f} %"
    if timing.errors_ulp is not None:
        theirs, ours = timing.errors_ulp
        return f"errors up to {theirs:.2f} and {ours:.2f} ulp"
    if timing.share_of_peak is not None:
        return f"{timing.share_of_peak:.1%} of peak"
    return ""


def fastest(results: Iterable[Result]) -> Iterator[str]:
    """A line for each row with more than one peer: the one that comes closest, or is ahead."""
    rows: dict[tuple[str, str], list[Result]] = {}
    for line, timing in results:
        rows.setdefault((line.part, line.row), []).append((line, timing))
    for (part, row), found in rows.items():
        if len(found) > 1:
            line, timing = min(found, key=lambda result: result[1].ratio)
            yield f"{part}, {row}: {line.peer} {timing.ratio:.3g}"


def tables(results: Iterable[Result]) -> Iterator[str]:
    """The ratios that are cells of a table, with their range below it; empty lines before each."""
    for title, cells in grids(results).items():
        rows, columns = axes(cells)
        yield f"\n{title:<44}" + "".join(f"{column:>8}" for column in columns)
        for row in rows:
            found = (cells.get((row, column)) for column in columns)  # with --row not all are there
            texts = ("" if result is None else f"{result[1].ratio:.3g}" for result in found)
            yield f"{row:<44}" + "".join(f"{text:>8}" for text in texts)
        low, high = (end(cells.values(), key=lambda result: result[1].ratio) for end in (min, max))
        yield (
            f"{low[1].ratio:.3g} to {high[1].ratio:.3g} times as fast as {low[0].peer}; "
            f"lowest: {low[0].row}"
        )


def grids(results: Iterable[Result]) -> dict[str, Grid]:
    """The results that are cells of a table, by its title."""
    found: dict[str, Grid] = {}
    for line, timing in results:
        if line.cell is not None:
            title, row, column = line.cell
            found.setdefault(title, {})[row, column] = (line, timing)
    return found


def axes(cells: Grid) -> tuple[list[str], list[str]]:
    """Names of its rows and columns, in order."""
    rows, columns = (list(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
    return rows, columns


def write(path: Path, head: Mapping[str, Any], results: Iterable[Result]) -> None:
    rows = [
        {name: getattr(line, name) for name in ("part", "row", "peer", "work", "cores")}
        | asdict(timing)
        for line, timing in results
    ]
    path.write_text(json.dumps({**head, "results": rows}, indent=2) + "\n", encoding="utf-8")
