"""What this installation is: versions, CPU, kernels in use."""

import importlib.metadata
import platform
from typing import Any, Literal, overload

import numpy as np

from . import _core
from ._tools.text import unknown
from .tables import Table

__all__ = ["config", "config_table", "show_config", "version"]


def version() -> str:
    """Return the version of the installed package."""
    try:
        return importlib.metadata.version("initlens")
    except importlib.metadata.PackageNotFoundError:  # run from a source tree
        return "unknown"


def config() -> dict[str, Any]:
    """Return versions, machine and kernels as a dict that JSON can hold."""
    return {
        "initlens": version(),
        "numerics_version": _core.NUMERICS_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": platform.system(),
        "machine": platform.machine(),
        **_core.show_config(),
    }


def config_table() -> Table:
    """Return `config()` as a table."""
    rows = tuple(
        (
            key.replace("_", " "),
            ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value),
        )
        for key, value in config().items()
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
        return config()
    if mode != "stdout":
        raise ValueError(unknown("mode", mode, ("stdout", "dicts")))
    print(config_table())
    return None
