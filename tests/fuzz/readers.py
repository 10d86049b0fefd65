"""Readers: files with changes at every level of their structure end in what is documented.

    python -m tests.fuzz.readers --seconds 600 --seed 1

A change is one of the format (a member of an archive, a header, a node of a graph) or one of bytes.
Whatever a reader raises beside the errors in its docstring is a finding, and so is a file that is
read and gives a net that cannot compute. Exit status 1 if there is a finding; the file that led to
it is kept in the folder of `--keep`.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import initlens as il

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    onnx = None

MAX_BYTES = 1 << 22

Random: TypeAlias = np.random.Generator
Mutate: TypeAlias = Callable[[Random], bytes]

# Values that a reader did not expect, of JSON and of Python's literals.
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        3,
        7,
        2**31,
        2**32,
        2**63 - 1,
        2**63,
        2**64,
        10**30,
        -(10**30),
    ),
    *(0.5, 1e308, float("nan"), float("inf"), -0.0),
    *("", "x", "tanh", "relu", "leaky_relu(", "elu(1e999)", "<f8", "|O", "<U99999999999"),
    *(
        "header",
        "é\x00",
        "F32",
        "F64",
        "BF16",
        "9" * 400,
        "(" * 300,
        "cross_entropy",
        "mse",
        "float32",
    ),
    *([], {}, [[]], [1], [0, 0], [-1, 2], [2**40, 2**40], {"a": 1}, [None], [2, 4, 1], [1] * 40),
]
LITERALS = [
    *("(", ")", "[", "]", "{", "}", "'", ",", ":", "\\", "\x00", "'<f8'", "('<f8',)", "('<f8', 2)"),
    *("[('a', '<f8')]", "'|O'", "'<f'", "'<f3'", "'<M8[ns]'", "'<U9'", "'|V0'", "'|V3'", "'b1,b1'"),
    *("None", "True", "1", "-1", "()", "(1,)", "(0, 9223372036854775808)", "(1.5,)", "1e999", "1j"),
    *("'descr'", "'shape'", "(" * 300, "-" * 300, "9" * 5000, "2**9", "lambda: 0", "'\\d'", "\n"),
]


def few(random: Random) -> int:
    """A number of changes: one, mostly; a file of many is refused for the first one."""
    return 1 + int(random.integers(4) == 0) * int(random.integers(1, 4))


def of(random: Random, items: Any) -> Any:
    """One of the items."""
    return items[int(random.integers(len(items)))]


# ---- changes of parts -------------------------------------------------------------------------


def change_bytes(random: Random, content: bytes) -> bytes:
    """Flip, cut, double or insert bytes at a few places."""
    changed = bytearray(content)
    for _ in range(few(random)):
        place = int(random.integers(len(changed) + 1))
        match int(random.integers(6)):
            case 0 if changed:
                changed[place % len(changed)] = int(random.integers(256))
            case 1 if changed:
                changed[place % len(changed)] ^= 1 << int(random.integers(8))
            case 2:
                del changed[place:]
            case 3:
                del changed[place : place + int(random.integers(1, 9))]
            case 4:
                changed[place:place] = changed[place : place + int(random.integers(1, 40))]
            case _:
                changed[place : place + 8] = int(
                    of(random, [0, 1, 2**31, 2**63, 2**64 - 1])
                ).to_bytes(8, "little")
    return bytes(changed)


def change_tree(random: Random, tree: Any) -> Any:
    """Replace, drop, add or swap one node of a tree of JSON."""
    here = int(random.integers(8)) == 0
    if isinstance(tree, dict) and tree and not here:
        key = of(random, list(tree))
        changed = dict(tree)
        match int(random.integers(6)):
            case 0:
                del changed[key]
            case 1:
                changed[of(random, ["x", "", key + "1", "__metadata__", "dtype"])] = changed.pop(
                    key
                )
            case _:
                changed[key] = change_tree(random, tree[key])
        return changed
    if isinstance(tree, list) and tree and not here:
        index = int(random.integers(len(tree)))
        match int(random.integers(5)):
            case 0:
                return tree[:index] + tree[index + 1 :]
            case 1:
                return [*tree[:index], tree[index], *tree[index:]]
            case _:
                return [*tree[:index], change_tree(random, tree[index]), *tree[index + 1 :]]
    if isinstance(tree, int | float) and int(random.integers(2)):
        return tree + of(random, [1, -1, 8, 0.5, 2**62])
    return of(random, ODD)


def change_json(random: Random, text: str) -> str:
    """Change a text of JSON as a tree, or as text."""
    match int(random.integers(12)):
        case 0:
            return change_bytes(random, text.encode()).decode("utf-8", "replace")
        case 1:
            return "[" * int(of(random, [10, 5_000, 200_000])) + text
        case 2:
            return re.sub(r"\d+", lambda _: "9" * int(of(random, [20, 5_000])), text, count=1)
    tree = json.loads(text)
    for _ in range(few(random)):
        tree = change_tree(random, tree)
    return json.dumps(tree)


def change_array(random: Random, content: bytes) -> bytes:
    """Change an npy file: its header as text, the lengths before it, or bytes."""
    match int(random.integers(6)):
        case 0 | 2:
            return change_bytes(random, content)
        case 1:
            return content[:6] + bytes(random.integers(0, 5, 2).tolist()) + content[8:]
    end = 10 + int.from_bytes(content[8:10], "little")
    text = content[10:end].decode("latin-1")
    parts = re.findall(r"'[^']*'|\d+|\w+|\S|\s+", text) or [""]
    for _ in range(few(random)):
        parts[int(random.integers(len(parts)))] = of(random, LITERALS)
    header = "".join(parts).encode("latin-1", "replace")
    length = len(header) if int(random.integers(8)) else int(random.integers(2**16))
    return content[:8] + min(length, 2**16 - 1).to_bytes(2, "little") + header + content[end:]


# ---- formats ----------------------------------------------------------------------------------


def zipped(random: Random, members: list[tuple[str, bytes]]) -> bytes:
    """An archive, packed or not, whose own bytes are changed now and then."""
    stream = io.BytesIO()
    packed = of(random, [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # two members of one name
        with zipfile.ZipFile(stream, "w", packed) as archive:
            for name, content in members:
                archive.writestr(name or "x", content)
    whole = stream.getvalue()
    return whole if int(random.integers(8)) else change_bytes(random, whole)


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(archive: bytes) -> Mutate:
    """Changes of an npz file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        sound = [(name, content.read(name)) for name in content.namelist()]

    def mutate(random: Random) -> bytes:
        members = list(sound)
        for _ in range(few(random)):
            index = int(random.integers(len(members)))
            name, content = members[index]
            match int(random.integers(9)):
                case 0 if len(members) > 1:
                    del members[index]
                case 1:
                    other = of(random, members)[0]
                    names = [
                        other,
                        "header.npy",
                        "x.pkl",
                        "weights0.npy",
                        "W",
                        "arr_0.npy",
                        "é.npy",
                    ]
                    members[index] = (of(random, names), content)
                case 2:
                    members.append((name, of(random, members)[1]))
                case 3:
                    shape = of(random, [(), (0,), (2,), (2, 0), (2, 3), (1, 2, 3), (3, 2, 1, 1)])
                    kind = of(
                        random, ["f2", "f4", "f8", "i1", "u8", "?", "c8", "U3", "M8[s]", "V2"]
                    )
                    members[index] = (name, npy(np.zeros(shape, kind)))
                case 4 | 5 | 6 if (name, content) == sound[0] and name == "header.npy":
                    text = str(np.load(io.BytesIO(content)))
                    members[index] = (name, npy(np.array(change_json(random, text))))
                case _:
                    members[index] = (
                        name,
                        change_array(random, content) if len(content) > 12 else b"",
                    )
        return zipped(random, members)

    return mutate


def safetensors(tensors: dict[str, Any]) -> Mutate:
    """Changes of a safetensors file."""
    header, data = {}, b""
    for name, array in tensors.items():
        content = array.tobytes()
        header[name] = {
            "dtype": {"f4": "F32", "f8": "F64", "u2": "BF16"}[array.dtype.str[1:]],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    text = json.dumps(header)

    def mutate(random: Random) -> bytes:
        changed = change_json(random, text).encode("utf-8", "surrogatepass")
        length = (
            len(changed) if int(random.integers(20)) else int(of(random, [0, 2**40, 2**64 - 1]))
        )
        whole = length.to_bytes(8, "little") + changed + data
        return whole if int(random.integers(5)) else change_bytes(random, whole)

    return mutate


def graph(model: Any) -> Mutate:
    """Changes of an ONNX file: of its nodes, attributes and tensors, and of bytes."""

    def mutate(random: Random) -> bytes:
        changed = type(model)()
        changed.CopyFrom(model)
        for _ in range(few(random)):
            change_graph(random, changed.graph)
        whole: bytes = changed.SerializeToString()
        return whole if int(random.integers(4)) else change_bytes(random, whole)

    return mutate


def change_graph(random: Random, content: Any) -> None:
    nodes, tensors = content.node, content.initializer
    names = [name for node in nodes for name in [*node.input, *node.output]] or ["x"]
    node = of(random, nodes) if nodes else nodes.add()
    tensor = of(random, tensors) if tensors else tensors.add()
    kinds = "Gemm MatMul Add Tanh Elu LeakyRelu Celu Shrink HardSigmoid Gelu Clip Softmax Constant"
    match int(random.integers(10)):
        case 0:
            node.op_type = of(
                random, [*kinds.split(), "Transpose", "Identity", "Reshape", "Conv", ""]
            )
        case 1 if node.input:
            node.input[int(random.integers(len(node.input)))] = of(random, [*names, "", "nothing"])
        case 2:
            del node.input[:]
            node.input.extend(of(random, names) for _ in range(int(random.integers(4))))
        case 3:
            del node.output[:]
            node.output.extend(of(random, [*names, ""]) for _ in range(int(random.integers(3))))
        case 4 | 5:
            attribute = node.attribute.add()
            known = [
                "alpha",
                "beta",
                "lambd",
                "bias",
                "transA",
                "transB",
                "perm",
                "value",
                "approximate",
                "axis",
                "to",
            ]
            attribute.name = of(random, known)
            attribute.type = int(random.integers(0, 15))
            attribute.f = of(random, [0.0, -1.0, 1e38, float("nan"), float("inf"), 0.2])
            attribute.i = of(random, [0, 1, -1, 2**40])
            attribute.s = of(random, [b"tanh", b"\xff", b""])
            attribute.ints.extend(random.integers(-3, 4, int(random.integers(4))).tolist())
            attribute.t.CopyFrom(tensor)
        case 6:
            tensor.data_type = int(random.integers(0, 30))
        case 7:
            del tensor.dims[:]
            lengths = [0, 1, 2, 3, 5, -1, 2**40, 2**62]
            tensor.dims.extend(of(random, lengths) for _ in range(int(random.integers(0, 5))))
        case 8:
            tensor.raw_data = change_bytes(random, tensor.raw_data)
        case _:
            tensor.data_location = int(random.integers(2))
            tensor.name = of(random, names)


def corpus() -> dict[str, tuple[str, Mutate]]:
    """Kinds of files: their suffix, and what makes a changed one."""
    random = np.random.default_rng(0)
    flower = il.datasets.flower()
    kinds: dict[str, tuple[str, Mutate]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for optimizer in (None, il.SGD(0.1, momentum=0.9), il.Adam(0.01)):
            net = il.Network([2, 5, 3, 1], ["leaky_relu(0.3)", "tanh"]).initialize(
                "he_normal", rng=3
            )
            if optimizer is not None:
                net.fit(flower.X, flower.y, optimizer=optimizer, steps=3, batch_size=64)
            path = Path(folder) / "net.npz"
            net.save(path)
            kinds[f"net {optimizer}"] = (".npz", npz(path.read_bytes()))
        matrices = {"fc1.weight": (4, 2), "fc1.bias": (4,), "fc2.weight": (1, 4), "fc2.bias": (1,)}
        arrays = {name: random.normal(size=shape) for name, shape in matrices.items()}
        np.savez(path, **arrays)
        kinds["npz"] = (".npz", npz(path.read_bytes()))
        np.savez(path, X=random.normal(size=(6, 2)), y=np.arange(6) % 2)
        kinds["data"] = (".npz", npz(path.read_bytes()))
    halves = {
        name: array.astype("f4").view("u2")[..., ::2].copy() for name, array in arrays.items()
    }
    kinds["safetensors"] = (".safetensors", safetensors(arrays))
    kinds["bfloat16"] = (".safetensors", safetensors(halves))
    if onnx is not None:
        kinds["onnx"] = (".onnx", graph(model(arrays)))
    return kinds


def model(arrays: dict[str, Any]) -> Any:
    """A graph of two layers, one by Gemm and one by MatMul and Add."""
    weights = {name.replace(".", "_"): array.astype("f4") for name, array in arrays.items()}
    weights["fc2_weight"] = weights["fc2_weight"].T.copy()
    nodes = [
        helper.make_node("Gemm", ["x", "fc1_weight", "fc1_bias"], ["a"], transB=1),
        helper.make_node("LeakyRelu", ["a"], ["b"], alpha=0.1),
        helper.make_node("Shrink", ["b"], ["s"], lambd=0.5, bias=0.5),
        helper.make_node("MatMul", ["s", "fc2_weight"], ["c"]),
        helper.make_node("Add", ["c", "fc2_bias"], ["d"]),
        helper.make_node("Sigmoid", ["d"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["m", width])
        for name, width in (("x", 2), ("y", 1))
    ]
    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    return helper.make_model(helper.make_graph(nodes, "net", ends[:1], ends[1:], tensors))


# ---- the run ----------------------------------------------------------------------------------

READ = (ValueError, TypeError, OSError, ImportError)


def use(path: Path, random: Random) -> str:
    """Give a file to the readers; return how it ended."""
    ends = []
    try:
        net = il.Network.load(path, max_bytes=MAX_BYTES)
        ends.append("net")
        X = np.ones((3, net.settings.layers[0]))
        net.forward(X)
        net.copy().save(path.with_suffix(".again"))
        y = np.zeros((3, net.settings.layers[-1]))
        if net.settings.loss == "cross_entropy":
            y[:, 0] = 1.0
        net.fit(X, y, optimizer=of(random, [il.SGD(0.1), il.Adam()]), steps=2, batch_size=2)
    except (ValueError, OSError) as error:
        ends.append(type(error).__name__)
    try:
        layout: Any = of(random, [None, "in_out", "out_in"])
        X, y = (np.ones((5, 2)), np.arange(5) % 2) if int(random.integers(3)) == 0 else (None, None)
        function = of(random, [None, None, "tanh"])
        report = il.audit(path, X, y, function, layout, max_bytes=MAX_BYTES)
        report.to_dict()
        ends.append("report")
    except READ as error:
        ends.append(type(error).__name__)
    try:
        il.auditing.read_data(path, max_bytes=MAX_BYTES)
        ends.append("data")
    except (ValueError, OSError) as error:
        ends.append(type(error).__name__)
    return " ".join(ends)


@dataclass
class Outcome:
    """What a run saw."""

    executions: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)


def run(seconds: float, seed: int, keep: Path | None = None, least: int = 0) -> Outcome:
    """Change files for so long, and at least so many; the same seed gives the same files."""
    outcome = Outcome()
    random = np.random.default_rng(seed)
    kinds = corpus()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        count = 0
        while count < least or time.monotonic() < end:
            name = list(kinds)[count % len(kinds)]
            suffix, mutate = kinds[name]
            path = Path(folder) / f"file{suffix}"
            path.write_bytes(mutate(random))
            count += 1
            outcome.executions[name] += 1
            try:
                outcome.ends[use(path, random)] += 1
            except Exception as error:
                places = traceback.extract_tb(error.__traceback__)
                ours = [place for place in places if "initlens" in place.filename]
                last = ours[-1]
                where = f"{type(error).__name__} {Path(last.filename).name}:{last.name}"
                if where not in outcome.findings:
                    outcome.findings[where] = traceback.format_exc(limit=-6)
                    if keep is not None:
                        copy = f"{len(outcome.findings)}{suffix}"
                        (keep / copy).write_bytes(path.read_bytes())
    return outcome


def main() -> int:
    """Run, and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.readers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files that led to a finding")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    outcome = run(options.seconds, options.seed, options.keep)
    for where, text in outcome.findings.items():
        print(where, text, sep="\n")
    for title, counts in (("files", outcome.executions), ("ends", outcome.ends)):
        print(title, *(f"  {count:9,}  {name}" for name, count in counts.most_common(25)), sep="\n")
    total = sum(outcome.executions.values())
    print(f"{total:,} executions, {len(outcome.findings)} findings")
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
