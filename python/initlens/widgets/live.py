"""The live explorer: an anywidget that sends controls here and gets a trained net back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from ..activations import names as activation_names
from .exploration import MOST_HIDDEN, MOST_UNITS, Controls, Exploration, explore
from .pictures import LEGEND, PALETTE, curve_svg, points_svg
from .problem import GRID

__all__ = ["LiveView"]

SCHEMES: Final = (
    "zeros",
    "ones",
    "normal(1)",
    "uniform(1)",
    "orthogonal",
    "glorot_uniform",
    "he_normal",
    "lecun_normal",
)
STEPS: Final = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
SCALES: Final = tuple(float(f"{digit}e{k}") for k in range(-3, 3) for digit in (1, 2, 5))


class LiveView(anywidget.AnyWidget):
    """The widget: `controls` come from the browser, `result` goes there.

    Parameters
    ----------
    first : Exploration
        What is shown at first.
    shown : callable
        Told what is shown from now on.
    """

    _esm = Path(__file__).with_name("explorer.js")
    _css = Path(__file__).with_name("explorer.css")
    choices = traitlets.Dict().tag(sync=True)
    controls = traitlets.Dict().tag(sync=True)
    result = traitlets.Dict().tag(sync=True)

    def __init__(self, first: Exploration, shown: Callable[[Exploration], None]) -> None:
        self._problem = first.problem
        self._shown = shown
        self._latest = 0
        self._training = threading.Lock()
        super().__init__(
            choices=_choices(first),
            controls={"serial": 0, **asdict(first.controls)},
            result=_message(first, 0),
        )
        self.observe(self._changed, "controls")

    def mimebundle(self) -> dict[str, Any]:
        """Return what makes a front end show the widget."""
        bundle = self._repr_mimebundle_()
        assert bundle is not None  # the widget has a view
        return dict(bundle[0])

    def _changed(self, change: Any) -> None:
        # Not in this thread: while it trains, it could not hear that it is overtaken.
        serial = self._latest = int(change["new"]["serial"])
        threading.Thread(target=self._run, args=(dict(change["new"]), serial), daemon=True).start()

    def _run(self, positions: dict[str, Any], serial: int) -> None:
        del positions["serial"]
        with self._training:
            try:
                result = explore(
                    Controls(**positions), self._problem, lambda: self._latest != serial
                )
            except (TypeError, ValueError, MemoryError) as error:
                self.result = {"serial": serial, "error": str(error)}
                return
            if result is not None and self._latest == serial:
                self._shown(result)
                self.result = _message(result, serial)


def _choices(first: Exploration) -> dict[str, Any]:
    """Return what the controls offer, and what no control changes."""
    controls, problem = first.controls, first.problem
    return {
        "scheme": list(dict.fromkeys([*SCHEMES, controls.scheme])),
        "scale": sorted({*SCALES, controls.scale}),
        "depth": list(range(MOST_HIDDEN + 1)),
        "width": list(range(1, MOST_UNITS + 1)),
        "activation": activation_names(),
        "seed": sorted({*range(100), controls.seed}),
        "steps": sorted({*STEPS, controls.steps}),
        "grid": GRID,
        "palette": PALETTE.tobytes(),
        "points": points_svg(problem) if problem.is_plane else "",
    }


def _message(result: Exploration, serial: int) -> dict[str, Any]:
    """Return what the browser shows: every word of it is made here."""
    history, pictures = result.history, result.pictures
    rows = range(len(history.steps))
    return {
        "serial": serial,
        "title": result.title,
        "start": list(result.start_texts),
        "severity": (result.diagnosis.alarms or result.diagnosis.verdicts)[0].severity,
        "end": result.end_text,
        "legend": result.missing_text or LEGEND,
        "code": result.code,
        "curve": curve_svg(history),
        "steps": history.steps.tolist(),
        "losses": [f"{loss:.3g}" for loss in history.loss],
        "units": list(result.layers[1:]),
        "captions": [result.captions(row) for row in rows],
        "frames": b"" if pictures is None else pictures.values.tobytes(),
    }
