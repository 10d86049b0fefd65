"""The explorer: turn the controls of one small net in Jupyter, and see what its start does.

It is live with anywidget installed (``pip install 'initlens[widgets]'``); without, and where a
notebook is only viewed, the same content stands as tables and pictures.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..comparison.problem import Data
from ..optimizers import Optimizer
from .exploration import Controls, Exploration, UnitPictures, explore
from .problem import Problem

if TYPE_CHECKING:
    from .live import LiveView

__all__ = ["Controls", "Exploration", "Explorer", "UnitPictures", "explorer"]


class Explorer:
    """What `explorer` returns: at the end of a cell it shows itself.

    Parameters
    ----------
    problem : Problem
        Data and optimizer.
    controls : Controls
        Where the controls stand at first.
    live : bool
        Whether to listen to a browser.

    Attributes
    ----------
    result : Exploration
        What is shown now: follows the controls of a live explorer.
    """

    def __init__(self, problem: Problem, controls: Controls, *, live: bool) -> None:
        first = explore(controls, problem)
        assert first is not None  # nothing overtakes it
        self.result: Exploration = first
        self._view: LiveView | None = None
        if live:
            from .live import LiveView

            self._view = LiveView(first, self._show)

    def _show(self, result: Exploration) -> None:
        self.result = result

    def __repr__(self) -> str:
        """Return the table as text."""
        return repr(self.result)

    def _repr_html_(self) -> str:
        return self.result._repr_html_()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if self._view is not None:
            # A viewer without a kernel, or one that does not trust the notebook, takes the HTML.
            data = self._view.mimebundle() | data
        return data, {}


def explorer(
    data: Data = "flower",
    *,
    scheme: str = "normal(1)",
    scale: float = 0.01,
    depth: int = 1,
    width: int = 4,
    activation: str = "tanh",
    seed: int = 3,
    steps: int = 5_000,
    optimizer: str | Optimizer = "sgd(1.2)",
    live: bool | None = None,
) -> Explorer:
    """Show one small net, with controls for its start, in Jupyter.

    Each change trains the net again in the C core and shows the verdict on its start, its loss
    curve, and the output of every unit over the plane at each step. Going back to step 0 gives the
    same start again: same seed, same bits.

    Parameters
    ----------
    data : str, Dataset or (X, y), default "flower"
        What to train on, in classes; see `datasets.get`. Units are drawn where it has 2 features.
    scheme, scale, depth, width, activation, seed, steps
        Where the controls stand at first; see `Controls`.
    optimizer : Optimizer or str, default "sgd(1.2)"
        As in `Network.fit`.
    live : bool, optional
        True needs anywidget; False gives tables and pictures alone. By default live where anywidget
        is installed. Take False for a notebook that nbconvert turns into a page: it prefers the
        widget to the tables beside it, and a page shows a widget with a network alone.

    Returns
    -------
    Explorer
        `Explorer.result` is what is shown: a table, the diagnosis, the history, and the net at any
        step.

    Raises
    ------
    ImportError
        If `live` is True and anywidget is not installed.
    ValueError
        If a setting is out of its range, or the data do not fit.
    TypeError
        If an argument is of another kind.

    Examples
    --------
    >>> import initlens as il
    >>> explorer = il.widgets.explorer(scheme="zeros", steps=500)
    >>> explorer.result.diagnosis.verdict.code
    'zero_gradient'
    >>> explorer.result.network(0).weights[1].tolist()
    [[0.0], [0.0], [0.0], [0.0]]
    """
    controls = Controls(scheme, scale, depth, width, activation, seed, steps)
    problem = Problem.of(data, optimizer)
    if live is None or live:
        try:
            importlib.import_module("anywidget")
        except ImportError as error:
            if live:
                raise ImportError(
                    "a live explorer needs anywidget: pip install 'initlens[widgets]'; "
                    "live=False gives tables and pictures"
                ) from error
            live = False
        else:
            live = True
    return Explorer(problem, controls, live=live)
