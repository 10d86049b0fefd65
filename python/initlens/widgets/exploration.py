"""What the explorer shows for one position of its controls; no view, no browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._tools.checks import integer, real
from .._tools.format import number, share
from .._tools.text import html_text
from ..activations import get as get_activation
from ..comparison.outcomes import outcome_of, trend_step
from ..comparison.problem import layers_text
from ..diagnosis.examination import diagnose
from ..diagnosis.result import Diagnosis
from ..diagnosis.verdicts import verdict_lines
from ..initializers import get as get_scheme
from ..nets.history import History
from ..nets.network import Network
from ..tables import Table, Tabular
from .pictures import LEGEND, WIDTH, curve_alt, curve_svg, image, png
from .problem import GRID, Problem

__all__ = ["Controls", "Exploration", "UnitPictures", "explore"]

ROWS: Final = 50  # recorded intervals, and so positions of the step slider

MOST_HIDDEN: Final = 6
MOST_UNITS: Final = 16
MOST_STEPS: Final = 100_000


@dataclass(frozen=True)
class Controls:
    """Positions of the explorer's controls.

    Parameters
    ----------
    scheme : str, default "normal(1)"
        What draws the weights; see `initializers.get`.
    scale : float, default 0.01
        All weights are multiplied by it.
    depth : int, default 1
        Number of hidden layers, 0 to 6.
    width : int, default 4
        Units of each of them, 1 to 16.
    activation : str, default "tanh"
        Of the hidden layers.
    seed : int, default 3
        Of the weights.
    steps : int, default 5,000
        Optimizer steps, 1 to 100,000.

    Raises
    ------
    ValueError
        If one is out of its range, or scheme or activation are not known.
    TypeError
        If one is of another kind.

    Examples
    --------
    >>> import initlens as il
    >>> il.widgets.Controls(scheme="zeros").width
    4
    """

    scheme: str = "normal(1)"
    scale: float = 0.01
    depth: int = 1
    width: int = 4
    activation: str = "tanh"
    seed: int = 3
    steps: int = 5_000

    def __post_init__(self) -> None:
        """Check the positions, and write the scheme and the activation as they print."""
        checked = {
            "scheme": str(get_scheme(self.scheme)),
            "scale": real("scale", self.scale, minimum=0.0),
            "depth": integer("depth", self.depth, minimum=0, maximum=MOST_HIDDEN),
            "width": integer("width", self.width, minimum=1, maximum=MOST_UNITS),
            "activation": str(get_activation(self.activation)),
            "seed": integer("seed", self.seed, minimum=0),
            "steps": integer("steps", self.steps, minimum=1, maximum=MOST_STEPS),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False, repr=False)
class UnitPictures:
    """Outputs of every unit over the plane, at every recorded step.

    Parameters
    ----------
    values : ndarray of shape (R, U, GRID, GRID), uint8
        1 to 255 for -scale to scale, 128 for 0; layer after layer, the output layer last.
    scales : ndarray of shape (R, L), float64
        Largest size of an output of a layer. That of probabilities is 1, and 1/2 is drawn as 0.
    """

    values: NDArray[np.uint8]
    scales: NDArray[np.float64]

    @classmethod
    def of(cls, frames: list[list[NDArray[Any]]], *, classes: bool) -> UnitPictures:
        """Scale the activations (GRID * GRID, units) of every layer at every recorded step."""
        values, scales = [], []
        for frame in frames:
            layers = [np.nan_to_num(a.astype(np.float64)) for a in frame]
            if classes:
                layers[-1] = 2.0 * layers[-1] - 1.0
            sizes = [float(np.abs(a).max()) for a in layers]
            if classes:
                sizes[-1] = 1.0
            shares = [a / (size or 1.0) for a, size in zip(layers, sizes, strict=True)]
            drawn = np.rint(128.0 + 127.0 * np.concatenate(shares, axis=1)).astype(np.uint8)
            values.append(drawn.T.reshape(-1, GRID, GRID))
            scales.append(sizes)
        return cls(np.stack(values), np.array(scales))


@dataclass(frozen=True, eq=False, repr=False)
class Exploration(Tabular):
    """One net from its start to its end: what the explorer shows.

    Parameters
    ----------
    controls : Controls
        What was asked for.
    problem : Problem
        Data and optimizer.
    diagnosis : Diagnosis
        Of the start.
    history : History
        What was recorded in training.
    outcome : str
        What became of the net, in the words of `compare`.
    final_loss : float
        On all samples, after training.
    accuracy : float
        Share of right classes after training.
    pictures : UnitPictures or None
        None where the samples are no points of the plane.

    Examples
    --------
    >>> import initlens as il
    >>> result = il.widgets.explorer(scheme="constant(1)", scale=0.5, steps=200).result
    >>> result.diagnosis.verdict.code, result.outcome
    ('symmetric', 'one unit, copied 4 times')
    """

    controls: Controls
    problem: Problem
    diagnosis: Diagnosis
    history: History
    outcome: str
    final_loss: float
    accuracy: float
    pictures: UnitPictures | None

    def network(self, step: int | None = None) -> Network:
        """Train the net again, to the same bits, up to a step.

        Parameters
        ----------
        step : int, optional
            0 is the start; the last one by default.

        Returns
        -------
        Network

        Raises
        ------
        ValueError
            If it is negative, or beyond the controls' steps.
        """
        steps = self.controls.steps
        end = steps if step is None else integer("step", step, minimum=0, maximum=steps)
        net = _start(self.controls, self.problem)
        X, y = self.problem.X, self.problem.y
        net.fit(X, y, optimizer=self.problem.optimizer, steps=end, record=0)
        return net

    @property
    def layers(self) -> tuple[int, ...]:
        """Widths, inputs first and outputs last."""
        return _layers(self.controls, self.problem)

    @property
    def code(self) -> str:
        """Python that makes the same start."""
        controls = self.controls
        lines = [
            f"net = il.Network({list(self.layers)}, activation={controls.activation!r})",
            f"net.initialize({controls.scheme!r}, rng={controls.seed})",
        ]
        if controls.scale != 1.0:
            lines += ["for weights in net.weights:", f"    weights *= {controls.scale!r}"]
        return "\n".join(lines)

    @property
    def title(self) -> str:
        """Data, net, start and training in one line."""
        controls, problem = self.controls, self.problem
        hidden = controls.activation if controls.depth else "no hidden layer"
        scale = "" if controls.scale == 1.0 else f" x {controls.scale:g}"
        return (
            f"{problem.name} data ({len(problem.X):,} points) · {layers_text(self.layers)} "
            f"{hidden} · {controls.scheme}{scale}, seed {controls.seed} · {problem.optimizer}, "
            f"{controls.steps:,} steps"
        )

    @property
    def start_texts(self) -> tuple[str, ...]:
        """The verdicts on the start: what is wrong with it, or what is worth knowing."""
        return verdict_lines(self.diagnosis.alarms or self.diagnosis.verdicts)

    @property
    def end_text(self) -> str:
        """What became of the net."""
        return (
            f"After {self.history.steps_done:,} steps: {self.outcome} (at the start: "
            f"{self.diagnosis.answer}); loss "
            f"{number(self.final_loss)} (at chance {number(self.history.chance_loss)}), accuracy "
            f"{100.0 * self.accuracy:.1f} %."
        )

    @property
    def missing_text(self) -> str:
        """Why there are no pictures of units; empty where there are."""
        if self.pictures is not None:
            return ""
        return (
            "Units are drawn over the plane, for data with 2 features; these have "
            f"{self.problem.X.shape[1]}."
        )

    def layer_names(self) -> list[str]:
        """Return "layer 1", ..., "output"."""
        return [*(f"layer {layer + 1}" for layer in range(self.controls.depth)), "output"]

    def captions(self, row: int) -> list[str]:
        """Return what the record says of each layer at a row: the units' pictures in words."""
        texts = []
        for layer, name in enumerate(self.layer_names()):
            parts = []
            if name != "output":
                distinct, width = self.history.distinct_units[row, layer], self.controls.width
                parts.append(f"{distinct} of {width} {'unit' if width == 1 else 'units'} distinct")
                parts.append(f"saturated {share(self.history.saturated[row, layer])}")
                if self.pictures is not None:
                    parts.append(f"colours to ±{self.pictures.scales[row, layer]:.2g}")
            else:
                parts.append("probability" if self.problem.outputs == 1 else "probabilities")
                parts += ["white at 1/2"] if self.pictures is not None else []
            texts.append(f"{name}: {', '.join(parts)}")
        return texts

    def table(self) -> Table:
        """Return what was recorded, with the verdict and the outcome below.

        Returns
        -------
        Table
        """
        notes = (
            *(f"Start: {text}" for text in self.start_texts),
            self.end_text,
            *([self.missing_text] if self.missing_text else []),
        )
        return replace(self.history.table(), title=self.title, notes=notes)

    def _repr_html_(self) -> str:
        """Show all that the live explorer shows, at the start and at the end, without a script."""
        curve = curve_svg(self.history).replace(
            "<svg ", '<svg style="color:#111;background:#fff" ', 1
        )
        return (
            f"{super()._repr_html_()}\n"
            f"{image('image/svg+xml', curve.encode(), curve_alt(self.history), WIDTH)}\n"
            f"{self._units_html()}<pre>{escape(self.code)}</pre>"
        )

    def _units_html(self) -> str:
        pictures = self.pictures
        if pictures is None:
            return ""
        ends = (0, len(pictures.values) - 1)
        bounds = np.cumsum([0, *self.layers[1:]])
        rows = []
        for layer, (name, first, stop) in enumerate(
            zip(self.layer_names(), bounds[:-1], bounds[1:], strict=True)
        ):
            cells = []
            for row in ends:
                caption = self.captions(row)[layer]
                gap = np.zeros((pictures.values.shape[2], 2), np.uint8)
                units = [(unit, gap) for unit in pictures.values[row, first:stop]]
                strip = np.hstack(list(chain.from_iterable(units))[:-1])
                alt = f"Outputs over the plane, {caption}"
                shown = image("image/png", png(strip), alt, 2 * strip.shape[1])
                cells.append(f"<td>{shown}<br>{html_text(caption)}</td>")
            rows.append(f'<tr><th scope="row">{html_text(name)}</th>{"".join(cells)}</tr>')
        heads = "".join(
            f'<th scope="col">{text}</th>'
            for text in ("layer", "at the start", f"after {self.history.steps_done:,} steps")
        )
        return (
            f"<table>\n<caption>{LEGEND}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n"
            "</tbody>\n</table>\n"
        )


def explore(
    controls: Controls, problem: Problem, overtaken: Callable[[], bool] = lambda: False
) -> Exploration | None:
    """Train the net that the controls ask for.

    Parameters
    ----------
    controls : Controls
        Their positions.
    problem : Problem
        Data and optimizer.
    overtaken : callable, optional
        Asked about 50 times in a run whether to give it up.

    Returns
    -------
    Exploration or None
        None if it was given up.
    """
    net = _start(controls, problem)
    X, y, optimizer = problem.X, problem.y, problem.optimizer
    diagnosis = diagnose(net, X, y, optimizer=optimizer, steps=controls.steps)
    frames: list[list[NDArray[Any]]] = []

    def draw(net: Network) -> None:
        if problem.is_plane:
            frames.append([layer.a for layer in net.activations(problem.grid)])

    def after(step: int, net: Network) -> bool:
        draw(net)
        return overtaken()

    draw(net)
    every = max(1, controls.steps // ROWS)
    history = net.fit(X, y, optimizer=optimizer, steps=controls.steps, record=every, callback=after)
    if history.stopped:
        return None
    if problem.is_plane and len(frames) < len(history.steps):
        draw(net)  # the row at which it diverged
    final_loss = net.loss(X, y)
    return Exploration(
        controls,
        problem,
        diagnosis,
        history,
        outcome_of(
            diagnosis.loss.first,
            final_loss,
            chance_loss=history.chance_loss,
            earlier_loss=_earlier_loss(history, controls.steps),
            diverged_at=history.diverged_at,
            weights_move=bool(history.gradient_norm[[0, -1]].any()),
            distinct_end=history.worst_units(-1),
            hidden_layers=controls.depth,
            saturated_start=history.worst_saturated(0),
        ),
        final_loss,
        net.accuracy(X, y),
        UnitPictures.of(frames, classes=True) if problem.is_plane else None,
    )


def _earlier_loss(history: History, steps: int) -> float | None:
    """Return the loss that was recorded where the last fifth of the steps begins."""
    begin = trend_step(steps)
    if begin is None or begin > history.steps[-1]:
        return None
    return float(history.loss[np.searchsorted(history.steps, begin)])


def _layers(controls: Controls, problem: Problem) -> tuple[int, ...]:
    return (problem.X.shape[1], *[controls.width] * controls.depth, problem.outputs)


def _start(controls: Controls, problem: Problem) -> Network:
    net = Network(_layers(controls, problem), controls.activation)
    net.initialize(controls.scheme, rng=controls.seed)
    for weights in net.weights:
        weights *= controls.scale
    return net
