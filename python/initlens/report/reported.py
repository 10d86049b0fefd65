"""Reported: a result that writes itself as a page."""

from abc import abstractmethod
from os import PathLike
from pathlib import Path

from ..tables import Result
from .files import write

__all__ = ["Reported"]


class Reported(Result):
    """The base of `Comparison`, `Diagnosis` and `Audit`."""

    @abstractmethod
    def _page(self) -> str:
        """Return the report as HTML."""

    def to_html(self, path: str | PathLike[str]) -> Path:
        """Write a report that is one file: results, pictures, settings, the call that repeats it.

        Parameters
        ----------
        path : path
            Where, such as "report.html"; an existing file is replaced.

        Returns
        -------
        Path
            The path.

        Raises
        ------
        OSError
            If the file cannot be written; an older one is unchanged then.
        ValueError
            If the path is empty or holds a character that no path can.
        TypeError
            If it is not a path.

        Notes
        -----
        The pictures need matplotlib; without it the report says so.
        """
        return write(path, self._page())
