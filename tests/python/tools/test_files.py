"""Files: whatever ends a writing, the one of that name is the old one or the new one."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens._tools.files import replacing
from initlens.report import write

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and locks of POSIX")

# Saves nets for ever, each of equal numbers; a line for the first one, so that one can wait for it.
SAVING = """
import sys
import initlens as il
net = il.Network([300, 500, 300, 1])
number = 0
while True:
    number += 1
    for array in [*net.weights, *net.biases]:
        array[...] = number
    net.save(sys.argv[1])
    if number == 1:
        print(flush=True)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def is_whole(path: Path) -> bool:
    net = il.Network.load(path)
    return {float(value) for w in net.weights for value in (w.min(), w.max())} == {
        float(net.biases[0][0])
    }


@POSIX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_net_outlives_the_end_of_its_writer(number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    moments = random.Random(5)
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", SAVING, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.04))
            writer.send_signal(number)
        assert writer.returncode != 0
        assert is_whole(path)
        if number == signal.SIGINT:
            assert names(tmp_path) == ["net.npz"]
    il.Network([2, 1]).save(path)
    assert names(tmp_path) == ["net.npz"]


@POSIX
def test_what_a_kill_left_is_swept_by_the_next_save_of_that_name_alone(tmp_path: Path) -> None:
    left = """
import os, signal, sys
from initlens._tools.files import replacing
with replacing(sys.argv[1]) as stream:
    stream.write(b"half")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    for name in ("a.npz", "b.npz"):
        subprocess.run([sys.executable, "-c", left, str(tmp_path / name)], check=False)
    assert len(names(tmp_path)) == 2
    il.Network([2, 1]).save(tmp_path / "a.npz")
    assert len(names(tmp_path)) == 2
    assert "a.npz" in names(tmp_path)
    write(tmp_path / "b.npz", "page")
    assert names(tmp_path) == ["a.npz", "b.npz"]


@POSIX
def test_a_writer_at_work_is_not_swept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as slow:
        slow.write(b"slow")
        with replacing(path) as fast:
            fast.write(b"fast")
        assert path.read_bytes() == b"fast"
    assert path.read_bytes() == b"slow"
    assert names(tmp_path) == ["file"]


def test_many_writers_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "file"
    errors: list[BaseException] = []

    def work(letter: bytes) -> None:
        try:
            for _ in range(20):
                with replacing(path) as stream:
                    stream.write(letter * 50_000)
                content = path.read_bytes()
                assert len(content) == 50_000
                assert len(set(content)) == 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert names(tmp_path) == ["file"]


@POSIX
@pytest.mark.parametrize("way", ["save", "report"])
def test_a_limit_on_the_size_of_files(way: str, tmp_path: Path) -> None:
    """The system stops a writing in its middle; no numbers of ours are involved."""
    old, path = il.Network([2, 3, 1]).initialize("ones", rng=0), tmp_path / "net.npz"
    old.save(path)
    before = path.read_bytes()
    work = {
        "save": "il.Network([300, 300, 1]).save(sys.argv[1])",
        "report": "write(sys.argv[1], 'x' * 200_000)",
    }[way]
    script = f"""
import resource, sys
import initlens as il
from initlens.report import write
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    {work}
except OSError as error:
    sys.exit(error.errno)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (errno.EFBIG, "")
    assert path.read_bytes() == before
    assert names(tmp_path) == ["net.npz"]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip("no permission to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(full_disk: Path) -> None:
    path = full_disk / "net.npz"
    il.Network([2, 3, 1]).initialize("ones", rng=0).save(path)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(OSError, match="No space left") as caught:
            il.Network([300, 300, 1]).save(path)
        assert caught.value.errno == errno.ENOSPC
        assert path.read_bytes() == before
        assert names(full_disk) == ["net.npz"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, OSError(errno.ENOSPC, "full")])
def test_an_exception_leaves_the_old_file(error: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail() -> None:
        with replacing(path) as stream:
            stream.write(b"new")
            raise error

    with pytest.raises(error if isinstance(error, type) else OSError):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_it_is_on_the_disk_before_it_has_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            order.append(name)
            return function(*arguments, **options)

        return noted

    monkeypatch.setattr(os, "fsync", noting("fsync", os.fsync))
    monkeypatch.setattr(Path, "replace", noting("replace", Path.replace))
    il.Network([2, 1]).save(tmp_path / "net.npz")
    assert order == (["fsync", "replace", "fsync"] if os.name == "posix" else ["fsync", "replace"])


@POSIX
def test_permissions_links_and_pipes_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "net.npz", tmp_path / "link"
    net = il.Network([2, 1])
    umask = os.umask(0o027)
    try:
        net.save(path)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    link.symlink_to(path.name)
    net.save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    taken: list[bytes] = []
    reader = threading.Thread(target=lambda: taken.append(pipe.read_bytes()))
    reader.start()
    net.save(pipe)
    reader.join()
    assert taken[0][:2] == b"PK"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_longest_name(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    il.Network([2, 1]).save(path)
    assert np.array_equal(il.Network.load(path).weights[0], np.zeros((2, 1)))


@pytest.mark.parametrize("name", ["missing/net.npz", "", "."])
def test_a_place_that_is_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match=r".+"):
        il.Network([2, 1]).save(name)
    assert names(tmp_path) == []


def test_a_missing_folder_is_told_by_the_name_that_was_asked_for(tmp_path: Path) -> None:
    net = il.Network([2, 3, 1]).initialize("he_normal", rng=0)
    path = tmp_path / "missing" / "net.npz"
    with pytest.raises(FileNotFoundError) as caught:
        net.save(path)
    assert caught.value.filename == str(path)
    assert (caught.value.errno, caught.value.__cause__) == (errno.ENOENT, None)
    assert ".initlens-" not in str(caught.value)
