"""Files: which format, and what is in it. Formats that run code when read are refused."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...nets.network import Network
from . import npz, onnx, safetensors
from .reading import Layout, Reading
from .trees import read_mapping

__all__ = ["read", "read_data"]

_PICKLES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".bin"})


def read(path: Path, layout: Layout | None) -> Reading | Network:
    """Read a model from an npz, safetensors or ONNX file; a saved `Network` comes back as one."""
    suffix = path.suffix.lower()
    with path.open("rb") as stream:
        magic = stream.read(2)
    if suffix in _PICKLES or magic[:1] == b"\x80":
        raise ValueError(
            f"{str(path)!r} may hold pickles, which run code when read: load it where you trust it "
            "and pass the model, or save its weights as safetensors or npz"
        )
    if suffix in (".h5", ".hdf5", ".keras"):
        raise ValueError(f"load {str(path)!r} with Keras and pass the model")
    try:
        if suffix == ".onnx":
            return onnx.read(onnx.load(path))
        if suffix == ".safetensors":
            arrays, notes = safetensors.read(path)
            reading = read_mapping(arrays, "safetensors file", layout)
            reading.notes[:0] = notes
            return reading
        if suffix == ".npz" or magic == b"PK":
            arrays = npz.read(path)
            if "header" in arrays and arrays["header"].dtype.kind == "U":
                return Network.load(path)
            return read_mapping(arrays, "npz file", layout)
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}") from error
    raise ValueError(f"{str(path)!r} is no .npz, .safetensors or .onnx file")


def read_data(path: str | PathLike[str]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return X and y from an npz file; y may be missing."""
    try:
        arrays = npz.read(Path(path))
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}") from error
    if "X" not in arrays:
        raise ValueError(f"{str(path)!r} holds no array X; it holds {', '.join(arrays) or 'none'}")
    X = np.asarray(arrays["X"])
    return X, arrays.get("y")
