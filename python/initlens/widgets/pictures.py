"""Pictures of an exploration without a plotting library: SVG for curves, PNG for units."""

from __future__ import annotations

import math
import struct
import zlib
from base64 import b64encode
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .._tools.format import number
from .._tools.text import html_text
from ..nets.history import History
from .problem import Problem

__all__ = ["LEGEND", "PALETTE", "curve_alt", "curve_svg", "image", "png", "points_svg"]

# Blue for the smallest output, white for 0, orange for the largest: Okabe and Ito's two colours
# that the colour-blind tell apart. 0 is not used by `UnitPictures`; it is the gap between units.
_ANCHORS: Final = ((0, 114, 178), (255, 255, 255), (213, 94, 0))


def _palette() -> NDArray[np.uint8]:
    places = np.linspace(-1.0, 1.0, 255)
    columns = [
        np.interp(places, (-1.0, 0.0, 1.0), values) for values in zip(*_ANCHORS, strict=True)
    ]
    colours = np.rint(np.column_stack(columns)).astype(np.uint8)
    return np.concatenate([np.full((1, 3), 255, np.uint8), colours])


PALETTE: Final = _palette()

LEGEND: Final = "Output of every unit over the plane: blue below 0, orange above."

# The curve's picture, in its own units: about pixels.
WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 384, 22, 184


def curve_alt(history: History) -> str:
    """Say what the curve shows."""
    losses = history.loss
    known = losses[np.isfinite(losses)]
    if not known.size:
        return "No loss was finite."
    return (
        f"Loss against steps on a logarithmic axis, from {number(known[0])} to "
        f"{number(known[-1])}; a dotted line marks the loss at chance, "
        f"{number(history.chance_loss)}."
    )


def curve_svg(history: History) -> str:
    """Draw the losses and the line at chance, axes and words in `currentColor`."""
    chance = history.chance_loss
    drawn = np.isfinite(history.loss) & (history.loss > 0.0)
    steps, losses = history.steps[drawn], history.loss[drawn]
    heights = [*losses, *([chance] if chance > 0.0 else [])] or [1.0]
    low, high = math.log10(min(heights)), math.log10(max(heights))
    # 0.4 of a decade at least, which always holds a tick.
    margin = max(0.05 * (high - low), (0.4 - (high - low)) / 2.0)
    low, high = low - margin, high + margin
    last = max(int(history.steps[-1]), 1)

    def x(step: float) -> float:
        return LEFT + (RIGHT - LEFT) * step / last

    def y(loss: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (math.log10(loss) - low) / (high - low)

    parts = [
        f'<path class="axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" '
        'stroke="currentColor"/>',
        *(
            f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
            f'<path d="M{LEFT - 3} {y(tick):.1f}h3" stroke="currentColor"/>'
            for tick in _ticks(10.0**low, 10.0**high)
        ),
        f'<text x="{LEFT}" y="{BOTTOM + 16}">0</text>',
        f'<text x="{RIGHT}" y="{BOTTOM + 16}" text-anchor="end">{last:,}</text>',
        f'<text x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 30}" text-anchor="middle">step</text>',
        f'<text x="{LEFT}" y="{TOP - 8}" text-anchor="middle">loss</text>',
    ]
    if chance > 0.0:
        parts.append(
            f'<path d="M{LEFT} {y(chance):.1f}H{RIGHT}" stroke="currentColor" '
            f'stroke-dasharray="2 3"/><text x="{RIGHT + 6}" y="{y(chance) + 4:.1f}">chance</text>'
        )
    line = " ".join(
        f"{x(step):.1f},{y(loss):.1f}" for step, loss in zip(steps, losses, strict=True)
    )
    parts.append(
        f'<polyline points="{line}" fill="none" stroke="#0072B2" stroke-width="2.5" '
        'stroke-linejoin="round"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html_text(curve_alt(history))}" font-family="sans-serif" font-size="12" '
        f'fill="currentColor" data-box="{LEFT} {RIGHT} {TOP} {BOTTOM}">{"".join(parts)}</svg>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers between the two, rounder ones where they would be many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in (range(1, 10), (1, 2, 5), (1,)):
        ticks = [d * 10.0**k for k in decades for d in digits if low <= d * 10.0**k <= high]
        if len(ticks) <= 6:
            break
    return ticks[:: -(-len(ticks) // 6)]


def points_svg(problem: Problem) -> str:
    """Draw the samples over the plane in a box of 100 x 100: dots, crosses or squares by class."""
    low, high = problem.box
    labels = problem.y if problem.y.ndim == 1 else problem.y.argmax(axis=1)
    places = 100.0 * (problem.X - low) / (high - low)
    # A path of no length with a round cap is a dot.
    glyphs = (
        ("h0", 1.8),
        ("m-1.2-1.2l2.4 2.4m0-2.4l-2.4 2.4", 0.6),
        ("m-1.2-1h2.4v2.4h-2.4z", 0.6),
    )
    paths = []
    for place, label in enumerate(np.unique(labels)):
        glyph, width = glyphs[place % len(glyphs)]
        d = "".join(f"M{x:.1f} {100.0 - y:.1f}{glyph}" for x, y in places[labels == label])
        paths.append(f'<path d="{d}" stroke-width="{width}"/>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" fill="none" '
        f'stroke="#111" stroke-linecap="round" aria-hidden="true">{"".join(paths)}</svg>'
    )


def png(values: NDArray[np.uint8]) -> bytes:
    """Write an image (height, width) in the colours of `PALETTE`."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    height, width = values.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits, by palette
    rows = np.insert(values, 0, 0, axis=1)  # each row begins with its filter: none
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", header),
            chunk(b"PLTE", PALETTE.tobytes()),
            chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            chunk(b"IEND", b""),
        ]
    )


def image(kind: str, content: bytes, alt: str, width: int) -> str:
    """Return an image for a page, with what it shows in words."""
    data = b64encode(content).decode("ascii")
    return f'<img src="data:{kind};base64,{data}" alt="{html_text(alt)}" width="{width}">'
