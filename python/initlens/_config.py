"""What this installation is: versions, CPU, kernels in use."""

import platform
from typing import Any, Literal, overload

import numpy as np

from ._core import NUMERICS_VERSION
from ._core import show_config as core_config
from ._tools.text import unknown
from .tables import Table

__all__ = ["config_table", "configuration", "show_config", "version"]


def version() -> str:
    """Return the version of the installed package."""
    import importlib.metadata  # which loads much, for this alone

    try:
        return importlib.metadata.version("initlens")
    except importlib.metadata.PackageNotFoundError:  # run from a source tree
        return "unknown"


def configuration() -> dict[str, Any]:
    """Return versions, machine and kernels as a dict that JSON can hold."""
    return {
        "initlens": version(),
        "numerics_version": NUMERICS_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": platform.system(),
        "machine": platform.machine(),
        **core_config(),
    }


def config_table() -> Table:
    """Return `configuration()` as a table."""
    rows = tuple(
        (
            key.replace("_", " "),
            ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value),
        )
        for key, value in configuration().items()
    )
    return Table("initlens configuration", ("what", "value"), rows)


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Show versions, CPU, and the kernels in use and why.

    Parameters
    ----------
    mode : {"stdout", "dicts"}, default "stdout"
        Print a table, or return a dict, as `numpy.show_config` does.

    Returns
    -------
    dict or None
        The dict for ``mode="dicts"``.

    Raises
    ------
    ValueError
        If the mode is not known.

    Examples
    --------
    >>> import initlens as il
    >>> il.show_config(mode="dicts")["numerics_version"]
    1
    """
    if mode == "dicts":
        return configuration()
    if mode != "stdout":
        raise ValueError(unknown("mode", mode, ("stdout", "dicts")))
    print(config_table())
    return None
