"""The command: what it prints, its exit status, and how it fails."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens import cli

FAST = ["compare", "--steps", "20", "--seeds", "2", "--jobs", "1"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    status, out, err = run(capsys, *FAST, *arguments, "--json")
    assert (status, err) == (0, "")
    content: dict[str, Any] = json.loads(out)
    return content


def test_table_of_the_lecture(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, *FAST)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("flower data (400 points, 2 classes) · 2-4-1 tanh · SGD")
    names = [line.split()[0] for line in lines[4:11]]
    assert names == list(il.compare(steps=0, seeds=1).schemes)
    assert lines[-1].startswith("More: initlens compare --html report.html · ")


def test_every_option_arrives(capsys: pytest.CaptureFixture[str]) -> None:
    content = run_json(
        capsys,
        *("--data", "spirals(m=90, classes=3)", "--layers", "2-5x2-3", "--activation", "relu,elu"),
        *("--loss", "cross_entropy", "--schemes", "uniform(-1, 1), he_normal,normal(0.1,mean=2)"),
        *("--optimizer", "adam(beta1=0.5)", "--lr", "0.25", "--steps", "7", "--batch-size", "16"),
        *("--seeds", "3-5", "--dtype", "float32", "--jobs", "2"),
    )
    assert content["data"]["name"] == "spirals"
    assert content["data"]["samples"] == 90
    assert content["layers"] == [2, 5, 5, 3]
    assert content["activation"] == ["relu", "elu"]
    assert content["loss"] == "cross_entropy"
    assert list(content["schemes"]) == ["uniform(1)", "he_normal", "normal(0.1, mean=2)"]
    assert content["optimizer"] == il.Adam(0.25, beta1=0.5).to_dict()
    assert content["steps"] == 7
    assert content["batch_size"] == 16
    assert content["seeds"] == [3, 4, 5]
    assert content["dtype"] == "float32"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--schemes", "zeros,uniform(-1, 1),he_normal"],
        ["--schemes", "zeros", "uniform(-1, 1)", "he_normal"],
        ["--schemes", "zeros,", "uniform(-1, 1),he_normal"],
        ["--schemes", "zeros", "--schemes", "uniform(-1, 1),he_normal"],
    ],
)
def test_lists_have_commas_or_spaces(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    for layers in (["2-3-3-1"], ["2", "3", "3", "1"], ["2,3x2,", "1"]):
        for activation in (["relu,tanh"], ["relu", "tanh"], ["relu,", "tanh"]):
            content = run_json(capsys, *arguments, "--layers", *layers, "--activation", *activation)
            assert list(content["schemes"]) == ["zeros", "uniform(1)", "he_normal"]
            assert content["layers"] == [2, 3, 3, 1]
            assert content["activation"] == ["relu", "tanh"]


def test_whole_numbers_may_have_the_commas_of_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = run_json(capsys, "--schemes", "zeros", "--steps", "1,000")
    assert content["steps"] == 1_000


def test_learning_rate_of_plain_sgd(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, rate in (
        ([], 1.2),
        (["--optimizer", "sgd(momentum=0.5)"], 1.2),
        (["--lr", "0.1"], 0.1),
        (["--optimizer", "sgd(0.3)"], 0.3),
        (["--optimizer", "adam"], 0.001),
    ):
        content = run_json(capsys, "--schemes", "zeros", *arguments)
        assert content["optimizer"]["learning_rate"] == rate


def test_json_is_the_result_of_compare(capsys: pytest.CaptureFixture[str]) -> None:
    content = run_json(capsys, "--schemes", "he_normal")
    result = il.compare(["he_normal"], steps=20, seeds=2)
    assert content["runs"] == result.to_dict()["runs"]


def test_layers_text_is_read_back() -> None:
    assert cli._layers("2-8x16-1") == [2, *[8] * 16, 1]
    assert cli._layers("2-8-8-1") == [2, 8, 8, 1]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["compare", "--schemes", "he_norml"], "Did you mean 'he_normal'"),
        (["compare", "--schemes", ","], "schemes is empty"),
        (["compare", "--data", "flowr"], "flower"),
        (["compare", "--data", "foo.csv"], "unknown data set 'foo.csv'. Valid: blobs, circles,"),
        (["compare", "--html", ""], "path is empty; name a file, such as report.html"),
        (["compare", "--layers", "2-a-1"], "--layers"),
        (["compare", "--layers", "3-4-1"], "begin layers with 2"),
        (["compare", "--layers", "2-4x99999999999-1"], "--layers"),
        (["compare", "--seeds", "999999999999"], "seeds must be at most 1,000,000"),
        (["compare", "--seeds", "3-999999999999"], "seeds must be at most 1,000,000"),
        (["compare", "--schemes", "zeros,zeros"], "schemes holds zeros twice; leave one out"),
        (
            ["compare", "--optimizer", "sgd(0.5)", "--lr", "3"],
            "--optimizer 'sgd(0.5)' and --lr 3 give two learning rates",
        ),
        (["compare", "--step", "5"], "--step"),
        (["compare", "--layers", "2-0-1"], "layers"),
        (["compare", "--seeds", "5-3"], "--seeds"),
        (["compare", "--seeds", "0"], "seeds"),
        (["compare", "--lr", "-1"], "learning_rate"),
        (["compare", "--lr", "fast"], "--lr"),
        (["compare", "--steps", "-1"], "steps"),
        (["compare", "--jobs", "0"], "n_jobs"),
        (["compare", "--activation", "tanhh"], "tanh"),
        (["compare", "--nonsense"], "arguments: --nonsense; see initlens compare --help"),
        (["compare", "he_normal"], "he_normal; only --schemes, --activation and --layers"),
        (["compare", "--seeds", "1", "2", "3"], "arguments: 2 3; only --schemes, --act"),
        (["compare", "--steps", "1e4"], "--steps: must be a whole number, such as 10000, got '1e"),
        (["compare", "--jobs", "all"], "--jobs: must be a whole number"),
        (["compare", "--schemes"], "--schemes: expected at least one argument"),
        (["compare", "--schemes", ""], "schemes is empty"),
        (["compare", "--layers", "2", "4", "x"], "2-4-1 or 2-8x16-1, got '2 4 x'"),
        (["compare", "--layers", "2--1"], "2-4-1 or 2-8x16-1, got '2--1'"),
        (["audit", "a.npz", "b.npz"], "arguments: b.npz; give one FILE"),
        (["audit", "a.npz", "--activation", "relu", "tanh"], "such as --activation relu,tanh; see"),
        (["audit", ""], "FILE is empty; name one, such as model.npz"),
        (["audit", "none.npz"], "initlens: none.npz: No such file or directory\n"),
        (["audit", os.devnull, "--data", ""], "--data is empty; name a file, such as data.npz"),
        (["info", "now"], "unrecognized arguments: now; see initlens info --help"),
        (["compare", "--layers", "2-99999999x3-1"], "layers [2, 99999999, 99999999, 99999999, 1]"),
        (["nonsense"], "nonsense"),
        ([], "initlens --help"),
    ],
)
def test_an_error_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], match: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("initlens")
    assert err.count("\n") == 1
    assert match in err


def test_a_missing_package_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    status, _, err = run(capsys, "compare", "--data", "digits")
    assert status == 2
    assert "initlens[sklearn]" in err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"initlens {il.__version__}\n", "")


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "compare", "--help")
    assert status == 0
    for option in ("--schemes", "--layers", "--batch-size", "--json", "--html"):
        assert option in out


def test_audit_help_tells_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(run(capsys, "audit", "--help")[1].split())
    assert "Exit status: 0; 1 if the answer is error; 2 if a file cannot be read" in text
    assert "exit status 1 for unknown and for a warning too" in text
    assert "learned: the last loss is at most 0.8 times that of the best constant guess" in (
        " ".join(run(capsys, "compare", "--help")[1].split())
    )


@pytest.mark.parametrize(
    ("scheme", "data", "answer", "status", "strict"),
    [
        ("glorot_uniform", True, "healthy", 0, 0),
        ("glorot_uniform", False, "unknown", 0, 1),
        ("normal(3)", True, "unknown", 0, 1),
        ("constant(0.5)", True, "error", 1, 1),
        ("constant(0.5)", False, "error", 1, 1),
    ],
)
def test_exit_status_of_an_audit(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    scheme: str,
    data: bool,
    answer: str,
    status: int,
    strict: int,
) -> None:
    flower = il.datasets.flower()
    il.Network([2, 6, 6, 1]).initialize(scheme, rng=0).save(tmp_path / "net.npz")
    np.savez(tmp_path / "data.npz", X=flower.X, y=flower.y)
    given = ["--data", str(tmp_path / "data.npz")] if data else []
    arguments = ["audit", str(tmp_path / "net.npz"), *given]
    found, out, _ = run(capsys, *arguments, "--json")
    assert (found, json.loads(out)["answer"]) == (status, answer)
    assert run(capsys, *arguments, "--strict")[0] == strict
    (tmp_path / "net.npz").write_bytes(b"no archive")
    assert run(capsys, *arguments)[0] == 2


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "info")
    assert status == 0
    content = json.loads(run(capsys, "info", "--json")[1])
    assert content["isa"] in out
    assert content["numerics_version"] == il.NUMERICS_VERSION
    assert content == il.show_config(mode="dicts")


def test_show_config_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert il.show_config() is None
    assert "numerics version" in capsys.readouterr().out
    with pytest.raises(ValueError, match="stdout"):
        il.show_config("html")  # type: ignore[call-overload]


def test_interrupted_with_and_without_a_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    part = il.compare(["zeros"], steps=5, seeds=50, n_jobs=1, progress=stop)
    monkeypatch.setattr(cli, "compare", lambda *_, **__: part)
    status, out, _ = run(capsys, *FAST)
    assert status == 130
    assert "interrupted" in out.splitlines()[0]
    assert "zeros" in out

    def none(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "compare", none)
    status, out, err = run(capsys, *FAST)
    assert (status, out) == (130, "")
    assert err.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="no SIGPIPE there")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [FAST, [*FAST, "--json"], ["info"]], ids=" ".join)
def test_closed_pipe_is_quiet(arguments: list[str], unbuffered: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "initlens", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 141
    assert err == b""


def test_audit_takes_a_limit_of_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "net.npz"
    il.Network([2, 4, 1]).initialize("he_normal", rng=0).save(file)
    status, out, err = run(capsys, "audit", str(file), "--max-bytes", "1")
    assert (status, out) == (2, "")
    assert re.search(r"more than 1; if you trust it, pass --max-bytes \d+$", err)
    assert run(capsys, "audit", str(file), "--max-bytes", err.split()[-1])[0] == 0
    assert run(capsys, "audit", str(file), "--max-bytes", "-1")[0] == 2


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("arguments", [FAST, ["info", "--json"]], ids=" ".join)
def test_closed_streams_are_no_error(arguments: list[str]) -> None:
    command = shlex.join([sys.executable, "-m", "initlens", *arguments])
    done = subprocess.run(f"{command} >&-", shell=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    # What belongs on stderr is not written to stdout.
    done = subprocess.run(f"{command} --seed 3 2>&-", shell=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "initlens", "info"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert re.fullmatch(rb"initlens: .*No space left on device\n", done.stderr)


def test_a_poor_terminal_gets_question_marks() -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "initlens", *FAST]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert b"2-4-1 tanh ? SGD" in done.stdout


def modules(statement: str) -> set[str]:
    """What a fresh interpreter has loaded after the statement."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_the_core_and_numpy_only() -> None:
    loaded = modules("import initlens") - modules("import numpy, importlib")
    assert loaded == {"initlens", "initlens._core"}


def test_network_is_light() -> None:
    loaded = modules("from initlens import Network") - modules("import numpy, numpy.typing")
    assert "initlens.network" in loaded
    heavy = {"argparse", "concurrent.futures", "difflib", "hashlib", "html", "numpy.random"}
    assert not loaded & {*heavy, "matplotlib", "pandas", "sklearn"}


def test_public_names_are_there() -> None:
    for name in il.__all__:
        assert getattr(il, name) is not None
    assert dir(il) == sorted([*il.__all__, "__version__"])
    assert il.__version__
    with pytest.raises(AttributeError, match="nonsense"):
        il.nonsense  # noqa: B018


def test_audit_for_an_optimizer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flower = il.datasets.flower()
    model, data = str(tmp_path / "net.npz"), str(tmp_path / "data.npz")
    il.Network([2, 8, 1]).initialize("he_normal", rng=0).save(model)
    np.savez(data, X=flower.X, y=flower.y)
    command = ["audit", model, "--data", data]
    run = ["--steps", "1,000", "--batch-size", "50", "--probe", "0.1"]
    for optimizer in (["--optimizer", "adam(0.01)"], ["--optimizer", "adam", "--lr", "0.01"]):
        assert cli.main([*command, *run, *optimizer, "--json"]) == 0
        content = json.loads(capsys.readouterr().out)
        assert content["optimizer"]["name"] == "adam"
        assert content["optimizer"]["learning_rate"] == 0.01
        assert (content["steps"], content["batch_size"]) == (1_000, 50)
        assert content["trial"]["steps"] == 100
    for options, message in (
        (["--probe", "0.1"], "--probe 0.1 trains a copy, which needs an optimizer"),
        (["--optimizer", "adam", "--probe", "2"], "probe must be"),
        (["--optimizer", "sgd(0.1)", "--lr", "0.2"], "two learning rates"),
        (["--optimizer", "sgd"], "learning_rate"),
        (["--optimizer", "lion(0.1)"], "unknown optimizer 'lion'"),
        (["--lr", "inf"], "learning_rate must be finite"),
    ):
        assert cli.main([*command, *options]) == 2
        assert message in capsys.readouterr().err
