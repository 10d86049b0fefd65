"""How numbers of results are written."""

import importlib
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["about", "data_frame", "number", "share", "units"]


def number(value: float) -> str:
    """Write a loss: three decimals where they say something, else significant digits."""
    if not math.isfinite(value):
        return str(float(value))
    if 0.001 <= abs(value) < 10.0 or value == 0.0:
        return f"{value:.3f}"
    return f"{value:.4g}" if abs(value) >= 10.0 else f"{value:.2g}"


def share(value: float) -> str:
    """Write a share of 1; "-" where it is not defined."""
    return "-" if math.isnan(value) else f"{value:.2f}"


def about(value: float) -> str:
    """Write a factor or a number of steps: two digits, or a whole number up to a million.

    What overflows is "more than 1e308".
    """
    if value == math.inf:
        return "more than 1e308"
    return f"{value:,.0f}" if 100.0 <= value < 1e6 else f"{value:.2g}"


def units(pair: tuple[int, int] | None) -> str:
    """Write "distinct/all"; "-" without a hidden layer."""
    return "-" if pair is None else f"{pair[0]}/{pair[1]}"


def data_frame(columns: Mapping[str, Any]) -> Any:
    """Return a `pandas.DataFrame` of the columns."""
    try:
        pandas: Any = importlib.import_module("pandas")
    except ImportError as error:
        raise ImportError("a data frame needs pandas: pip install pandas") from error
    return pandas.DataFrame(columns)
