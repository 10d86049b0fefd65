"""Files that are written whole: beside the target, to the disk, and then in its place.

Whatever ends the writing, a kill, Ctrl-C or a full disk, the file of that name is the old one or
the new one, never a part. What a kill leaves beside it is swept by the next writing of that name:
a writer holds a lock on its temporary file, which the system takes away when the writer dies.
"""

from __future__ import annotations

import errno
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

# On Windows a file that is open cannot be removed: a lock by itself.
fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None

__all__ = ["replacing"]

_PREFIX: Final = ".initlens-"
# From file systems that cannot sync; a full or broken disk says something else.
_NO_SYNC: Final = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a binary stream whose content takes the place of a file when the block has ended.

    Parameters
    ----------
    path : path
        Where; an existing file is replaced and keeps its permissions, a symbolic link stays. What
        is no regular file, such as a pipe, is written to as it is.

    Yields
    ------
    binary stream
        Of a new file in the same directory. If the block raises, that file is removed and the old
        one stays as it was.

    Raises
    ------
    OSError
        If the directory is missing or closed, or the disk is full.
    """
    target = Path(path)
    if target.exists() and not target.is_file():  # a device keeps nothing that could be lost
        with target.open("wb") as device:
            yield device
        return
    real = target.resolve()
    start = f"{_PREFIX}{_checksum(real.name):08x}-"
    _sweep(real.parent, start)
    temporary = real.parent / f"{start}{os.urandom(8).hex()}"
    try:  # from before it is created: Ctrl-C may come at once
        stream = _create(temporary, target)
        try:
            yield stream
            stream.flush()
            _sync(stream.fileno())
            if real.exists():
                import shutil

                shutil.copymode(real, temporary)
            if fcntl is None:
                stream.close()
            temporary.replace(real)  # still locked: nobody sweeps it
        finally:
            with suppress(OSError):  # what a full disk did not take, once more
                stream.close()
    finally:
        with suppress(OSError):  # it is in its place already, or was never created
            temporary.unlink()
    _sync_directory(real.parent)


def _checksum(name: str) -> int:
    """Return what tells names apart in few letters; names may be as long as a file system allows.

    Where two have the same, one sweeps what a kill left of the other.
    """
    import zlib

    return zlib.crc32(os.fsencode(name))


def _create(temporary: Path, wanted: Path) -> IO[bytes]:
    """Return a new file, locked where the system has locks; errors name the one that is wanted."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        try:
            number = os.open(temporary, flags, 0o666)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(wanted)) from None
        stream = os.fdopen(number, "w+b")
        if fcntl is None:
            return stream
        with suppress(OSError):  # a file system without locks, where nothing is swept
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
        with suppress(FileNotFoundError):  # swept between its creation and its lock
            if temporary.stat().st_ino == os.fstat(stream.fileno()).st_ino:
                return stream
        stream.close()


def _sweep(folder: Path, start: str) -> None:
    """Remove what writers that are dead left."""
    with suppress(OSError):  # a directory that may be written to and not read
        for entry in [entry for entry in os.scandir(folder) if entry.name.startswith(start)]:
            with suppress(OSError):  # on Windows: of a writer that is at work
                _remove_unlocked(Path(entry.path))


def _remove_unlocked(path: Path) -> None:
    """Remove a file of which no writer holds the lock; raise OSError where one does."""
    if fcntl is None:
        path.unlink()
        return
    number = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    finally:
        os.close(number)


def _sync(number: int) -> None:
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync_directory(folder: Path) -> None:
    """Let the new name outlive a loss of power, where directories can be opened."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
