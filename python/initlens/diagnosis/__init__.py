"""Diagnosis: measure a net on data and name what will keep it from learning."""

from .examination import diagnose, diagnose_arrays
from .fixes import Fix
from .measures import (
    QUANTILES,
    Flow,
    LayerMeasures,
    Loss,
    NotFinite,
    Saturation,
    Signal,
    Symmetry,
    relative_slope,
)
from .result import Diagnosis
from .units import UnitGroups, distinct_units
from .verdicts import CODES, TOPICS, Verdict

__all__ = [
    "CODES",
    "QUANTILES",
    "TOPICS",
    "Diagnosis",
    "Fix",
    "Flow",
    "LayerMeasures",
    "Loss",
    "NotFinite",
    "Saturation",
    "Signal",
    "Symmetry",
    "UnitGroups",
    "Verdict",
    "diagnose",
    "diagnose_arrays",
    "distinct_units",
    "relative_slope",
]
