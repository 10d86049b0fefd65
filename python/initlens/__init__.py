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
    from . import datasets, plotting, tables
    from ._config import show_config
    from .comparison import Comparison, Run, compare
    from .sweep import fit_many

    __version__: str

__all__ = [
    "NUMERICS_VERSION",
    "SGD",
    "Adam",
    "Comparison",
    "Gradients",
    "History",
    "InitWarning",
    "LayerActivation",
    "Network",
    "RMSProp",
    "Run",
    "Settings",
    "SymmetryWarning",
    "activations",
    "compare",
    "datasets",
    "fit_many",
    "initializers",
    "optimizers",
    "plotting",
    "show_config",
    "tables",
]

# Loaded at first use: `import initlens` stays as light as NumPy.
_LAZY = {
    "Comparison": "comparison",
    "Run": "comparison",
    "compare": "comparison",
    "fit_many": "sweep",
    "show_config": "_config",
}
_LAZY_MODULES = ("datasets", "plotting", "tables")


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
