"""See, compare and test how dense neural networks start.

`Network` is a dense net in C, `compare` trains it from several initializations side by side,
`initializers` holds the schemes. ``initlens.compare()`` alone runs the lecture's comparison.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ._core import NUMERICS_VERSION

if TYPE_CHECKING:
    from . import (
        activations,
        auditing,
        datasets,
        diagnosis,
        initializers,
        meanfield,
        optimizers,
        plotting,
        tables,
        testing,
        widgets,
    )
    from ._config import show_config
    from ._moments import Moments, moments
    from ._warnings import InitWarning, SymmetryWarning
    from .auditing import Audit, audit
    from .comparison import Comparison, Run, compare
    from .diagnosis import Diagnosis, Verdict, diagnose
    from .gains import gain, random_walk_gain
    from .grids import ScaleByDepth, scale_by_depth
    from .history import History
    from .network import Gradients, LayerActivation, Network, Settings
    from .optimizers import SGD, Adam, RMSProp
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

# Where the names are; loaded at first use, so that `import initlens` stays as light as NumPy's.
_HOMES = {
    "Adam": "optimizers",
    "Audit": "auditing",
    "Comparison": "comparison",
    "Diagnosis": "diagnosis",
    "Gradients": "network",
    "History": "history",
    "InitWarning": "_warnings",
    "LayerActivation": "network",
    "Moments": "_moments",
    "Network": "network",
    "RMSProp": "optimizers",
    "Run": "comparison",
    "SGD": "optimizers",
    "ScaleByDepth": "grids",
    "Settings": "network",
    "SymmetryWarning": "_warnings",
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


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = importlib.import_module("._config", __name__).version()
    elif name in _HOMES:
        value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    elif name in __all__:  # a module
        value = importlib.import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
