"""See, compare and test how dense neural networks start.

`Network` is a dense net in C, `compare` trains it from several initializations side by side,
`initializers` holds the schemes. ``initlens.compare()`` alone runs the lecture's comparison.
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import activations, initializers, optimizers
from ._core import NUMERICS_VERSION
from ._warnings import InitWarning, SymmetryWarning
from .history import History
from .network import Gradients, LayerActivation, Network, Settings
from .optimizers import SGD, Adam, RMSProp

if TYPE_CHECKING:
    from . import auditing, datasets, diagnosis, meanfield, plotting, tables, testing, widgets
    from ._config import show_config
    from ._moments import Moments, moments
    from .auditing import Audit, audit
    from .comparison import Comparison, Run, compare
    from .diagnosis import Diagnosis, Verdict, diagnose
    from .gains import gain, random_walk_gain
    from .grids import ScaleByDepth, scale_by_depth
    from .sweep import fit_many
    from .truncation import truncated_std

    __version__: str

__all__ = [
    "NUMERICS_VERSION",
    "SGD",
    "Adam",
    "Audit",
    "Comparison",
    "Diagnosis",
    "Gradients",
    "History",
    "InitWarning",
    "LayerActivation",
    "Moments",
    "Network",
    "RMSProp",
    "Run",
    "ScaleByDepth",
    "Settings",
    "SymmetryWarning",
    "Verdict",
    "activations",
    "audit",
    "auditing",
    "compare",
    "datasets",
    "diagnose",
    "diagnosis",
    "fit_many",
    "gain",
    "initializers",
    "meanfield",
    "moments",
    "optimizers",
    "plotting",
    "random_walk_gain",
    "scale_by_depth",
    "show_config",
    "tables",
    "testing",
    "truncated_std",
    "widgets",
]

# Loaded at first use: `import initlens` stays as light as NumPy.
_LAZY = {
    "Audit": "auditing",
    "Comparison": "comparison",
    "Diagnosis": "diagnosis",
    "Moments": "_moments",
    "Run": "comparison",
    "ScaleByDepth": "grids",
    "Verdict": "diagnosis",
    "audit": "auditing",
    "compare": "comparison",
    "diagnose": "diagnosis",
    "fit_many": "sweep",
    "gain": "gains",
    "moments": "_moments",
    "random_walk_gain": "gains",
    "scale_by_depth": "grids",
    "show_config": "_config",
    "truncated_std": "truncation",
}
_LAZY_MODULES = (
    "auditing",
    "datasets",
    "diagnosis",
    "meanfield",
    "plotting",
    "tables",
    "testing",
    "widgets",
)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
    elif name in _LAZY_MODULES:
        value = importlib.import_module(f".{name}", __name__)
    elif name == "__version__":
        value = importlib.import_module("._config", __name__).version()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
