"""History: what a call of `fit` recorded."""

from .nets.history import LAYER_FIELDS, History

__all__ = ["LAYER_FIELDS", "History"]
