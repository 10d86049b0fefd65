"""What initlens warns of, and where the warning points."""

import sys
import warnings

__all__ = ["InitWarning", "SymmetryWarning", "warn"]


class InitWarning(UserWarning):
    """A net starts in a way that is probably not meant."""


class SymmetryWarning(InitWarning):
    """Units start as copies of each other."""


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line outside of the package that led here, however deep the call is."""
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__"), package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_inside(module: object, package: str) -> bool:
    return isinstance(module, str) and module.partition(".")[0] == package
