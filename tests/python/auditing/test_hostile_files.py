"""Hostile files: small ones that claim much, absurd ones, and changed ones."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fuzz import readers

import initlens as il
from initlens._tools.npz import MAX_ARRAYS
from initlens.diagnosis.measures import shared_streams

# Prints how much the largest resident memory has grown by a statement, in bytes.
GROWTH = """
import resource, sys
import numpy as np
import initlens as il
import initlens.auditing
il.audit([np.eye(3) + 1, np.ones((3, 1))], layout="in_out", activation="tanh")
def peak():
    kilo = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilo
before = peak()
try:
    {statement}
except ValueError as error:
    print(error, file=sys.stderr)
print(peak() - before)
"""


def growth(statement: str, *arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", GROWTH.format(statement=statement), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout), done.stderr


def bomb(path: Path, name: str, count: int) -> None:
    """An array of zeros, packed a thousand to one."""
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as stream,
    ):
        head = {"descr": "<f8", "fortran_order": False, "shape": (count // 1024, 1024)}
        np.lib.format.write_array_header_1_0(stream, head)
        piece = bytes(1024 * 1024)
        for _ in range(8 * count // len(piece)):
            stream.write(piece)


POSIX = pytest.mark.skipif(os.name == "nt", reason="resident memory as POSIX tells it")


@POSIX
@pytest.mark.parametrize("reader", ["il.audit", "il.Network.load", "il.auditing.read_data"])
def test_a_bomb_takes_no_memory(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    for index in range(2):
        bomb(path, f"W{index}.npy", 20 << 20)  # 160 MiB each
    assert path.stat().st_size < 1 << 20
    grown, error = growth(f"{reader}(sys.argv[1])", path)
    assert "unpacks to 335,544,320 bytes, more than 268,435,456; " in error
    assert "max_bytes=335544320" in error
    assert grown < 20 << 20


@POSIX
def test_load_compares_shapes_before_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    il.Network([2, 3, 1]).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path.unlink()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            if name != "weights0.npy":
                archive.writestr(name, content)
    bomb(path, "weights0.npy", 20 << 20)
    grown, error = growth("il.Network.load(sys.argv[1])", path)
    assert "weights0 of shape (20480, 1024) and float64 where (2, 3) belongs" in error
    assert grown < 20 << 20


@POSIX
def test_load_takes_twice_the_arrays_at_most(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    net = il.Network([2000, 2000, 2000, 1])
    net.save(path)
    grown, error = growth("net = il.Network.load(sys.argv[1])", path)
    assert error == ""
    assert grown < 2 * path.stat().st_size
    grown, error = growth("arrays = il._tools.npz.read(sys.argv[1])", path)
    assert error == ""
    assert grown < 1.2 * path.stat().st_size


@POSIX
def test_audit_takes_twice_the_arrays_at_most(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    path = tmp_path / "weights.npz"
    np.savez(path, *[random.normal(size=(1000, 1000)) for _ in range(8)])
    options = "activation='tanh', layout='in_out'"
    grown, error = growth(f"report = il.audit(sys.argv[1], {options})", path)
    assert error == ""
    assert grown < 2.1 * path.stat().st_size


@pytest.mark.parametrize("bad", [-1, 1.5, "1", True])
def test_bad_limits(bad: Any, tmp_path: Path) -> None:
    il.Network([2, 1]).save(tmp_path / "net.npz")
    for reader in (il.audit, il.Network.load, il.auditing.read_data):
        with pytest.raises((TypeError, ValueError), match="max_bytes must be"):
            reader(tmp_path / "net.npz", max_bytes=bad)


def test_many_tensors_are_refused_at_once(tmp_path: Path) -> None:
    many, begin = 100_000, time.process_time()
    stream = io.BytesIO()
    np.save(stream, np.ones((1, 1)))
    with zipfile.ZipFile(tmp_path / "many.npz", "w") as archive:
        for index in range(MAX_ARRAYS + 1):
            archive.writestr(f"W{index}.npy", stream.getvalue())
    with pytest.raises(ValueError, match="holds 20,001 arrays, more than 20,000"):
        il.audit(tmp_path / "many.npz")
    entry = {"dtype": "F32", "shape": [0, 1], "data_offsets": [0, 0]}
    header = json.dumps({f"fc{index}.weight": entry for index in range(many)}).encode()
    path = tmp_path / "many.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ValueError, match="holds 100,000 tensors, more than 20,000"):
        il.audit(path)
    assert time.process_time() - begin < 60


def test_one_matrix_in_many_layers(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    numbers = np.random.default_rng(0).normal(size=(30, 30)).astype("f4")
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 30]) for name in ("0", "y")
    ]

    def save(layers: int) -> Path:
        nodes = [
            helper.make_node("MatMul", [str(index), "w"], [str(index + 1)])
            for index in range(layers)
        ]
        nodes[-1].output[0] = "y"
        tensors = [onnx.numpy_helper.from_array(numbers, "w")]
        graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], tensors)
        path = tmp_path / "many.onnx"
        onnx.save(helper.make_model(graph), path)
        return path

    begin = time.process_time()
    report = il.audit(save(2_000))  # of 3,600 bytes each
    assert len(report.layers) == 2_000
    assert time.process_time() - begin < 20  # 44 by comparing all pairs, 2 without
    with pytest.raises(ValueError, match=r"take 7,200,000 bytes, more than 7,000,000.*max_bytes="):
        il.audit(save(2_000), max_bytes=7_000_000)
    with pytest.raises(ValueError, match="20,001 layers, more than 20,000"):
        il.audit(save(20_001))


def test_an_attribute_that_is_a_text(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    arrays = {
        "fc1.weight": np.ones((4, 2)),
        "fc1.bias": np.ones(4),
        "fc2.weight": np.ones((1, 4)),
        "fc2.bias": np.ones(1),
    }
    model = readers.model(arrays)
    attribute = model.graph.node[1].attribute[0]
    attribute.type, attribute.s = onnx.AttributeProto.STRING, b"0.1"
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(ValueError, match=r"net\.onnx.*an attribute of LeakyRelu is not a number"):
        il.audit(tmp_path / "net.onnx")


@pytest.mark.parametrize("descr", ["('<f8',)", "('<f8', 2)", "[('a', '<f8')]", "'b1,b1'", "8"])
def test_dtypes_that_are_none(descr: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.npz"
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1, 1)}}".encode()
    with zipfile.ZipFile(path, "w") as archive:
        head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little")
        archive.writestr("W.npy", head + text + bytes(8))
    with pytest.raises(ValueError, match=r"odd\.npz.*dtype that is not read"):
        il.audit(path)


@pytest.mark.parametrize("name", ["W", "header", "y"])
def test_a_text_that_is_none(name: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.npz"
    text = np.full((2, 1), 0x110000, "<u4").view("<U1")
    np.savez(path, X=np.ones((2, 1)), **{name: text})
    for reader in (il.audit, il.Network.load, il.auditing.read_data):
        with pytest.raises(ValueError, match=r"odd\.npz"):
            reader(path)


@pytest.mark.parametrize("seed", ['"x"', "[1]", "1.5", "-1", "true", "{}", "1e400"])
def test_a_seed_that_is_none(seed: str, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    il.Network([2, 3, 1]).initialize("he_normal", rng=3).save(path)
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files}
    header = str(arrays["header"]).replace('"seed": 3', f'"seed": {seed}')
    np.savez(path, **(arrays | {"header": np.array(header)}))
    with pytest.raises(ValueError, match="holds no initlens network: seed must be"):
        il.Network.load(path)


def test_streams_of_many_layers() -> None:
    """Pairs of 4,000 layers are 8 million: minutes, if each is compared."""
    random = np.random.default_rng(0)
    layers = [random.normal(size=(3, 3)) for _ in range(4_000)]
    layers[3_999] = -2 * layers[17]
    begin = time.process_time()
    assert shared_streams(layers) == [(18, 4_000, pytest.approx(-2.0))]
    same = shared_streams(layers[:1] * 4_000)
    assert [(pair.first, pair.second) for pair in same] == [(1, k) for k in range(2, 4_001)]
    assert time.process_time() - begin < 20


def test_changed_files_end_in_what_is_documented() -> None:
    """A short run of the fuzz; `python -m tests.fuzz.readers --seconds 600` is a long one."""
    outcome = readers.run(seconds=8.0, seed=0, least=200)
    assert not outcome.findings, "\n".join(outcome.findings.values())
    assert outcome.ends["ValueError report ValueError"] > 0
    assert outcome.ends["ValueError ValueError data"] > 0
    assert any(end.startswith("net ") for end in outcome.ends)
