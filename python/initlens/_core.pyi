"""The C core, as the binding exposes it. Private: use `initlens.Network` and the functions above it."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypedDict, final

import numpy as np
from numpy.typing import NDArray

NUMERICS_VERSION: Final[int]

# (kind, a, b, mode, distribution) as the C struct il_scheme:
# kind "constant" | "normal" | "uniform" | "variance_scaling", mode "fan_in" | "fan_out" | "fan_avg",
# distribution "normal" | "uniform".
SchemeTuple = tuple[str, float, float, str, str]

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
    distinct_units: NDArray[np.int64] | None

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
    def _gradients(self, X: Any, y: Any) -> tuple[float, list[NDArray[Any]], list[NDArray[Any]]]: ...
    def _initialize(
        self, schemes: Sequence[SchemeTuple], bias_schemes: Sequence[SchemeTuple] | None, key: int
    ) -> None: ...
    def _fit(
        self,
        X: Any,
        y: Any,
        optimizer: OptimizerDict,
        steps: int,
        batch_size: int,  # 0: full batch
        record_every: int,  # 0: never
        poll: Callable[[int], object] | None,  # about 20 times a second, with the steps done; truthy stops
    ) -> FitResult: ...
    def _distinct_units(self) -> list[int]: ...
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
) -> None: ...

# g(z) and g'(z), element by element, in z's dtype (float32 or float64; else float64)
def activation_apply(kind: str, parameter: float, z: Any) -> tuple[NDArray[Any], NDArray[Any]]: ...
def activation_max_slope(kind: str, parameter: float) -> float: ...

# {"isa": ..., "reason": ..., "available": [...], "compiler": ..., "numpy_built_with": ...}
def show_config() -> dict[str, Any]: ...
def isa_select(name: str) -> None: ...
