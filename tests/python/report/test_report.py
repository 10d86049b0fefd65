"""Reports: what is on the page, that it is safe, that its call is true, and how it is written."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens import cli, report
from initlens.tables import Table

VOID = {"br", "img", "link", "meta"}
FLOWER = il.datasets.flower()
TWELVE = [
    *("zeros", "constant(0.5)", "normal(0.001)", "normal(0.01)", "normal(0.1)", "normal(1)"),
    *("normal(10)", "normal(100)", "glorot_uniform", "he_normal", "lecun_normal", "orthogonal"),
]
HOSTILE = "<script>alert(1)<.script>\"'><img src=x onerror=alert(1)>&lt;b&gt;$x$title"


class Page(HTMLParser):
    """A page taken apart; closing another element than the last one opened is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def code(self) -> str:
        (code,) = self.texts["pre"]
        return code


def page_of(result: Any, **files: str) -> str:
    """Return the report of a result."""
    page: str = result._page(**files)
    return page


def run_code(code: str, **names: Any) -> Any:
    """Run the call of a page as a reader would, and return its result."""
    scope: dict[str, Any] = {**names, "print": lambda _: None}
    exec(code, scope)
    return scope["result"]


def lecture(schemes: Any = ("zeros", "he_normal"), **settings: Any) -> il.Comparison:
    return il.compare(schemes, **({"steps": 20, "seeds": 2, "n_jobs": 1} | settings))


def start(scheme: Any = "constant(0.5)", layers: Any = (2, 4, 3, 1)) -> il.Network:
    return il.Network(list(layers)).initialize(scheme, rng=0)


def audited(**settings: Any) -> il.Audit:
    return il.audit(start(), FLOWER.X, FLOWER.y, **settings)


# ---- what is on the page -----------------------------------------------------------------------

KINDS: dict[str, Callable[[], str]] = {
    "comparison": lambda: page_of(lecture()),
    "diagnosis": lambda: page_of(il.diagnose(start(), FLOWER.X, FLOWER.y)),
    "audit": lambda: page_of(audited()),
    "weights alone": lambda: page_of(il.audit(start())),
}


@pytest.fixture(scope="module", params=list(KINDS))
def html(request: pytest.FixtureRequest) -> str:
    text = KINDS[request.param]()
    assert text.startswith("<!doctype html>\n")
    return text


def test_the_page_is_whole_and_can_be_read_aloud(html: str) -> None:
    page = Page(html)
    assert page.all("html") == [{"lang": "en"}]
    assert page.texts["title"] == page.texts["h1"]
    assert page.texts["title"][0].startswith("initlens: ")
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    tables = len(page.all("table"))
    assert tables >= 3
    assert len(page.all("caption")) == tables
    assert all(page.texts["caption"])
    assert all(heading["scope"] in ("col", "row") for heading in page.all("th"))
    assert len([box for box in page.all("div") if "scroll" in box.get("class", "")]) == tables
    for image in page.all("img"):
        assert len(image["alt"]) > 40
        assert int(image["width"]) > 0
    # The numbers of every picture, opened from a summary that names it.
    assert len(page.all("details")) == len(page.all("summary")) == len(page.all("img"))
    assert len(set(page.texts.get("summary", []))) == len(page.all("summary"))


def test_the_file_needs_no_other_and_lets_nothing_else_in(html: str) -> None:
    page = Page(html)
    for tag, attributes in page.elements:
        for name in ("src", "href"):
            assert attributes.get(name, "data:").startswith("data:"), tag
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
    assert "://" not in re.sub(r"base64,[\w+/=]*", "", html)
    assert not re.search(r"@import|url\(", html)
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'; img-src data:; ")
    for tag in ("style", "script"):
        (text,) = page.texts[tag]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_verdicts_come_first() -> None:
    result = lecture("zeros", seeds=1)
    text = page_of(result)
    assert text.index("Units that start equal") < text.index("<img")
    page = Page(text)
    assert page.texts["caption"][0] == repr(result.table()).split("\n")[0]
    assert page.texts["h2"] == ["Outcomes", "Pictures", "Reproduce this"]
    diagnosis = il.diagnose(start(), FLOWER.X, FLOWER.y)
    text = page_of(diagnosis)
    assert Page(text).texts["h2"][0] == "Verdicts"
    assert diagnosis.verdict.sentence in text[: text.index("<img")]


def test_pictures_of_a_comparison_of_twelve() -> None:
    result = lecture(TWELVE, steps=1_000, layers=[2, 8, 1])
    text = page_of(result)
    page = Page(text)
    assert len(text.encode()) < 2_000_000
    assert page.texts["h3"] == ["Loss", "Distinct units and their spread", "Decision boundaries"]
    assert len(page.all("img")) == 3
    alts = [image["alt"] for image in page.all("img")]
    assert alts[0] == result.plot().alt_text
    for image in page.all("img"):
        content = base64.b64decode(image["src"].partition("base64,")[2])
        assert content.startswith(b"\x89PNG")
        sizes = [int.from_bytes(content[place : place + 4], "big") for place in (16, 20)]
        assert abs(sizes[0] / 2 - int(image["width"])) <= 1
        assert abs(sizes[1] / 2 - int(image["height"])) <= 1


def test_pictures_of_a_diagnosis_show_the_layer_of_the_first_verdict() -> None:
    net = start(["normal(1)", "constant(0.5)", "constant(0.5)"])
    diagnosis = il.diagnose(net, FLOWER.X, FLOWER.y)
    assert next(v.layer for v in diagnosis.verdicts if v.layer is not None) == 2
    page = Page(page_of(diagnosis))
    assert page.texts["h3"] == [
        "Similarity of units, layer 2",
        "Saturation, layer 2",
        "First step",
        "Learning time",
    ]
    assert page.all("img")[2]["alt"] == diagnosis.plot_first_step().alt_text
    without_targets = Page(page_of(il.diagnose(net, FLOWER.X)))
    assert "First step" not in without_targets.texts["h3"]
    assert page.all("img")[0]["alt"] == diagnosis.plot_similarity(2).alt_text


@pytest.mark.parametrize(
    ("result", "drawn", "reason"),
    [
        (lambda: lecture(data=([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]], [0, 1])), 2, "Not drawn: "),
        (lambda: lecture(layers=[2, 1]), 2, "Not drawn: "),
        (lambda: lecture(record=0), 1, "record"),
        (lambda: lecture("he_normal", seeds=1), 3, ""),
        (lambda: lecture("normal(1)", optimizer="sgd(1e100)"), 3, "diverges"),
        (lambda: lecture(steps=0), 3, ""),
        (
            lambda: lecture({str(seed): "he_normal" for seed in range(1000)}, steps=1, seeds=1),
            3,
            "",
        ),
    ],
    ids=["3-D", "no hidden layer", "no record", "one", "diverged", "no steps", "1000 schemes"],
)
def test_what_cannot_be_drawn_is_said(
    result: Callable[[], il.Comparison], drawn: int, reason: str
) -> None:
    text = page_of(result())
    page = Page(text)
    assert len(page.all("img")) == drawn
    assert reason in text
    assert sum("Not drawn: " in paragraph for paragraph in page.texts["p"]) == 3 - drawn


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    result = lecture()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    page = Page(page_of(result))
    assert page.all("img") == []
    assert [text for text in page.texts["p"] if "initlens[plot]" in text]
    assert page.texts["caption"][0] == result.table().title
    assert "result = il.compare" in page.code


def test_nothing_is_left_open() -> None:
    from matplotlib import pyplot, rcParams

    before, settings = pyplot.get_fignums(), dict(rcParams)
    page_of(lecture("zeros", seeds=1))
    assert pyplot.get_fignums() == before
    assert dict(rcParams) == settings


def test_the_same_result_gives_the_same_bytes() -> None:
    result = lecture("zeros", seeds=1)
    assert page_of(result) == page_of(result)


def test_an_interrupted_comparison_has_a_report() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    part = lecture(["zeros", "he_normal"], seeds=50, progress=stop)
    assert part.interrupted
    assert "interrupted" in Page(page_of(part)).texts["caption"][0]


def test_markup_of_others_stays_text() -> None:
    data = il.datasets.Dataset(HOSTILE, FLOWER.X, FLOWER.y, 2)
    pages = [
        page_of(lecture({HOSTILE: "zeros", "other": "he_normal"}, data=data)),
        page_of(
            il.audit({f"{HOSTILE}.weight": np.ones((3, 2)), f"{HOSTILE}.bias": np.ones(3)}),
            file=HOSTILE,
            data=HOSTILE,
        ),
    ]
    for text in pages:
        page = Page(text)
        assert len(page.all("script")) == 1
        assert all(image["src"].startswith("data:") for image in page.all("img"))
        assert page.all("b") == []
        assert any(HOSTILE in cell for cell in page.texts["th"])
        assert "alert" not in page.texts["script"][0]
        compile(page.code, "page", "exec")


# ---- the call ----------------------------------------------------------------------------------


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take most of the time."""
    monkeypatch.setattr(report, "pictures", lambda _: "")


def signs(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    return rng.choice([-0.5, 0.5], shape)


LIAR = il.initializers.Custom("zeros", signs)  # its label is the text of another scheme


@pytest.mark.parametrize(
    ("settings", "stand_ins"),
    [
        ({}, {}),
        (
            {"schemes": {"low": "normal(0.01)", "zeros": "zeros", "it's \\n \n": "kumar('relu')"}},
            {},
        ),
        (
            {"schemes": "lsuv", "data": (FLOWER.X[::2], FLOWER.y[::2])},
            {"X": FLOWER.X[::2], "y": FLOWER.y[::2]},
        ),
        ({"schemes": ["lsuv(tolerance=0.01)", "sparse(2)", "mean_field_critical('tanh')"]}, {}),
        (
            {"data": "spirals(m=90, classes=3)", "layers": [2, 5, 4, 3], "activation": "elu(0.5)"},
            {},
        ),
        ({"data": il.datasets.moons(), "loss": "cross_entropy", "layers": [2, 3, 2]}, {}),
        ({"optimizer": "adam(0.01)", "batch_size": 32, "dtype": "float32", "seeds": [7, 3]}, {}),
        ({"optimizer": il.SGD(0.1, momentum=0.9, nesterov=True), "record": 7, "seeds": [5]}, {}),
        ({"optimizer": "rmsprop", "layers": [2, 1], "record": 0}, {}),
        ({"loss": "mse", "layers": [2, 6, 1], "activation": ["leaky_relu(0.1)"]}, {}),
        (
            {"data": (2.0 * FLOWER.X, FLOWER.y)},
            {"X": 2.0 * FLOWER.X, "y": FLOWER.y},
        ),
        (
            {"test": (FLOWER.X[:50], FLOWER.y[:50])},
            {"X_test": FLOWER.X[:50], "y_test": FLOWER.y[:50]},
        ),
        ({"schemes": ["zeros", signs]}, {"scheme_2": signs}),
        ({"schemes": {"zeros": signs}}, {"scheme_1": signs}),
        ({"schemes": [LIAR]}, {"scheme_1": LIAR}),
        ({"data": il.datasets.moons(noise=0.3)}, vars(il.datasets.moons(noise=0.3))),
    ],
)
@pytest.mark.usefixtures("no_pictures")
def test_the_call_of_a_comparison_gives_its_numbers(
    settings: dict[str, Any], stand_ins: dict[str, Any]
) -> None:
    result = lecture(**settings)
    page = Page(page_of(result))
    assert ("This runs as it stands." in page.texts["p"]) == (not stand_ins)
    if stand_ins:
        with pytest.raises(NameError):
            run_code(page.code)
    again = run_code(page.code, **stand_ins)
    assert again.to_dict(histories=True)["runs"] == result.to_dict(histories=True)["runs"]
    assert list(again.schemes) == list(result.schemes)
    assert again.settings == result.settings


@pytest.mark.usefixtures("no_pictures")
def test_the_call_of_a_comparison_with_held_out_samples() -> None:
    pytest.importorskip("sklearn")
    result = lecture(data=il.datasets.digits(), layers=[64, 8, 10])
    page = Page(page_of(result))
    again = run_code(page.code)
    assert again.to_dict()["runs"] == result.to_dict()["runs"]
    assert not np.isnan(again.runs[0].test_accuracy)


@pytest.mark.usefixtures("no_pictures")
def test_the_call_names_the_versions() -> None:
    page = Page(page_of(lecture()))
    assert f"# initlens {il.__version__}, numerics version {il.NUMERICS_VERSION}" in page.code
    assert np.__version__ in page.texts["td"]


@pytest.mark.parametrize(
    "given", [(), (FLOWER.X,), (FLOWER.X, FLOWER.y)], ids=["weights", "X", "X and y"]
)
@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"learning_rate": 0.25, "steps": 50, "threshold": 0.2},
        {"optimizer": "adam(0.01, beta1=0.5)", "steps": 50, "batch_size": 20},
    ],
)
def test_the_call_of_a_diagnosis(given: tuple[Any, ...], settings: dict[str, Any]) -> None:
    net = start("normal(3)")
    diagnosis = il.diagnose(net, *given, **settings)
    page = Page(page_of(diagnosis))
    names = dict(zip(("X", "y"), given, strict=False))
    assert run_code(page.code, net=net, **names).to_dict() == diagnosis.to_dict()


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("judge", [il.diagnose, il.audit])
def test_the_call_of_a_probe(judge: Any) -> None:
    net = start("he_normal")
    settings = {"optimizer": "sgd(0.5, momentum=0.5)", "steps": 50, "batch_size": 20, "probe": 0.1}
    result = judge(net, FLOWER.X, FLOWER.y, **settings)
    page = Page(page_of(result))
    again = run_code(page.code, net=net, model=net, X=FLOWER.X, y=FLOWER.y)
    assert again.trial.losses == result.trial.losses
    assert again.to_dict() == result.to_dict()


@pytest.mark.usefixtures("no_pictures")
def test_the_call_with_an_optimizer_that_is_not_known() -> None:
    class Lion:
        def step(self) -> None:
            """Take a step."""

    lion = Lion()
    result = il.audit(start("he_normal"), FLOWER.X, FLOWER.y, optimizer=lion)
    page = Page(page_of(result))
    assert any("optimizer (test_report.Lion)" in text for text in page.texts["p"])
    names = {"model": start("he_normal"), "X": FLOWER.X, "y": FLOWER.y, "optimizer": lion}
    assert run_code(page.code, **names).to_dict() == result.to_dict()


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "activation", ["relu", ["elu(0.5)", "sigmoid"], il.activations.get("elu(0.5)")]
)
def test_the_call_of_an_audit(activation: Any) -> None:
    net = start("he_normal", layers=(2, 2, 2, 1))  # square: the shapes do not tell the layout
    model = list(zip([w.T for w in net.weights], net.biases, strict=True))
    options = {"activation": activation, "layout": "out_in", "learning_rate": 2.0}
    result = il.audit(model, FLOWER.X, FLOWER.y, **options)
    page = Page(page_of(result))
    again = run_code(page.code, model=model, X=FLOWER.X, y=FLOWER.y)
    again_dict, result_dict = again.to_dict(), result.to_dict()
    # The loss is given now, so there is no note that it was found by y.
    assert again_dict.pop("notes") == [
        note for note in result_dict.pop("notes") if not note.startswith("loss:")
    ]
    assert again_dict == result_dict


@pytest.mark.usefixtures("no_pictures")
def test_the_call_of_an_audit_of_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, data, out = (tmp_path / name for name in ("it's.npz", "data.npz", "out.html"))
    start().save(model)
    np.savez(data, X=FLOWER.X, y=FLOWER.y)
    status = cli.main(
        ["audit", str(model), "--data", str(data), "--json", "--html", str(out), "--steps", "9"]
    )
    captured = capsys.readouterr()
    assert status == 1  # copies
    assert captured.err == f"initlens: wrote {out}\n"
    page = Page(out.read_text(encoding="utf-8"))
    assert "This runs as it stands." in page.texts["p"]
    assert run_code(page.code).to_dict() == json.loads(captured.out)


# ---- the file ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "result", [lecture, lambda: il.diagnose(start()), audited], ids=["compare", "diagnose", "audit"]
)
def test_to_html(result: Callable[[], Any], tmp_path: Path) -> None:
    path = result().to_html(str(tmp_path / "report.html"))
    assert path == tmp_path / "report.html"
    assert list(tmp_path.iterdir()) == [path]
    assert Page(path.read_text(encoding="utf-8")).texts["h1"]


def test_a_report_needs_a_path() -> None:
    with pytest.raises(ValueError, match=r"path is empty; name a file, such as report\.html"):
        il.diagnose(il.Network([2, 1])).to_html("")
    with pytest.raises(TypeError, match=r"path must be that of a file, .* got None"):
        il.diagnose(il.Network([2, 1])).to_html(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        ("missing/report.html", FileNotFoundError, "there is no directory '.*missing'"),
        ("folder", IsADirectoryError, "it is a directory; name a file"),
        ("file/report.html", NotADirectoryError, "'.*file' is no directory"),
        ("pipe", FileExistsError, "no regular file"),
        ("x" * 300, OSError, "too long"),
        ("x\0y", ValueError, "path must hold no null character"),
    ],
)
def test_where_no_file_can_be_written(
    name: str,
    error: type[Exception],
    match: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
    elif name == "pipe":
        pytest.skip("no named pipes here")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error, match=match):
        il.diagnose(start()).to_html(tmp_path / name)

    def no_training(*_: Any, **__: Any) -> None:
        raise AssertionError("trained before the path was looked at")

    monkeypatch.setattr(cli, "compare", no_training)
    assert cli.main(["compare", "--html", str(tmp_path / name)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("initlens: ")
    assert captured.err.count("\n") == 1
    assert re.search(match, captured.err)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_closed_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(PermissionError, match="no permission to write in"):
        report.destination(tmp_path / "report.html")
    tmp_path.chmod(0o700)


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"cannot write the report: No space left.*report\.html"):
        report.write(path, "new" * 100)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "report.html", tmp_path / "link.html"
    report.write(path, "1")
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    link.symlink_to(path)
    assert report.write(link, "2") == link
    assert link.is_symlink()
    assert path.read_text() == "2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    path = report.write(
        tmp_path / "page.html", report.page("\udcff", [report.section("<i>é</i>", "")])
    )
    page = Page(path.read_text(encoding="utf-8"))
    assert page.texts["h1"] == ["initlens: ?"]
    assert page.texts["h2"] == ["<i>é</i>"]


# ---- the command -------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_pictures")
def test_compare_html(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.html"
    fast = ["--steps", "20", "--seeds", "2", "--schemes", "zeros,he_normal", "--jobs", "1"]
    assert cli.main(["compare", *fast, "--json", "--html", str(out)]) == 0
    captured = capsys.readouterr()
    assert captured.err == f"initlens: wrote {out}\n"
    page = Page(out.read_text(encoding="utf-8"))
    assert run_code(page.code).to_dict()["runs"] == json.loads(captured.out)["runs"]


@pytest.mark.usefixtures("no_pictures")
def test_the_table_is_there_though_the_report_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    status = cli.main(["compare", "--steps", "1", "--seeds", "1", "--html", str(tmp_path / "a")])
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out.startswith("flower data")
    assert captured.err.count("\n") == 1
    assert "No space left" in captured.err


def test_modules_of_the_page_are_loaded_when_asked_for() -> None:
    code = (
        "import sys, initlens as il; il.compare('zeros', steps=1, seeds=1); "
        "assert not {'html', 'uuid', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_long_tables_say_who_they_are() -> None:
    text = report.table_html(Table("<t>", ("a", "b"), (("1", "2"),), ("n < m",)), sortable=False)
    assert '<div class="scroll" role="group" tabindex="0" aria-label="&lt;t&gt;">' in text
    assert text.endswith("</div>\n<p>n &lt; m</p>")
