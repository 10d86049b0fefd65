"""A few of many: which elements to show."""

import numpy as np

__all__ = ["evenly"]


def evenly(count: int, most: int) -> list[int]:
    """Return at most so many indices below `count`: the first, the last, evenly between them."""
    chosen: list[int] = np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist()
    return chosen
