"""audit of plain arrays and files, and what can be wrong with them."""

from __future__ import annotations

import io
import json
import pickle
import struct
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import initlens as il
from initlens import cli
from initlens.auditing.readers import safetensors as _safetensors

Layers = list[tuple[NDArray[Any], NDArray[Any]]]
Data = tuple[NDArray[Any], NDArray[Any]]


def draw(*widths: int, seed: int = 0, scale: float = 1.0) -> Layers:
    """Glorot-like weights (n_in, n_out) and random biases."""
    rng = np.random.default_rng(seed)
    return [
        (scale * rng.normal(size=(n, m)) * np.sqrt(2 / (n + m)), 0.1 * rng.normal(size=m))
        for n, m in pairwise(widths)
    ]


def by_hand(layers: Layers, X: NDArray[Any]) -> NDArray[Any]:
    """The net in plain NumPy: tanh inside, logits outside."""
    for W, b in layers[:-1]:
        X = np.tanh(X @ W + b)
    W, b = layers[-1]
    return X @ W + b


def safetensors(tensors: dict[str, tuple[str, tuple[int, ...], bytes]]) -> bytes:
    """The bytes of a file, from the format's own description."""
    header, body = {}, b""
    for name, (dtype, shape, data) in tensors.items():
        span = [len(body), len(body) + len(data)]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": span}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


# ---- what is measured -------------------------------------------------------------------------


def test_list_of_layers_is_measured_as_numpy_computes_it(flower: Data) -> None:
    X, y = flower
    layers = draw(2, 5, 3, 1)
    report = il.audit(layers, X, y, activation="tanh")
    assert report.network is not None
    logits = by_hand(layers, X)[:, 0]
    np.testing.assert_allclose(report.network.forward(X)[:, 0], 1 / (1 + np.exp(-logits)))
    assert report.diagnosis is not None
    expected = np.mean(np.logaddexp(0, logits) - y * logits)
    assert report.diagnosis.loss.first == pytest.approx(expected, rel=1e-12)
    z = X @ layers[0][0] + layers[0][1]
    assert report.layers[0].saturated == np.mean(1 - np.tanh(z) ** 2 < 0.05)
    assert not report.alarms
    assert [layer.activation for layer in report.layers] == ["tanh", "tanh", None]


def test_weights_alone() -> None:
    W = np.array([[0.5, 0.5, -0.2], [0.1, 0.1, 0.3]])
    V = np.array([[1.0], [1.0], [0.4]])
    report = il.audit([(W, np.zeros(3)), (V, np.zeros(1))])
    assert report.diagnosis is None
    assert [(v.code, v.layer) for v in report.alarms] == [("symmetric", 1)]
    assert report.layers[0].distinct_units == 2
    assert not report.passes("symmetry")
    assert report.passes("saturation")


def test_answers_of_an_audit(flower: Data) -> None:
    layers = draw(2, 5, 3, 1)
    run = {"optimizer": "adam(0.01)", "steps": 2_000}
    report = il.audit(layers, *flower, activation="tanh", **run)
    assert (report.answer, report.coverage, report.ok) == ("healthy", 1.0, True)
    for data, missing in (
        ((), ["the samples X", "the targets y"]),
        (flower[:1], ["the targets y"]),
    ):
        report = il.audit(layers, *data, activation="tanh")
        assert (report.answer, report.verdict.code) == ("unknown", "unknown")
        assert report.verdict.evidence["missing"] == missing
        assert report.to_dict()["answer"] == "unknown"
        assert ": unknown ·" in repr(report)
        assert report._page().count(": unknown") >= 1
    layers[0] = (np.ones((2, 5)), np.ones(5))
    layers[1] = (np.ones((5, 3)), np.ones(3))
    report = il.audit(layers, *flower, activation="tanh")
    assert (report.answer, report.ok, report.verdict.code) == ("error", False, "symmetric")
    assert "error (symmetric)" in repr(report)


def test_sentences_name_the_layers_of_the_model() -> None:
    tree = {f"fc{i}": {"kernel": np.full((4, 4), 0.5), "bias": np.zeros(4)} for i in range(1, 5)}
    report = il.audit(tree, activation="tanh")
    found = report.verdict
    assert (found.layers, found.name) == ((1, 2, 3), "fc1")
    assert found.sentence.startswith("Layers 1-3 (fc1, fc2 and fc3) have 4 units each but only 1")
    assert found.to_dict()["name"] == "fc1"
    measured = il.audit(tree, np.eye(4), np.arange(4), activation="tanh", layout="in_out")
    assert measured.diagnosis is not None
    assert measured.diagnosis.verdict.sentence == found.sentence


def test_twins_are_seen_only_under_their_activation() -> None:
    W = np.array([[0.5, -0.5], [0.1, -0.1]])
    V = np.array([[0.7], [-0.7]])
    layers = [(W, np.zeros(2)), (V, np.zeros(1))]
    assert il.audit(layers, layout="in_out").passes("symmetry")
    assert il.audit(layers, activation="relu", layout="in_out").passes("symmetry")
    assert not il.audit(layers, activation="tanh", layout="in_out").passes("symmetry")


def test_zero_rows_rank_and_scale() -> None:
    rng = np.random.default_rng(0)
    W = rng.normal(size=(6, 4)) * 0.4
    W[2] = 0
    W[:, 3] = W[:, 0] + W[:, 1]
    first, second = draw(6, 4, 2)
    big = [(W, first[1]), (100 * second[0], second[1])]
    report = il.audit(big)
    found = {(v.code, v.layer, v.severity): v.evidence for v in report.verdicts}
    assert found["dead", 1, "note"]["zero_rows"] == 1
    assert found["symmetric", 1, "note"]["rank"] == 3
    rms = np.sqrt(np.mean(big[1][0] ** 2))
    ratio = rms / np.sqrt(2 / 4)  # He's is the largest of the laws for 4 inputs and 2 units
    assert found["exploding", 2, "warning"]["law_ratio"] == pytest.approx(ratio)
    small = il.audit([(0.001 * W, first[1]), second])
    note = next(v for v in small.verdicts if v.code == "too_small")
    assert (note.layer, note.severity) == (1, "note")


def test_nan_weights_are_a_verdict(flower: Data) -> None:
    layers = draw(2, 4, 1)
    layers[0][0][0, 0] = np.nan
    for data in ((), flower):
        report = il.audit(layers, *data, activation="tanh")
        assert report.verdict.code == "non_finite"
        assert report.verdict.layer == 1
        json.dumps(report.to_dict(), allow_nan=False)
        assert "non_finite" in repr(report)


def test_nan_in_a_layer_of_weights_alone() -> None:
    (W, b), (V, c) = draw(2, 4, 1)
    kernel = np.ones((3, 3, 1, 2))
    kernel[0, 0, 0, 1] = np.inf
    report = il.audit({"fc1": {"kernel": W, "bias": b}, "fc2": {"kernel": V, "bias": c},
                       "conv": {"kernel": kernel}})  # fmt: skip
    assert [(v.code, v.layer) for v in report.alarms] == [("non_finite", 3)]
    assert report.alarms[0].evidence["values"] == 1


def test_one_sample_and_constant_targets() -> None:
    layers = draw(2, 4, 1)
    report = il.audit(layers, [[0.3, 0.2]], [1], activation="tanh")
    assert report.diagnosis is not None
    assert report.diagnosis.samples == 1
    X = np.random.default_rng(1).normal(size=(20, 2))
    constant = il.audit(layers, X, np.zeros(20), activation="tanh")
    assert constant.diagnosis is not None
    assert constant.diagnosis.loss.chance == 0.0


@pytest.mark.parametrize(
    ("y", "loss"),
    [
        (np.array([0, 2, 1, 1]), "cross_entropy"),
        (np.eye(3)[[0, 2, 1, 1]], "cross_entropy"),
        (np.linspace(0, 1, 12).reshape(4, 3), "mse"),
    ],
)
def test_loss_by_targets(y: NDArray[Any], loss: str) -> None:
    X = np.random.default_rng(0).normal(size=(4, 2))
    report = il.audit(draw(2, 4, 3), X, y, activation="tanh")
    assert report.network is not None
    assert report.network.settings.loss == loss
    assert f"loss: {loss}, by y" in report.notes
    asked = il.audit(draw(2, 4, 3), X, np.eye(3)[[0, 1, 2, 0]], "tanh", loss="mse").network
    assert asked is not None
    assert asked.settings.loss == "mse"


# ---- forms and layouts ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pairs", "flat", "dicts", "nested", "names", "dotted", "lists"])
def test_forms_of_arrays(form: str, flower: Data) -> None:
    layers = draw(2, 5, 3, 1)
    forms: dict[str, Any] = {
        "pairs": layers,
        "flat": [array for pair in layers for array in pair],
        "dicts": [{"w": W, "b": b} for W, b in layers],
        "nested": {
            "params": {f"Dense_{i}": {"kernel": W, "bias": b} for i, (W, b) in enumerate(layers)}
        },
        "names": {f"{k}{i}": a for i, p in enumerate(layers) for k, a in zip("Wb", p, strict=True)},
        "dotted": {
            f"fc{i}.{k}": a
            for i, (W, b) in enumerate(layers)
            for k, a in (("weight", W.T), ("bias", b))
        },
        "lists": [(W.tolist(), b.tolist()) for W, b in layers],
    }
    report = il.audit(forms[form], *flower, activation="tanh")
    assert report.network is not None
    for view, (W, _) in zip(report.network.weights, layers, strict=True):
        np.testing.assert_array_equal(view, W)


def test_numbers_in_names_give_the_order() -> None:
    layers = draw(*range(2, 14))
    tree = {f"Dense_{i}": {"kernel": W, "bias": b} for i, (W, b) in enumerate(layers)}
    sorted_as_text = dict(sorted(tree.items()))
    report = il.audit(sorted_as_text)
    assert [layer.name for layer in report.layers] == [f"Dense_{i}" for i in range(11)]


def test_square_matrices_need_a_layout(flower: Data) -> None:
    layers = draw(2, 4, 4, 1)
    with pytest.raises(ValueError, match=r"1\.W .* square: pass layout='in_out'"):
        il.audit(layers, *flower, activation="tanh")
    in_out = il.audit(layers, *flower, "tanh", "in_out")
    turned = il.audit([(W.T, b) for W, b in layers], *flower, "tanh", "out_in")
    assert in_out.network is not None
    assert turned.network is not None
    np.testing.assert_array_equal(in_out.network.weights[1], layers[1][0])
    np.testing.assert_array_equal(turned.network.weights[1], layers[1][0])
    with pytest.raises(ValueError, match="square"):
        il.audit([np.eye(3)])
    with pytest.raises(ValueError, match="no bias that tells"):
        il.audit([np.ones((3, 2))])
    with pytest.raises(ValueError, match="'out_in'"):
        il.audit({"kernel": np.ones((3, 2))}, layout="out_in")


def test_half_precision_is_widened_and_said() -> None:
    layers = [(W.astype(np.float16), b.astype(np.float16)) for W, b in draw(2, 4, 1)]
    report = il.audit(layers)
    assert report.network is not None
    assert report.network.dtype == np.float32
    np.testing.assert_array_equal(report.network.weights[0], layers[0][0].astype(np.float32))
    assert "0.W: float16 widened to float32" in report.notes


# ---- writing a start back ---------------------------------------------------------------------


def test_start_goes_back_bit_for_bit() -> None:
    layers = draw(2, 5, 1)
    report = il.audit(layers)
    assert report.network is not None
    report.network.initialize("he_normal", rng=7)
    report.copy_into(layers)
    again = il.audit(layers).network
    assert again is not None
    for a, b in zip(report.network.weights, again.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    net = il.Network([2, 5, 1]).initialize("he_normal", rng=7)
    np.testing.assert_array_equal(net.weights[0], layers[0][0])


def test_state_dict_has_the_names_and_layouts_of_the_model() -> None:
    (W, b), (V, c) = draw(2, 5, 1)
    flat = {"fc1.weight": W.T.astype("f4"), "fc1.bias": b, "fc2.weight": V.T, "fc2.bias": c}
    state = il.audit(flat).to_state_dict()
    assert list(state) == list(flat)
    for name, value in flat.items():
        np.testing.assert_array_equal(state[name], value)
        assert state[name].dtype == value.dtype
    tree = {"params": {"a": {"kernel": W, "bias": b}, "z": {"kernel": V, "bias": c}}}
    nested = il.audit(tree).to_state_dict()
    np.testing.assert_array_equal(nested["params"]["a"]["kernel"], W)


def test_what_cannot_be_written_is_left_alone() -> None:
    layers = draw(2, 5, 1)
    report = il.audit(layers)
    assert report.network is not None
    report.network.initialize("zeros")
    other = draw(2, 6, 1)
    before = other[0][0].copy()
    with pytest.raises(ValueError, match="shape"):
        report.copy_into(other)
    np.testing.assert_array_equal(other[0][0], before)
    layers[1][0].flags.writeable = False
    before = layers[0][0].copy()
    with pytest.raises(TypeError, match="to_state_dict"):
        report.copy_into(layers)
    np.testing.assert_array_equal(layers[0][0], before)
    bare = [W for W, _ in layers]
    report.network.biases[0][...] = 1
    with pytest.raises(ValueError, match="bias"):
        report.copy_into(bare and [(W.copy(), None) for W in bare])


# ---- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "error", "match"),
    [
        ([], ValueError, "no dense layer"),
        ({}, ValueError, "no dense layer"),
        ({"norm": {"scale": np.ones(3), "bias": np.ones(3)}}, ValueError, "no dense layer.*norm"),
        ([(np.ones((2, 4)), np.ones(4)), (np.ones((5, 1)), np.ones(1))], ValueError, "chain"),
        ([(np.ones((2, 4)), np.ones(3))], ValueError, "bias"),
        ([(np.ones((2, 4)), np.ones(4), np.ones(4))], ValueError, "3 arrays"),
        ([(np.ones((2, 4), complex), np.ones(4))], TypeError, "real"),
        ([(np.full((2, 4), "a"), np.ones(4))], TypeError, "real"),
        ([(np.ones((0, 4)), np.ones(4))], ValueError, "no inputs"),
        (3, TypeError, "cannot read a builtins.int: .* an MLP of scikit-learn"),
        (None, TypeError, "^cannot read None: pass a model"),
        (il.Network, TypeError, "model is the class Network: call it first"),
        (b"\x80\x04", TypeError, "pickle"),
        ("missing.npz", FileNotFoundError, "missing"),
    ],
)
def test_models_that_cannot_be_read(model: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        il.audit(model, activation="tanh")


def test_data_that_do_not_fit(flower: Data) -> None:
    X, y = flower
    layers = draw(2, 4, 1)
    for arguments, match in (
        ((None, y), "y without X"),
        ((X[:, :1], y), "X"),
        ((X, y[:-1]), "rows"),
        ((np.full_like(X, np.nan), y), "NaN"),
    ):
        with pytest.raises(ValueError, match=match):
            il.audit(layers, *arguments, activation="tanh")
    with pytest.raises(ValueError, match="classes 0 to 2"):
        il.audit(draw(2, 4, 3), X, np.full(len(X), 3), activation="tanh")
    with pytest.raises(ValueError, match="pass activation="):
        il.audit(layers, X, y)
    with pytest.raises(ValueError, match="one for each of the 1 hidden"):
        il.audit(layers, X, y, activation=["tanh", "tanh"])
    with pytest.raises(ValueError, match="layout"):
        il.audit(layers, layout="rows")  # type: ignore[arg-type]


def test_title_counts_and_article(tmp_path: Path, flower: Data) -> None:
    layers = draw(2, 5, 1)
    one = il.audit(layers, flower[0][:1], activation="tanh")
    assert one.table().title.endswith(" · 1 sample")
    path = tmp_path / "w.npz"
    np.savez(path, *[a for pair in layers for a in pair])
    assert il.audit(path).table().title.startswith("Audit of an npz file: ")


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_layers_that_are_not_dense_are_listed(spread: float) -> None:
    """Random biases do not make a convolution of equal weights a healthy one."""
    rng = np.random.default_rng(0)
    tree = {
        "conv": {"kernel": np.full((3, 3, 2, 4), 0.2), "bias": rng.normal(0.0, spread, 4)},
        "embed": {"embedding": rng.normal(size=(20, 8))},
        "norm": {"scale": np.ones(8), "bias": np.zeros(8)},
        "fc": {"kernel": rng.normal(size=(8, 3)), "bias": np.zeros(3)},
    }
    report = il.audit(tree)
    assert {skipped.name for skipped in report.skipped} == {"conv", "embed", "norm"}
    assert [(v.code, v.severity) for v in report.alarms] == [("symmetric", "warning")]
    names = {layer.number: layer.name for layer in report.layers}
    assert report.alarms[0].layer is not None
    assert names[report.alarms[0].layer] == "conv"
    used = il.audit(tree, np.ones((5, 8)), activation="tanh")
    assert any(note.startswith("X was not used") for note in used.notes)


# ---- files ------------------------------------------------------------------------------------


def test_npz_safetensors_and_saved_nets(tmp_path: Path, flower: Data) -> None:
    layers = draw(2, 5, 1)
    np.savez(
        tmp_path / "named.npz", W0=layers[0][0], b0=layers[0][1], W1=layers[1][0], b1=layers[1][1]
    )
    np.savez_compressed(tmp_path / "plain.npz", *[a for pair in layers for a in pair])
    tensors = {
        f"{i}.{name}": ("F64", a.shape, np.ascontiguousarray(a).tobytes())
        for i, (W, b) in enumerate(layers)
        for name, a in (("weight", W.T), ("bias", b))
    }
    (tmp_path / "net.safetensors").write_bytes(safetensors(tensors))
    net = il.Network([2, 5, 1])
    for views, index in ((net.weights, 0), (net.biases, 1)):
        for view, pair in zip(views, layers, strict=True):
            view[...] = pair[index]
    net.save(tmp_path / "saved.npz")
    for name in ("named.npz", "plain.npz", "net.safetensors", "saved.npz"):
        report = il.audit(tmp_path / name, *flower, None if name == "saved.npz" else "tanh")
        assert report.network is not None
        for index, pair in enumerate(layers):
            np.testing.assert_array_equal(report.network.weights[index], pair[0])
            np.testing.assert_array_equal(report.network.biases[index], pair[1])


def test_bfloat16_of_a_file_is_widened(tmp_path: Path) -> None:
    values = np.array([[1.0, -2.5], [0.15625, 3.0], [-0.5, 8.0]], np.float32)  # exact in 8 bits
    high = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    tensors = {"fc.weight": ("BF16", (3, 2), high), "fc.bias": ("F32", (3,), bytes(12))}
    path = tmp_path / "half.safetensors"
    path.write_bytes(safetensors(tensors))
    report = il.audit(path)
    assert report.network is not None
    np.testing.assert_array_equal(report.network.weights[0], values.T)
    assert "fc.weight: bfloat16 widened to float32" in report.notes


@pytest.mark.parametrize("name", ["a.pkl", "a.pt", "a.pth", "a.bin", "a.npz", "a.joblib", "a"])
def test_pickles_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = io.BytesIO()
    if path.suffix in ("", ".npz"):  # by what is inside
        pickle.dump({"W0": np.ones((2, 3))}, content)
    else:  # by its name
        np.savez(content, W0=np.ones((2, 3)), b0=np.zeros(3))
    path.write_bytes(content.getvalue())
    with pytest.raises(ValueError, match="pickle"):
        il.audit(path)


def test_pickles_inside_archives_are_refused(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return ran.touch, ()

    np.savez(tmp_path / "objects.npz", W0=np.array([Hostile()], dtype=object))
    with pytest.raises(ValueError, match="pickles run code"):
        il.audit(tmp_path / "objects.npz")
    with zipfile.ZipFile(tmp_path / "torch.npz", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x04")
    with pytest.raises(ValueError, match="pickles"):
        il.audit(tmp_path / "torch.npz")
    assert not ran.exists()


def header(text: str, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode() + body


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 100) + b"{}",
        header("[]"),
        header("{"),
        header("[" * 100_000),
        header('{"a": 1}'),
        header('{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}', bytes(7)),
        header('{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}', bytes(8)),
        header('{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}', bytes(8)),
        header('{"a": {"dtype": "F32", "shape": [true, 2], "data_offsets": [0, 8]}}', bytes(8)),
        header('{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}', bytes(8)),
        header('{"a": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}', bytes(8)),
        header('{"a": {"dtype": "F32", "shape": [0, 1%s], "data_offsets": [0, 0]}}' % ("0" * 30)),
        header('{"a": {"dtype": "F32", "shape": [4294967296, 4294967296, 4294967296], '
               '"data_offsets": [0, 0]}}'),
        header('{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, '
               '"b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}', bytes(12)),
        header('{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, '
               '"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}', bytes(8)),
    ],
    ids=range(18),
)  # fmt: skip
def test_broken_safetensors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.safetensors"):
        il.audit(path)


def test_a_claim_of_the_archive_is_checked_before_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "claims.npz"
    for shape in ((10**3, 10**3), (0, 10**30)):
        stream = io.BytesIO()
        head = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, head)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("W0.npy", stream.getvalue())
        with pytest.raises(ValueError, match=r"claims\.npz.*shape"):
            il.audit(path)
    with zipfile.ZipFile(tmp_path / "packed.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("W0.npy", stream.getvalue())
    with pytest.raises(ValueError, match="packed in another way"):
        il.audit(tmp_path / "packed.npz")
    layers = draw(2, 5, 1)
    np.savez(tmp_path / "big.npz", *[a for pair in layers for a in pair])
    with pytest.raises(ValueError, match=r"unpacks to 168 bytes, more than 100; .*max_bytes=168"):
        il.audit(tmp_path / "big.npz", max_bytes=100)
    assert il.audit(tmp_path / "big.npz", activation="tanh", max_bytes=168).layers


def _mutate(content: bytes, cuts: list[tuple[int, int]], end: int) -> bytes:
    changed = bytearray(content)
    for place, value in cuts:
        changed[place % len(changed)] = value
    return bytes(changed[: len(changed) - end])


CUTS = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=6)


def _sound(suffix: str, tmp_path: Path) -> bytes:
    layers = draw(2, 5, 1)
    if suffix == ".safetensors":
        return safetensors(
            {f"{k}{i}": ("F64", a.shape, a.tobytes())
             for i, p in enumerate(layers) for k, a in zip("Wb", p, strict=True)}
        )  # fmt: skip
    path = tmp_path / "sound.npz"
    np.savez(path, *[a for pair in layers for a in pair])
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_mutated_and_cut_files_never_crash(
    suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    content = _sound(suffix, folder)
    path = folder / f"file{suffix}"
    path.write_bytes(content)
    il.audit(path)

    @given(CUTS, st.integers(0, len(content) - 1))
    def check(cuts: list[tuple[int, int]], end: int) -> None:
        path.write_bytes(_mutate(content, cuts, end))
        try:
            report = il.audit(path)
        except (ValueError, TypeError):
            return
        repr(report)
        json.dumps(report.to_dict(), allow_nan=False)

    check()


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': (",
        "(" * 9000,
        "'''",
        "-" * 9000 + "1",
        "{[]: 1}",
        "  {}\n x",
        "{'descr': ',f8', 'fortran_order': False, 'shape': (1,)}",
    ],
)
def test_hostile_npy_headers_are_refused(header: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.npz"
    text = header.encode() + b"\n"
    with zipfile.ZipFile(path, "w") as archive:  # so that the sum of the archive is right
        content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
        archive.writestr("w.npy", content)
    with pytest.raises(ValueError, match=r"w\.npy|array|no "):
        il.audit(path)


def test_control_sequences_of_a_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    name = "\x1b[31mred\x1b[2J"
    report = repr(
        il.audit({f"{name}.weight": np.ones((3, 2)), f"{name}.bias": np.zeros(3)}, layout="out_in")
    )
    assert "red" in report
    assert "\x1b" not in report


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["F32", "I8", "?"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets"]), inner, max_size=3)
    ),
)


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=3), st.binary(max_size=16))
def test_any_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any], body: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(header(json.dumps(content), body))
    try:
        arrays, _ = _safetensors.read(path)
    except ValueError:
        return
    assert sum(array.nbytes for array in arrays.values()) <= len(body)


# ---- the command and the import ---------------------------------------------------------------


def test_command(tmp_path: Path, flower: Data, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["audit", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    layers = draw(2, 5, 1)
    good, bad, warned, data = (str(tmp_path / f"{n}.npz") for n in ("g", "b", "w", "d"))
    np.savez(good, *[a for pair in layers for a in pair])
    np.savez(bad, *[np.full_like(a, 0.5) for pair in layers for a in pair])
    half = [(np.repeat(W[:, :3], [2, 2, 1], 1), b * 0) for W, b in layers[:1]]
    half.append((np.repeat(layers[1][0][:3], [2, 2, 1], 0), layers[1][1]))
    np.savez(warned, *[a for pair in half for a in pair])
    np.savez(data, X=flower[0], y=flower[1])
    square = str(tmp_path / "s.npz")
    np.savez(square, layers[0][0])
    adam = ("--optimizer", "adam(0.01)", "--steps", "2000")
    status, out, err = run(good, "--data", data, "--activation", "tanh", *adam)
    assert (status, err) == (0, "")
    assert "healthy" in out.splitlines()[0]
    assert run(bad)[0] == 1
    assert run(bad, "--data", data, "--activation", "tanh", "--lr", "0.1", "--steps", "50")[0] == 1
    assert run(warned)[0] == 0
    assert run(warned, "--strict")[0] == 1
    status, out, _ = run(bad, "--json")
    assert status == 1
    content = json.loads(out)
    assert content["verdicts"][0]["code"] == "symmetric"
    assert content == json.loads(json.dumps(il.audit(bad).to_dict()))
    for arguments, match in (
        (["nowhere.npz"], "nowhere.npz"),
        ([data], "no dense layer"),
        (
            [good, "--data", data],
            "the activation between arr_0 and arr_2 is not known: pass --activation\n",
        ),
        ([square], "has no bias that tells: pass --layout 'in_out' for"),
        ([good, "--data", good], "no array X"),
        ([good, "--layout", "rows"], "--layout"),
        ([str(tmp_path)], str(tmp_path)),
    ):
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        assert match in err
        assert err.count("\n") == 1


def test_no_framework_is_imported() -> None:
    code = (
        "import sys, numpy as np, initlens as il\n"
        "il.audit([(np.ones((2, 3)), np.ones(3)), (np.ones((3, 1)), np.ones(1))])\n"
        "heavy = {'torch', 'keras', 'jax', 'flax', 'sklearn', 'onnx', 'safetensors', 'pytest'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_to_frame_has_one_row_per_layer() -> None:
    pytest.importorskip("pandas")
    frame = il.audit(draw(2, 5, 1), activation="tanh").to_frame()
    assert frame["number"].tolist() == [1, 2]
    assert frame["units"].tolist() == [5, 1]
    assert frame["activation"][0] == "tanh"
    assert list(frame)[:3] == ["number", "name", "kind"]


def test_table_and_page_say_the_same() -> None:
    layers = draw(2, 5, 1)
    tree = {"fc<1>": {"kernel": layers[0][0], "bias": layers[0][1]}}
    report = il.audit(tree)
    assert "fc<1>" in repr(report)
    assert "fc&lt;1&gt;" in report._repr_html_()
    assert "fc<1>" not in report._repr_html_()
    assert "fc<1> (2 x 5)" in report.summary()
