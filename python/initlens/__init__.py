"""See, compare and test how dense neural networks start.

`Network` is a dense net in C, `compare` trains it from several initializations side by side,
`initializers` holds the schemes. ``initlens.compare()`` alone runs the lecture's comparison.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from ._core import NUMERICS_VERSION as NUMERICS_VERSION

if TYPE_CHECKING:  # the names of _PUBLIC, for type checkers and editors; a test compares the two
    from . import activations as activations
    from . import auditing as auditing
    from . import datasets as datasets
    from . import diagnosis as diagnosis
    from . import initializers as initializers
    from . import meanfield as meanfield
    from . import optimizers as optimizers
    from . import plotting as plotting
    from . import tables as tables
    from . import testing as testing
    from . import widgets as widgets
    from ._config import show_config as show_config
    from ._tools.warnings import InitWarning as InitWarning
    from ._tools.warnings import SymmetryWarning as SymmetryWarning
    from .auditing import Audit as Audit
    from .auditing import audit as audit
    from .comparison import Comparison as Comparison
    from .comparison import Run as Run
    from .comparison import ScaleByDepth as ScaleByDepth
    from .comparison import compare as compare
    from .comparison import scale_by_depth as scale_by_depth
    from .diagnosis import Diagnosis as Diagnosis
    from .diagnosis import Verdict as Verdict
    from .diagnosis import diagnose as diagnose
    from .gains import gain as gain
    from .gains import random_walk_gain as random_walk_gain
    from .history import History as History
    from .nets.many import fit_many as fit_many
    from .network import Gradients as Gradients
    from .network import LayerActivation as LayerActivation
    from .network import Network as Network
    from .network import Settings as Settings
    from .optimizers import SGD as SGD
    from .optimizers import Adam as Adam
    from .optimizers import RMSProp as RMSProp
    from .theory.expectations import Moments as Moments
    from .theory.expectations import moments as moments
    from .truncation import truncated_std as truncated_std

    __version__: str

# The public names by the module that they are in, "." for those that are modules themselves. Each
# is loaded at first use, so that `import initlens` stays as light as NumPy's.
_PUBLIC: Final = {
    ".": (
        *("activations", "auditing", "datasets", "diagnosis", "initializers", "meanfield"),
        *("optimizers", "plotting", "tables", "testing", "widgets"),
    ),
    "._config": ("show_config",),
    "._tools.warnings": ("InitWarning", "SymmetryWarning"),
    ".auditing": ("Audit", "audit"),
    ".comparison": ("Comparison", "Run", "ScaleByDepth", "compare", "scale_by_depth"),
    ".diagnosis": ("Diagnosis", "Verdict", "diagnose"),
    ".gains": ("gain", "random_walk_gain"),
    ".history": ("History",),
    ".nets.many": ("fit_many",),
    ".network": ("Gradients", "LayerActivation", "Network", "Settings"),
    ".optimizers": ("SGD", "Adam", "RMSProp"),
    ".theory.expectations": ("Moments", "moments"),
    ".truncation": ("truncated_std",),
}
_HOMES: Final = {name: home for home, names in _PUBLIC.items() for name in names}

__all__ = sorted(["NUMERICS_VERSION", *_HOMES])


if not TYPE_CHECKING:  # which would take any name for known

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            value = importlib.import_module("._config", __name__).version()
        elif name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        elif _HOMES[name] == ".":
            value = importlib.import_module(f".{name}", __name__)
        else:
            value = getattr(importlib.import_module(_HOMES[name], __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
