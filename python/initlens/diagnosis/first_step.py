"""An optimizer's first step, measured before it is taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.text import jsonable
from ..activations import get as get_activation
from ..nets import targets
from ..nets.network import Network
from ..optimizers import SGD, Optimizer
from .measures import SATURATED_SLOPE, LayerMeasures, Symmetry, measure

__all__ = [
    "CURVATURE_SHARE",
    "MULTIPLES",
    "FirstStep",
    "distinct_counts",
    "distinct_share",
    "loss_ratio",
    "measure_first_step",
]

MULTIPLES: Final = (1.0, 3.0, 10.0, 30.0)
CURVATURE_SHARE: Final = 0.5  # of 2 / sharpness: the rate where no optimizer is given
SAME: Final = 1 - 1e-6  # correlation from which two units are one up to sign and scale


@dataclass(frozen=True)
class FirstStep:
    """The first step of an optimizer from a start: how far, where to, and what it does to the loss.

    Two residuals make a step. The *centred* one, best constant output less y, is what is left to
    learn once the outputs have come to the mean of y; an offset of the outputs, which hides
    vanished signals, is not in it. The *real* one is that of the net's own outputs. All fields but
    `ray` and `over` come from the centred one. Weight decay is not part of the step.

    Parameters
    ----------
    optimizer : SGD, Adam or RMSProp
        Whose step it is. Where none was given: plain SGD at `CURVATURE_SHARE` of the largest rate
        that the curvature allows, 2 / `sharpness`.
    steps : int
        Of the training to come; `lin` depends on it.
    batch_size : int or None
        Of the training to come; None for full batches.
    loss, chance : float
        Loss before the step (infinite where it overflows), and that of the best constant output.
    move : tuple of float
        For each layer, the norm of the step of its weights over their norm, without unit. With g
        the gradient of the mean loss, the step is ``-rate g / (1 - momentum)`` for SGD and
        ``-rate g / (sqrt(v) + epsilon) / (1 - momentum)`` for Adam and RMSProp (Kingma & Ba 2015),
        ``v = g^2 + Var(g_s) / batch (B - batch) / (B - 1)`` with the variance of the gradients of
        the B samples: what the running means tend to. Infinite for zero weights that move, 0 for
        those that do not. Cost: a backward pass; for Adam and RMSProp one more product per layer.
    bias_move : tuple of float
        The same for the biases.
    rates : tuple of float
        For each layer, norm of the step over norm of the gradient: the rate at which plain SGD
        would move the weights as far. 0 without a gradient.
    gradient_norms : tuple of float
        Norm of the gradient of each layer's weights; 0 also where it underflows the net's dtype.
    aim : float
        Cosine between the change of the outputs by the step, to first order, and y, both less
        their means over the samples; in [-1, 1], 0 where one of them is constant or not finite.
        The outputs are those before softmax or sigmoid. Cost: one forward derivative, two products
        per layer.
    lin : float
        Share of the energy of y less its mean that training would learn in `steps` steps if the
        net stayed linear in its parameters: the mean of ``1 - exp(-2 lambda steps)`` over the
        eigenvectors of the centred tangent kernel, weighted by the energy along each (Jacot et
        al. 2018). The kernel is the sum over layers of `rates` times the layer's kernel; lambda is
        an eigenvalue times the curvature of the loss over the number of samples. At most 40
        samples, evenly chosen. With several outputs it is the mean of their kernels, of at most 16
        outputs, evenly chosen. Cost: a backward pass of 40 samples per output.
    sharpness : float
        Largest eigenvalue of the Gauss-Newton matrix of the loss at the best constant output, by
        the same kernels (each layer at rate 1), and where the loss takes outputs one by one also by
        that of their sum, of all outputs. Gradient descent diverges for rates above
        2 / `sharpness`. Not finite where the kernels overflow.
    multiples, ray : tuple of float
        The loss after each of these multiples of the step from the real residual; infinite where it
        overflows. Cost: a forward pass each.
    over : float
        Loss after one such step over the loss before: below 1 where the step fits the curvature.
        1 where both are 0 or infinite.
    distinct : float
        Smallest share over the hidden layers of units whose activations on X differ by more than
        sign and scale: groups of absolute correlation above 1 - 1e-6, constant units one group
        together. 1 without hidden layers; NaN where activations are not finite.

    References
    ----------
    Jacot, A., Gabriel, F. & Hongler, C. (2018), Neural tangent kernel, NeurIPS.
    Cohen, J. et al. (2021), Gradient descent on neural networks typically occurs at the edge of
    stability, ICLR.
    Kingma, D. P. & Ba, J. (2015), Adam, ICLR.
    Schraudolph, N. N. (2002), Fast curvature matrix-vector products for second-order gradient
    descent, Neural Computation 14 (the Gauss-Newton matrix).
    """

    optimizer: Optimizer
    steps: int
    batch_size: int | None
    loss: float
    chance: float
    move: tuple[float, ...]
    bias_move: tuple[float, ...]
    rates: tuple[float, ...]
    gradient_norms: tuple[float, ...]
    aim: float
    lin: float
    sharpness: float
    multiples: tuple[float, ...]
    ray: tuple[float, ...]
    over: float
    distinct: float

    @property
    def fastest(self) -> float:
        """Largest `move` of a layer: the part of its weights that one step changes."""
        return float(np.max(self.move))

    @property
    def largest_rate(self) -> float:
        """2 / `sharpness`, the largest rate that the curvature allows; infinite where it is 0."""
        return 2 / self.sharpness if self.sharpness else math.inf

    def to_dict(self) -> dict[str, Any]:
        """Return everything in values that JSON can hold; NaN and infinity become None."""
        values = asdict(self) | {"optimizer": self.optimizer.to_dict()}
        values |= {"fastest": self.fastest, "largest_rate": self.largest_rate, "edge": self.edge}
        plain: dict[str, Any] = jsonable(values)
        return plain

    @property
    def edge(self) -> float:
        """The learning rate over the largest at which gradient descent is stable; NaN for others.

        2 (1 + momentum) / `sharpness` for SGD with momentum (Cohen et al. 2021, appendix B).
        """
        if not isinstance(self.optimizer, SGD):
            return math.nan
        bound = 2.0 * (1.0 + self.optimizer.momentum)
        return self.optimizer.learning_rate * self.sharpness / bound

    @property
    def relative_ray(self) -> tuple[float, ...]:
        """`ray` over `chance`; infinite where the loss is or the chance loss is 0."""
        return tuple(value / self.chance if self.chance > 0 else math.inf for value in self.ray)


def measure_first_step(
    net: Network,
    X: ArrayLike,
    target: NDArray[Any],
    optimizer: Optimizer | None = None,
    steps: int = 10_000,
    batch_size: int | None = None,
    *,
    layers: Sequence[LayerMeasures] | None = None,
) -> FirstStep:
    """Measure the first step from a net's start; the net stays as it is.

    Parameters
    ----------
    net : Network
        Which net.
    X : array_like of shape (m, n_in)
        Samples.
    target : ndarray of shape (m, n_out)
        Encoded y.
    optimizer : SGD, Adam or RMSProp, optional
        None: plain SGD at `CURVATURE_SHARE` of 2 / sharpness.
    steps : int, default 10_000
        Of the training to come.
    batch_size : int, optional
        Of the training to come; None for full batches.
    layers : sequence of LayerMeasures, optional
        What `measure` found of the same net on the same X; measured again if it is not given.

    Returns
    -------
    FirstStep

    Raises
    ------
    ValueError
        If X or the target does not fit the net, or is not finite.
    """
    asked = SGD(0.0) if optimizer is None else optimizer
    share = CURVATURE_SHARE if optimizer is None else 0.0
    found = net._first_step(X, target, asked._spec(), batch_size or 0, steps, MULTIPLES, share)
    if layers is None:
        hidden = [get_activation(text) for text in net.settings.activation]
        layers, _, _ = measure(net, hidden, X, None, SATURATED_SLOPE)
    ray = tuple(found["ray"].tolist())
    return FirstStep(
        optimizer=SGD(found["learning_rate"]) if optimizer is None else optimizer,
        steps=steps,
        batch_size=batch_size,
        loss=found["loss"],
        chance=targets.chance_loss(target, net.settings.loss),
        move=tuple(found["move"].tolist()),
        bias_move=tuple(found["bias_move"].tolist()),
        rates=tuple(found["rate"].tolist()),
        gradient_norms=tuple(found["gradient_norm"].tolist()),
        aim=found["aim"],
        lin=found["lin"],
        sharpness=found["sharpness"],
        multiples=MULTIPLES,
        ray=ray,
        over=loss_ratio(ray[0], found["loss"]),
        distinct=distinct_share(layers),
    )


def loss_ratio(after: float, before: float) -> float:
    """Return the loss after a step over the loss before it; 1 where both are 0 or infinite."""
    if after == before:
        return 1.0
    return after / before if before > 0 else math.inf


def distinct_share(layers: Sequence[LayerMeasures]) -> float:
    """Return the smallest share of units that differ by more than sign and scale on the data.

    Of the hidden layers; 1 without any, NaN where one was not measured or is not finite.
    """
    hidden = [layer.units for layer in layers if layer.symmetry is not None]
    shares = np.divide(distinct_counts(layers), hidden)
    return float(np.min(shares)) if hidden else 1.0


def distinct_counts(layers: Sequence[LayerMeasures]) -> list[float]:
    """Return for each hidden layer how many units differ by more than sign and scale on the data.

    NaN where a layer was not measured or is not finite.
    """
    return [_distinct_count(s) for layer in layers if (s := layer.symmetry) is not None]


def _distinct_count(symmetry: Symmetry) -> float:
    if math.isnan(symmetry.effective_units):
        return math.nan
    same = np.abs(symmetry.similarity) > SAME  # False for constant units
    first = same.argmax(axis=1)
    leads = (first == np.arange(len(same))) & same.diagonal()
    return float(leads.sum() + (symmetry.constant_units > 0))
