"""What initlens warns of."""

__all__ = ["InitWarning", "SymmetryWarning"]


class InitWarning(UserWarning):
    """A net starts in a way that is probably not meant."""


class SymmetryWarning(InitWarning):
    """Units start as copies of each other."""
