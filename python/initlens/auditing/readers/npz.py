"""npz: the sizes in the archive and in each array's header are checked before memory is taken."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

__all__ = ["MAX_BYTES", "read"]

# What zipfile raises for archives that lie, OSError for an offset before the file among them.
_BROKEN: Final = (BadZipFile, EOFError, OSError, RuntimeError, struct.error, zlib.error)

# What NumPy's parser of headers lets through, beside ValueError, for text that is no literal.
_NO_HEADER: Final = (MemoryError, RecursionError, SyntaxError, TokenError, TypeError)

MAX_BYTES: Final = (
    4 << 30
)  # of all arrays together: a small archive can claim to unpack to any size


def read(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by name.

    Raises
    ------
    ValueError
        If it is no npz file, is cut short, holds pickles, or claims sizes that do not fit.
    """
    with path.open("rb") as stream:
        try:
            with ZipFile(stream) as archive:
                return _arrays(archive)
        except _BROKEN as error:
            raise ValueError(f"it is no whole npz file: {error}") from error


def _arrays(archive: ZipFile) -> dict[str, NDArray[Any]]:
    members = archive.infolist()
    if any(member.filename.endswith(".pkl") for member in members):
        raise ValueError("it holds pickles, which run code when read")
    total = sum(member.file_size for member in members)
    if total > MAX_BYTES:
        raise ValueError(f"it unpacks to {total:,} bytes, more than {MAX_BYTES:,}")
    return {
        member.filename.removesuffix(".npy"): _array(archive, member)
        for member in members
        if member.filename.endswith(".npy")
    }


def _array(archive: ZipFile, member: ZipInfo) -> NDArray[Any]:
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ValueError(f"{member.filename} is packed in another way than NumPy does")
    with archive.open(member) as stream:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{member.filename}: header version {version} is not read")
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        try:
            shape, fortran, dtype = header(stream)
        except _NO_HEADER as error:
            raise ValueError(f"{member.filename}: its header cannot be read") from error
        if dtype.hasobject:
            raise ValueError(f"{member.filename} holds objects: pickles run code when read")
        size = math.prod(shape) * dtype.itemsize
        if not all(0 <= length <= MAX_BYTES for length in shape) or size > member.file_size:
            raise ValueError(f"{member.filename}: shape {shape} in {member.file_size:,} bytes")
        data = stream.read(size)
    if len(data) != size:
        raise ValueError(f"{member.filename} is cut short")
    array = np.frombuffer(data, dtype, math.prod(shape))
    return array.reshape(shape, order="F" if fortran else "C")
