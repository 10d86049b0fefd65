"""The C core, as the binding exposes it; private: `initlens.Network` is what to use."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import NDArray

NUMERICS_VERSION: Final[int]
SMALL_NET: Final[int]  # parameters beyond which many nets are trained one by one

# (kind, a, b, mode, distribution, low, high, count) as the C struct il_scheme:
# kind "constant" | "normal" | "uniform" | "truncated_normal" | "variance_scaling" | "orthogonal" |
# "identity" | "sparse" | "hadamard", mode "fan_in" | "fan_out" | "fan_avg" | "fan_geo_avg",
# distribution "normal" | "uniform" | "truncated_normal".
SchemeTuple = tuple[str, float, float, str, str, float, float, int]

class OptimizerDict(TypedDict):
    kind: str  # "sgd" | "adam" | "rmsprop"
    learning_rate: float
    momentum: float
    nesterov: bool
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float

class FitResult(TypedDict):
    steps: int  # done
    diverged: bool
    interrupted: bool  # poll asked to stop
    # None where record_every was 0; R rows, L layers (the output layer is the last)
    record_step: NDArray[np.int64] | None  # (R,)
    record_loss: NDArray[np.float64] | None  # (R,)
    activation_mean: NDArray[np.float64] | None  # (R, L)
    activation_std: NDArray[np.float64] | None
    saturated: NDArray[np.float64] | None
    gradient_norm: NDArray[np.float64] | None
    weight_norm: NDArray[np.float64] | None
    unit_spread: NDArray[np.float64] | None
    distinct_units: NDArray[np.int64] | None

class LayerDict(TypedDict, total=False):
    """Fields of il_layer_diagnosis; M units, B samples. Arrays only where there are data, or y."""

    z_mean: float
    z_std: float
    a_mean: float
    a_std: float
    saturated_low: float
    saturated_high: float
    hard: float
    linear: float
    sparse: float
    weight_norm: float
    bias_norm: float
    weight_gradient_norm: float
    bias_gradient_norm: float
    z_gradient_norm: float
    a_gradient_norm: float
    signal_gradient_norm: float
    weights_not_finite: float
    z_not_finite: float
    gradients_not_finite: float
    z_quantiles: NDArray[np.float64]  # 0, 0.05, 0.25, 0.5, 0.75, 0.95, 1
    a_quantiles: NDArray[np.float64]
    unit_saturated: NDArray[np.float64]  # (M,)
    unit_inactive: NDArray[np.float64]  # (M,)
    unit_activity: NDArray[np.float64]  # (M,)
    sample_saturated: NDArray[np.float64]  # (B,)
    singular_values: NDArray[np.float64]  # (min(B, M),)
    scatter: NDArray[np.float64]  # (M, M)
    weight_gradient: NDArray[Any]  # (n_in, M)
    bias_gradient: NDArray[Any]  # (M,)

class FirstStepDict(TypedDict):
    """Fields of il_first_step; L layers, the output layer last."""

    learning_rate: float  # of the step
    loss: float  # before it
    aim: float
    lin: float
    sharpness: float
    move: NDArray[np.float64]  # (L,)
    bias_move: NDArray[np.float64]  # (L,)
    rate: NDArray[np.float64]  # (L,)
    gradient_norm: NDArray[np.float64]  # (L,)
    ray: NDArray[np.float64]  # one per multiple

class Net:
    """Base of `initlens.Network`: owns an il_net. Subclassable."""

    def __init__(
        self,
        widths: Sequence[int],
        activations: Sequence[tuple[str, float]],  # (kind, parameter), one per hidden layer
        loss: str,  # "binary_cross_entropy" | "cross_entropy" | "mse"
        dtype: str,  # "float32" | "float64"
    ) -> None: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def weights(self) -> list[NDArray[Any]]: ...  # writable views, (n_in, n_out)
    @property
    def biases(self) -> list[NDArray[Any]]: ...  # writable views, (n_out,)
    def forward(self, X: Any) -> NDArray[Any]: ...
    def _activations(self, X: Any) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]: ...  # z, a
    # y here is the encoded target: (B, n_out) of anything castable to the net's dtype, finite
    def _loss(self, X: Any, y: Any) -> float: ...
    def _gradients(
        self, X: Any, y: Any
    ) -> tuple[float, list[NDArray[Any]], list[NDArray[Any]]]: ...
    def _initialize(
        self,
        schemes: Sequence[SchemeTuple],
        bias_schemes: Sequence[SchemeTuple] | None,
        key: int,
        threads: int,  # at most
    ) -> None: ...
    def _fit(
        self,
        X: Any,
        y: Any,
        optimizer: OptimizerDict,
        steps: int,
        batch_size: int,  # 0: full batch
        record_every: int,  # 0: never
        # About 20 times a second, with the steps done; a true answer stops.
        poll: Callable[[int], object] | None,
        threads: int,  # at most
    ) -> FitResult: ...
    # Each net as its own _fit would leave it, bit for bit; small ones run side by side
    @classmethod
    def _fit_many(
        cls,
        nets: Sequence[Net],  # of one architecture
        X: Any,
        y: Any,
        optimizers: Sequence[OptimizerDict],  # one a net, alike but for their numbers
        steps: int,
        batch_size: int,
        record_every: int,
        poll: Callable[[int], object] | None,
    ) -> list[FitResult]: ...
    def _distinct_units(self) -> list[int]: ...
    # one dict a layer, loss, confident-wrong share; X None: weights only, y None: no gradients
    def _diagnose(
        self, X: Any, y: Any, threshold: float
    ) -> tuple[list[LayerDict], float, float]: ...
    def _first_step(
        self,
        X: Any,
        y: Any,
        optimizer: OptimizerDict,
        batch_size: int,  # 0: full batch
        steps: int,
        multiples: Any,  # of the step, for the ray
        curvature_share: float,  # 0: the optimizer's rate; else that share of 2 / sharpness
    ) -> FirstStepDict: ...
    # il_net_progress as a dict (keys as the C struct's fields, optimizer None or OptimizerDict) and
    # the slots: list of 0, 1 or 2 flat arrays (copies)
    def _get_progress(self) -> dict[str, Any]: ...
    def _get_slots(self) -> list[NDArray[Any]]: ...
    def _set_progress(self, progress: dict[str, Any], slots: Sequence[NDArray[Any]]) -> None: ...

# Elements start .. start + out.size - 1 of the tensor (n_in, n_out); out: C-contiguous, writable,
# float32 or float64. purpose: "weights" | "biases".
def fill(
    out: NDArray[Any],
    scheme: SchemeTuple,
    n_in: int,
    n_out: int,
    key: int,
    tensor: int,
    purpose: str,
    start: int,
    threads: int,  # at most
) -> None: ...

# g(z) and g'(z), element by element, in z's dtype (float32 or float64; else float64)
def activation_apply(kind: str, parameter: float, z: Any) -> tuple[NDArray[Any], NDArray[Any]]: ...
def activation_max_slope(kind: str, parameter: float) -> float: ...

# A row of csrc/kernels/activation_table.inc.h; il_activation_info in initlens.h says what each is.
class ActivationRow(TypedDict):
    name: str
    aliases: str  # a space between them
    parameter: str | None
    initial: float
    least: float
    most: float
    above: bool
    symmetry: int  # modulo of group_units
    flat: int  # bits: 1 left, 2 right, 4 in the middle
    rectified: bool
    kinks: tuple[float, ...]
    kinks_scaled: bool
    pole: float

def activation_table() -> list[ActivationRow]: ...

# Units as columns of incoming (N, M), entries of biases (M,), rows of outgoing (M, K); any None.
# modulo 0 none, 1 sign, 2 scale. Returns for each unit the first unit of its group.
def group_units(
    units: int, incoming: Any, biases: Any, outgoing: Any, modulo: int, tolerance: float
) -> NDArray[np.int64]: ...

# Members of the largest near-group, largest and mean distance from its first unit
def unit_spread(
    units: int, incoming: Any, biases: Any, outgoing: Any, tolerance: float
) -> tuple[int, float, float]: ...

# Rank of incoming (N, M); tolerance relative to the longest column
def weight_rank(units: int, incoming: Any, tolerance: float) -> int: ...

# {"isa": ..., "reason": ..., "available": [...], "compiler": ..., "numpy_built_with": ...}
def show_config() -> dict[str, Any]: ...
def isa_select(name: str) -> None: ...
