"""npz archives, read headers first: what the arrays claim is compared before memory is taken.

Nothing is run, and what is no sound archive raises ValueError, whatever it holds: NumPy's own
parser of headers lets a dozen kinds of exceptions through.
"""

from __future__ import annotations

import ast
import math
import os
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_ARRAYS", "Archive", "opened", "read", "size_limit"]

MAX_ARRAYS: Final = 20_000  # in a file; the largest mixtures of experts have fewer in one
_ALWAYS: Final = 256 << 20  # bytes that any file may unpack to
_RATIO: Final = (
    16  # of unpacked bytes to those of the file; weights hardly shrink, zeros do 1,000 times
)

# What zipfile raises for archives that lie, OSError for an offset before the file among them.
_BROKEN: Final = (
    *(BadZipFile, EOFError, OSError, RuntimeError, struct.error, zlib.error),
    *(IndexError, KeyError, OverflowError, TypeError),
)
_NO_LITERAL: Final = (MemoryError, RecursionError, SyntaxError, TypeError, ValueError)

_MAGIC: Final = b"\x93NUMPY"
_MAX_HEADER: Final = 10_000  # bytes, as in NumPy
_DTYPE: Final = re.compile(r"[<>|=]?[biufcSUOVmM]\d{0,10}(\[\w*\])?", re.ASCII)
_MAX_LENGTH: Final = 1 << 48  # of an axis, also of an empty array
_PIECE: Final = 1 << 20  # bytes read at once


class _Header(NamedTuple):
    member: ZipInfo
    start: int  # where the numbers begin
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def size_limit(file_size: int, max_bytes: int | None) -> int:
    """Return how many bytes a file may unpack to: `max_bytes`, or what its own size makes likely.

    By default 16 times the size of the file, and at least 256 MiB.
    """
    return max(_ALWAYS, _RATIO * file_size) if max_bytes is None else max_bytes


class Archive:
    """An open npz file whose headers were read and found sound.

    Parameters
    ----------
    archive : ZipFile
        Open.
    limit : int
        Most bytes of all arrays together.

    Raises
    ------
    ValueError
        If it holds pickles, lies about sizes, or claims more than the limit.
    """

    def __init__(self, archive: ZipFile, limit: int) -> None:
        members = archive.infolist()
        if any(member.filename.endswith(".pkl") for member in members):
            raise ValueError("it holds pickles, which run code when read")
        if len(members) > MAX_ARRAYS:
            raise ValueError(f"it holds {len(members):,} arrays, more than {MAX_ARRAYS:,}")
        self._archive = archive
        self._headers = {
            member.filename.removesuffix(".npy"): _header(archive, member)
            for member in members
            if member.filename.endswith(".npy")
        }
        total = sum(header.size for header in self._headers.values())
        if total > limit:
            raise ValueError(
                f"it unpacks to {total:,} bytes, more than {limit:,}; "
                f"if you trust it, pass max_bytes={total}"
            )

    @property
    def names(self) -> list[str]:
        """Names of the arrays."""
        return list(self._headers)

    def claimed(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Return shape and dtype of an array; ValueError if there is none."""
        if name not in self._headers:
            raise ValueError(f"it holds no array {name!r}")
        return self._headers[name].shape, self._headers[name].dtype

    def array(self, name: str) -> NDArray[Any]:
        """Read an array."""
        self.claimed(name)
        header = self._headers[name]
        file = header.member.filename
        order = "F" if header.fortran else "C"
        array: NDArray[Any] = np.empty(header.shape, header.dtype, order)  # type: ignore[call-overload]
        if not header.size:
            return array
        bytes_ = array.reshape(-1, order="A").view(np.uint8)
        with _sound(), self._archive.open(header.member) as stream:
            stream.read(header.start)
            done = 0
            while done < header.size:
                piece = stream.read(min(_PIECE, header.size - done))
                if not piece:
                    raise ValueError(f"{file} is cut short")
                bytes_[done : done + len(piece)] = np.frombuffer(piece, np.uint8)
                done += len(piece)
        if header.dtype.kind == "U":  # NumPy makes no text of it, and raises SystemError
            codes = bytes_.view(np.dtype("u4").newbyteorder(header.dtype.byteorder))
            if codes.max() > sys.maxunicode:
                raise ValueError(f"{file} holds what is no text")
        return array


@contextmanager
def opened(path: str | os.PathLike[str], max_bytes: int | None = None) -> Iterator[Archive]:
    """Open a file and read its headers.

    Raises
    ------
    ValueError
        If it is no npz file, is cut short, holds pickles, or claims sizes that do not fit.
    OSError
        If it cannot be opened.
    """
    with Path(path).open("rb") as stream:
        limit = size_limit(os.fstat(stream.fileno()).st_size, max_bytes)
        with _sound():
            archive = ZipFile(stream)
        with archive:
            with _sound():
                content = Archive(archive, limit)
            yield content


def read(path: str | os.PathLike[str], max_bytes: int | None = None) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by name; see `opened` for what it raises."""
    with opened(path, max_bytes) as archive:
        return {name: archive.array(name) for name in archive.names}


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise ValueError(f"it is no whole npz file: {error}") from error


def _header(archive: ZipFile, member: ZipInfo) -> _Header:
    name = member.filename
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ValueError(f"{name} is packed in another way than NumPy does")
    with archive.open(member) as stream:
        start, text = _header_text(name, stream)
    try:
        content = ast.literal_eval(text)
    except _NO_LITERAL as error:
        raise ValueError(f"{name}: its header cannot be read") from error
    match content:
        case {"descr": descr, "fortran_order": bool(fortran), "shape": tuple(shape)} if all(
            type(length) is int for length in shape
        ):
            pass
        case _:
            raise ValueError(f"{name}: its header cannot be read")
    dtype = _dtype(name, descr)
    size = math.prod(shape) * dtype.itemsize
    if (
        len(shape) > 32
        or not all(0 <= length <= _MAX_LENGTH for length in shape)
        or size > member.file_size
    ):
        raise ValueError(f"{name}: shape {shape} in {member.file_size:,} bytes")
    return _Header(member, start, dtype, shape, fortran)


def _header_text(name: str, stream: IO[bytes]) -> tuple[int, str]:
    """Return where the numbers begin, and the header before them."""
    magic = stream.read(8)
    if magic[:6] != _MAGIC or len(magic) < 8:
        raise ValueError(f"{name} is not a NumPy array")
    version = (magic[6], magic[7])
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name}: header version {version} is not read")
    width = 2 if version == (1, 0) else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > _MAX_HEADER:
        raise ValueError(f"{name}: a header of {length:,} bytes")
    text = stream.read(length)
    if len(text) < length:
        raise ValueError(f"{name} is cut short")
    return 8 + width + length, text.decode("latin-1")


def _dtype(name: str, descr: Any) -> np.dtype[Any]:
    if not isinstance(descr, str) or not _DTYPE.fullmatch(descr):
        raise ValueError(f"{name} is of a dtype that is not read: {str(descr)[:80]}")
    try:
        dtype = np.dtype(descr)
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is of no dtype: {descr}") from error
    if dtype.hasobject:
        raise ValueError(f"{name} holds objects: pickles run code when read")
    return dtype
