"""Comparison: train one net from several initializations, the same seeds and data for each."""

from .depth import ScaleByDepth, scale_by_depth
from .plan import compare
from .result import Comparison
from .runs import Run
from .schemes import LECTURE_SCHEMES

__all__ = [
    "LECTURE_SCHEMES",
    "Comparison",
    "Run",
    "ScaleByDepth",
    "compare",
    "scale_by_depth",
]
