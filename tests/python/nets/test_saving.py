"""Files, copies and pickles: a net that trains on with the bits of the one it came from."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens.tables import Tabular

FLOWER = il.datasets.flower()
X, Y = FLOWER.X, FLOWER.y
OPTIMIZERS = [
    il.SGD(0.5),
    il.SGD(0.1, momentum=0.9, nesterov=True),
    il.Adam(0.01, weight_decay=1e-3),
    il.RMSProp(0.01, momentum=0.5),
]


def trained(optimizer: Any, dtype: str = "float64") -> il.Network:
    net = il.Network([2, 5, 3, 1], ["leaky_relu(0.3)", "tanh"], dtype=dtype)
    net.initialize("he_normal", bias="normal(0.1)", rng=2**70)
    net.fit(X, Y, optimizer=optimizer, steps=13, batch_size=64, record=0)
    return net


def by_file(net: il.Network, folder: Path) -> il.Network:
    net.save(folder / "net.npz")
    return il.Network.load(folder / "net.npz")


WAYS: dict[str, Callable[[il.Network, Path], il.Network]] = {
    "save": by_file,
    "pickle": lambda net, _: pickle.loads(pickle.dumps(net)),
    "copy": lambda net, _: net.copy(),
    "copy.copy": lambda net, _: copy.copy(net),
    "deepcopy": lambda net, _: copy.deepcopy(net),
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_goes_on_bit_by_bit(way: str, optimizer: Any, dtype: str, tmp_path: Path) -> None:
    net = trained(optimizer, dtype)
    other = WAYS[way](net, tmp_path)
    assert other is not net
    assert other.settings == net.settings
    assert other.seed == net.seed == 2**70
    for each in (net, other):
        each.fit(X, Y, optimizer=optimizer, steps=11, batch_size=64, record=0)
    for ours, theirs in zip(
        [*other.weights, *other.biases], [*net.weights, *net.biases], strict=True
    ):
        assert ours.dtype == dtype
        assert np.array_equal(ours, theirs)
        assert not np.shares_memory(ours, theirs)


def test_a_copy_is_independent() -> None:
    net = trained(il.Adam())
    before = net.weights[0].copy()
    net.copy().fit(X, Y, optimizer=il.Adam(), steps=5, batch_size=64)
    assert np.array_equal(net.weights[0], before)


def test_a_subclass_stays_one() -> None:
    class Mine(il.Network):
        pass

    assert type(Mine([2, 1]).copy()) is Mine


class Named(il.Network):
    """With arguments, an attribute and a slot of its own."""

    __slots__ = ("first",)

    def __init__(self, names: list[str]) -> None:
        super().__init__([2, len(names), 1])
        self.names = names
        self.first = names[0]


@pytest.mark.parametrize(
    "again",
    [il.Network.copy, copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],
)
def test_a_subclass_of_other_arguments_is_copied(again: Callable[[Any], Any]) -> None:
    net = Named(["a", "b"])
    net.initialize(il.initializers.LSUV(X=X), rng=3)
    other = again(net)
    assert type(other) is Named
    assert (other.names, other.first) == (["a", "b"], "a")
    assert np.array_equal(other.weights[0], net.weights[0])
    assert other.seed == 3
    assert repr(other.lsuv_record) == repr(net.lsuv_record) != "None"


def test_a_deep_copy_shares_nothing() -> None:
    net = Named(["a", "b"])
    copy.deepcopy(net).names.append("c")
    assert net.names == ["a", "b"]


def test_the_name_of_the_file_is_kept(tmp_path: Path) -> None:
    net = trained(il.SGD(0.1))
    net.save(str(tmp_path / "net.of.mine"))
    assert [path.name for path in tmp_path.iterdir()] == ["net.of.mine"]
    assert il.Network.load(str(tmp_path / "net.of.mine")).settings == net.settings


def test_nothing_is_pickled_inside(tmp_path: Path) -> None:
    trained(il.Adam()).save(tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as content:
        assert {content[name].dtype.kind for name in content.files} == {"f", "U"}


def test_equal_settings() -> None:
    net = il.Network([2, 4, 1], "tanh", "binary_cross_entropy")
    assert net.settings == il.Network((2, 4, 1), ["tanh"]).settings
    for other in (
        il.Network([2, 5, 1]),
        il.Network([2, 4, 1], "relu"),
        il.Network([2, 4, 1], loss="mse"),
        il.Network([2, 4, 1], dtype="float32"),
    ):
        assert net.settings != other.settings


@pytest.mark.parametrize(
    "net",
    [
        il.Network([2, 4, 3, 1], ["relu", "elu(0.5)"], dtype="float32"),
        il.Network([2, 4, 4, 3], "gelu"),
        il.Network([2, 1], loss="mse"),
    ],
    ids=repr,
)
def test_repr_round_trips(net: il.Network) -> None:
    assert eval(repr(net), vars(il)).settings == net.settings
    assert "[]" not in repr(net)  # no activation where there is no hidden layer


def test_table_and_html() -> None:
    net = il.Network([2, 4, 3]).initialize("ones", rng=0)
    assert net.table().rows == (
        ("1", "2 x 4", "tanh", "1", "0", "1/4"),
        ("2", "4 x 3", "softmax", "1", "0", "1/3"),
    )
    assert "<td>softmax</td>" in net._repr_html_()
    assert il.Network._repr_html_ is Tabular._repr_html_


def bad_header(path: Path) -> None:
    np.savez(path, header=np.array('{"format": "something else 7"}'))


def wrong_shape(path: Path) -> None:
    trained(il.SGD(0.1)).save(path)
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files}
    np.savez(path, **(arrays | {"weights1": np.ones((5, 4))}))


def too_few(path: Path) -> None:
    trained(il.SGD(0.1)).save(path)
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files if name != "biases2"}
    np.savez(path, **arrays)


def plain_array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.ones(3))


def cut(path: Path) -> None:
    trained(il.SGD(0.1)).save(path)
    path.write_bytes(path.read_bytes()[:300])


@pytest.mark.parametrize(
    "write",
    [
        bad_header,
        wrong_shape,
        too_few,
        cut,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("hello"),
        lambda path: path.write_bytes(pickle.dumps([1, 2])),
        lambda path: np.savez(path, other=np.ones(3)),
        lambda path: np.savez(path, header=np.array("[1, 2]")),
        lambda path: np.savez(path, header=np.array([{}], dtype=object)),
        plain_array,
    ],
)
def test_a_file_of_something_else(write: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    write(path)
    with pytest.raises(ValueError, match="holds no initlens network"):
        il.Network.load(path)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(ValueError, match=r"notes\.txt' holds .*: it is no whole npz file"):
        il.Network.load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        il.Network.load(tmp_path / "net.npz")


@pytest.mark.parametrize(
    "damage", [{"position": 400}, {"position": 10**9}, {"position": 2**63}, {"epoch": 2**64 - 1}]
)
def test_a_place_outside_the_data_is_refused(damage: dict[str, int]) -> None:
    """A position is an index into the order of an epoch: the next step would read past its end."""
    net = trained(OPTIMIZERS[0])
    progress, slots = net._get_progress(), net._get_slots()
    assert progress["samples"] == 400
    with pytest.raises(ValueError, match=r"no training leaves such a state: position \d+ of 400"):
        net._set_progress(progress | damage, slots)
    assert net._get_progress() == progress
    net._set_progress(progress | {"position": 399}, slots)
