"""safetensors: a length, a header in JSON, then the numbers.

Everything the header claims is checked against the size of the file before an array is made of it;
nothing is run. The format: github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..._tools.npz import MAX_ARRAYS

__all__ = ["read"]

MAX_HEADER: Final = 100_000_000  # bytes, as in the reference implementation
MAX_DIMENSION: Final = 1 << 48  # of an empty tensor; others are bounded by their data
_DTYPES: Final = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"},
    **{"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1"},
    **{"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "?"},
}


def read(path: Path) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the tensors of a file by name, and notes on what was left out or widened."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, MAX_HEADER):
            raise ValueError(f"a header of {length:,} bytes in a file of {size:,}")
        header = _header(stream.read(length))
        if len(header) > MAX_ARRAYS:
            raise ValueError(f"it holds {len(header):,} tensors, more than {MAX_ARRAYS:,}")
        data = stream.read(size - 8 - length)
    entries = {name: _entry(name, entry, len(data)) for name, entry in header.items()}
    spans = sorted((start, end, name) for name, (_, _, start, end) in entries.items())
    for (_, end, first), (start, _, second) in pairwise(spans):
        if start < end:
            raise ValueError(f"{first!r} and {second!r} overlap")
    arrays: dict[str, NDArray[Any]] = {}
    notes: list[str] = []
    for name, (dtype, shape, start, end) in entries.items():
        if dtype not in _DTYPES:
            notes.append(f"{name}: left out, its dtype {dtype} is not read")
            continue
        kind = np.dtype(_DTYPES[dtype])
        count = math.prod(shape)
        if count * kind.itemsize != end - start:
            raise ValueError(f"{name!r} of {dtype} and shape {shape} in {end - start:,} bytes")
        array = np.frombuffer(data, kind, count, start).reshape(shape)
        if dtype == "BF16":
            notes.append(f"{name}: bfloat16 widened to float32")
            wide = array.astype("<u4")
            wide <<= 16
            array = wide.view("<f4")
        arrays[name] = array
    return arrays, notes


def _header(text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) != len(pairs):
            raise ValueError("a name occurs twice in the header")
        return content

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"the header is no JSON: {error}") from None
    if not isinstance(header, dict):
        raise ValueError("the header is no JSON object")
    header.pop("__metadata__", None)
    return header


def _entry(name: str, entry: Any, size: int) -> tuple[str, tuple[int, ...], int, int]:
    def natural(value: Any) -> bool:
        return type(value) is int and value >= 0

    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [start, end]} if (
            len(shape) <= 32
            and all(map(natural, [*shape, start, end]))
            and max(shape, default=0) <= MAX_DIMENSION
            and start <= end <= size
        ):
            return dtype, tuple(shape), start, end
        case _:
            raise ValueError(f"the header says of {name!r}: {str(entry)[:80]}, of {size:,} bytes")
