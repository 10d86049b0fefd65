"""Progress of a long call: a bar, lines, or the caller's own function."""

import importlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

__all__ = ["Progress", "reporter"]

Report: TypeAlias = Callable[[int], None]
Progress: TypeAlias = bool | Callable[[int, int], object] | None


@contextmanager
def reporter(progress: Progress, total: int, unit: str) -> Iterator[Report | None]:
    """Give a function that takes how much of `total` is done; None where nobody asked.

    Parameters
    ----------
    progress : bool, callable or None
        True shows a bar on stderr (tqdm where it is installed, else a line every 5 %); a function
        is called as ``progress(done, total)``.
    total : int
        What there is to do.
    unit : str
        The word for it, such as "step".

    Raises
    ------
    TypeError
        If `progress` is something else.
    """
    if progress is None or progress is False:
        yield None
    elif callable(progress):
        function = progress
        yield lambda done: _discard(function(done, total))
    elif progress is True:
        try:
            # Without ipywidgets it warns in a notebook, and draws its bar in text.
            with warnings.catch_warnings(action="ignore"):
                tqdm: Any = importlib.import_module("tqdm.auto").tqdm
        except ImportError:
            yield _lines(total, unit)
            return
        with tqdm(total=total, unit=unit) as bar:
            yield lambda done: _discard(bar.update(done - bar.n))
    else:
        raise TypeError(f"progress must be True, False or a function, got {progress!r}")


def _discard(_: object) -> None:
    """Drop what a caller's function returns: progress never stops a run."""


def _lines(total: int, unit: str) -> Report:
    start = time.perf_counter()
    shown = 0

    def report(done: int) -> None:
        nonlocal shown
        twentieths = 20 * done // total if total else 20
        if twentieths > shown:
            shown = twentieths
            seconds = time.perf_counter() - start
            print(
                f"{5 * shown:3d} %  {done:,} of {total:,} {unit}s  {seconds:.1f} s",
                file=sys.stderr,
                flush=True,
            )

    return report
