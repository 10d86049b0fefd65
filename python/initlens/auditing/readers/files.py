"""Files: which format, and what is in it. Formats that run code when read are refused."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._tools import npz
from ..._tools.checks import integer
from ...nets.network import Network
from . import onnx, safetensors
from .reading import Dense, Layout, Opaque, Reading
from .trees import read_mapping

__all__ = ["read", "read_data"]

_PICKLES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".bin"})


def read(path: Path, layout: Layout | None, max_bytes: int | None = None) -> Reading | Network:
    """Read a model from an npz, safetensors or ONNX file; a saved `Network` comes back as one."""
    limit = npz.size_limit(path.stat().st_size, max_bytes)
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
            return _of_size(onnx.read(onnx.load(path)), limit)
        if suffix == ".safetensors":
            arrays, notes = safetensors.read(path)
            reading = read_mapping(arrays, "safetensors file", layout)
            reading.notes[:0] = notes
            return _of_size(reading, limit)
        if suffix == ".npz" or magic == b"PK":
            with npz.opened(path, max_bytes) as archive:
                header = "header" in archive.names and archive.claimed("header")[1].kind == "U"
                if not header:
                    arrays = {name: archive.array(name) for name in archive.names}
            if header:
                return Network.load(path, max_bytes=max_bytes)
            return _of_size(read_mapping(arrays, "npz file", layout), limit)
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}") from error
    raise ValueError(f"{str(path)!r} is no .npz, .safetensors or .onnx file")


def _of_size(reading: Reading, limit: int) -> Reading:
    """Return the reading, if its layers are not absurdly many or large; one matrix may be many."""
    layers = [item for item in reading.items if isinstance(item, Dense | Opaque)]
    if len(layers) > npz.MAX_ARRAYS:
        raise ValueError(f"it has {len(layers):,} layers, more than {npz.MAX_ARRAYS:,}")
    total = sum(item.weight.value.nbytes for item in layers if item.weight is not None)
    if total > limit:
        raise ValueError(
            f"the weights of its {len(layers):,} layers take {total:,} bytes, more than {limit:,}; "
            f"if you trust it, pass max_bytes={total}"
        )
    return reading


def read_data(
    path: str | PathLike[str], *, max_bytes: int | None = None
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return X and y from an npz file; y may be missing. `max_bytes` is as in `audit`."""
    size = None if max_bytes is None else integer("max_bytes", max_bytes, minimum=0)
    try:
        arrays = npz.read(path, size)
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}") from error
    if "X" not in arrays:
        raise ValueError(f"{str(path)!r} holds no array X; it holds {', '.join(arrays) or 'none'}")
    X = np.asarray(arrays["X"])
    return X, arrays.get("y")
