"""Auditing: diagnose a model that was made elsewhere, without importing what made it."""

from ..activations import Activations
from ..diagnosis.verdicts import verdict_table, wrapped
from .inspection import audit
from .readers.files import read_data
from .readers.reading import Layout, Skipped
from .result import Audit, AuditedLayer

__all__ = [
    "Activations",
    "Audit",
    "AuditedLayer",
    "Layout",
    "Skipped",
    "audit",
    "read_data",
    "verdict_table",
    "wrapped",
]
