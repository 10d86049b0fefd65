"""Where a report goes: asked early, written whole."""

import os
from pathlib import Path

__all__ = ["destination", "write"]


def destination(path: str | os.PathLike[str]) -> Path:
    """Return the path if a report can be written there, as far as can be told beforehand.

    Parameters
    ----------
    path : path
        Of the file to come, in a directory that exists.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        If the directory is missing or closed (`FileNotFoundError`, `NotADirectoryError`,
        `PermissionError`), or the path is a directory or a device (`IsADirectoryError`,
        `FileExistsError`).
    ValueError
        If the path is empty or holds a null character.
    TypeError
        If it is not a path.
    """
    try:
        target = Path(path)
    except TypeError:
        raise TypeError(f"path must be that of a file, such as report.html, got {path!r}") from None
    if not os.fspath(path):
        raise ValueError("path is empty; name a file, such as report.html")
    if "\0" in str(target):
        raise ValueError(f"path must hold no null character, got {str(target)!r}")
    folder = target.parent
    failed = f"cannot write the report {str(target)!r}:"
    if target.is_dir():
        raise IsADirectoryError(f"{failed} it is a directory; name a file, such as report.html")
    if target.exists() and not target.is_file():
        raise FileExistsError(f"{failed} it is no regular file; name another one")
    if not folder.exists():
        raise FileNotFoundError(f"{failed} there is no directory {str(folder)!r}; make it first")
    if not folder.is_dir():
        raise NotADirectoryError(f"{failed} {str(folder)!r} is no directory; name another one")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{failed} no permission to write in {str(folder)!r}")
    return target


def write(path: str | os.PathLike[str], content: str) -> Path:
    """Write all of a page, or, where that fails, nothing: an older file stays as it was.

    Parameters
    ----------
    path : path
        Where; an existing file is replaced.
    content : str
        The page.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    OSError
        If it cannot be written; see `destination`.
    """
    from .._tools.files import replacing

    target = destination(path)
    try:
        with replacing(target) as stream:
            # "replace", because names of files need not be valid Unicode.
            stream.write(content.encode("utf-8", "replace"))
    except OSError as error:
        message = f"cannot write the report: {error.strerror}"
        raise OSError(error.errno, message, str(target)) from error
    return target
