"""Fixes: what to do about a verdict, as a sentence, as a line to paste, and as an act on a net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import ArrayLike

from ..nets.network import Network

__all__ = ["Action", "Fix"]


class Action(Protocol):
    """A frozen description of what to do, which can be done to a net of the core."""

    def apply(
        self, net: Network, X: ArrayLike | None, y: ArrayLike | None, rng: int
    ) -> tuple[Network, Any, Any]:
        """Return a new net, new samples and new targets; the arguments stay as they are."""


@dataclass(frozen=True)
class Fix:
    """What to do about a finding. It is falsy where there is nothing to do.

    Parameters
    ----------
    sentence : str
        What to do, in words.
    code : str
        The line or lines to paste, in the words of the library that the net is from.
    verified : bool
        Whether a trained copy has been seen to learn with it.
    action : Action or None
        What `apply` does; None where no change of net or data is meant.
    """

    sentence: str = ""
    code: str = ""
    verified: bool = False
    action: Action | None = None

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence

    def __bool__(self) -> bool:
        """Tell whether there is something to do."""
        return bool(self.sentence)

    def apply(
        self, net: Network, X: ArrayLike | None, y: ArrayLike | None, rng: int = 0
    ) -> tuple[Network, Any, Any]:
        """Carry it out on copies.

        Parameters
        ----------
        net : Network
            The net that was diagnosed; it is not changed.
        X : array_like of shape (m, n_in) or None
            Its samples.
        y : array_like or None
            Its targets.
        rng : int, default 0
            Seed of whatever is drawn anew.

        Returns
        -------
        net : Network
        X : array_like or None
        y : array_like or None

        Raises
        ------
        ValueError
            If this fix changes neither the net nor the data.
        """
        if self.action is None:
            raise ValueError(f"this fix cannot be applied to a net or its data: {self.sentence!r}")
        return self.action.apply(net, X, y, rng)
