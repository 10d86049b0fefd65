"""The pytest plugin, in runs of pytest inside of the test."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLUGIN = "initlens"
REGISTERED = any(
    point.name == PLUGIN for point in importlib.metadata.entry_points(group="pytest11")
)
pytestmark = pytest.mark.skipif(not REGISTERED, reason="initlens is not installed as it is now")

TESTS = """
    import initlens as il
    import pytest

    flower = il.datasets.flower()

    def start(scheme, seed=0):
        return il.Network([2, 4, 1]).initialize(scheme, rng=seed)

    def test_diagnosis(initlens_report):
        initlens_report.add(il.diagnose(start("zeros"), flower.X, flower.y), "<zeros>")

    def test_audit(initlens_report):
        report = il.audit(start("glorot_uniform"), flower.X, flower.y, optimizer="adam(0.01)")
        initlens_report.add(report)

    def test_comparison(initlens_report):
        initlens_report.add(il.compare(["zeros", "he_normal"], steps=3, seeds=2, n_jobs=1))
"""

SEEDS = """
    import initlens as il
    import pytest

    flower = il.datasets.flower()

    @pytest.mark.initlens(seeds=[1, 2, 5])
    def test_first_loss(seed, initlens_report):
        net = il.Network([2, 4, 1]).initialize("he_normal", rng=seed)
        initlens_report.record("first loss", net.loss(flower.X, flower.y))
        assert seed != 2

    @pytest.mark.initlens(4)
    def test_without_report(seed):
        assert seed in range(4)
"""


def lines(result: pytest.RunResult, word: str) -> list[str]:
    return [line for line in result.outlines if line.startswith(word)]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_summary(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    if workers:
        pytest.importorskip("xdist")
    path = pytester.makepyfile(test_start=TESTS)
    result = pytester.runpytest_subprocess(*workers, "--initlens-html", "out.html")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*= initlens =*",
            "test*what*verdict*evidence",
            "test_start.py::test_audit*audit*note: healthy*",
            "test_start.py::test_comparison*comparison: he_normal*final loss * [[]*, *]",
            "test_start.py::test_comparison*comparison: zeros*",
            "test_start.py::test_diagnosis*<zeros>*error: zero_gradient*",
        ]
    )
    page = (path.parent / "out.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "&lt;zeros&gt;" in page
    assert "<zeros>" not in page
    assert page.count("<table>") == 4
    assert "src=" not in page
    assert "href=" not in page.replace('href="data:,"', "")  # no icon


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_marker_runs_over_seeds(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    import initlens as il

    if workers:
        pytest.importorskip("xdist")
    pytester.makepyfile(test_seeds=SEEDS)
    result = pytester.runpytest_subprocess(*workers, "--strict-markers")
    result.assert_outcomes(passed=6, failed=1)
    flower = il.datasets.flower()
    losses = sorted(
        il.Network([2, 4, 1]).initialize("he_normal", rng=seed).loss(flower.X, flower.y)
        for seed in (1, 2, 5)
    )
    spread = f"{losses[1]:.3g} [{losses[0]:.3g}, {losses[2]:.3g}]"
    (row,) = lines(result, "test_seeds.py::test_first_loss ")
    assert row.split()[1:3] == ["3", "2/3"]
    assert row.endswith(f"first loss   {spread}")
    (row,) = lines(result, "test_seeds.py::test_without_report ")
    assert row.split()[1:] == ["4", "4/4"]


WRONG_MARKERS = [  # what the marker is given, the test's argument, what is said
    ("seeds=0", "seed", "seeds must be a number of them or a list of integers from 0, got 0"),
    ("seeds=True", "seed", "seeds must be"),
    ("seeds='ab'", "seed", "seeds must be"),
    ("seeds=[-1]", "seed", "seeds must be"),
    ("seeds=[1.5]", "seed", "seeds must be"),
    ("", "seed", "write @pytest.mark.initlens(seeds=5)"),
    ("seed=3", "seed", "write @pytest.mark.initlens(seeds=5)"),
    ("seeds=3", "", "takes an argument seed"),
]


def test_wrong_markers(pytester: pytest.Pytester) -> None:
    """Each in a file of its own, all in one run."""
    for place, (marker, argument, _) in enumerate(WRONG_MARKERS):
        source = f"@pytest.mark.initlens({marker})\ndef test_it({argument}):\n    pass"
        pytester.makepyfile(**{f"test_{place}": f"import pytest\n{source}"})
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=len(WRONG_MARKERS))
    said = result.stdout.str()
    _, *errors = re.split(r"(?m)^_+ ERROR collecting test_\d\.py _+$", said)
    for error, (marker, _, message) in zip(errors, WRONG_MARKERS, strict=True):
        assert message in error, marker
    for text in (said, result.stderr.str()):
        assert "Traceback" not in text
        assert "pytest_initlens.py" not in text


def test_a_wrong_result_is_a_type_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(initlens_report):\n    initlens_report.add(3)")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TypeError: result must be*"])


def test_off_unless_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_it():\n"
        "    assert 'pytest_initlens' in sys.modules\n"
        "    assert not [n for n in sys.modules if n.split('.')[0] in ('initlens', 'numpy')]"
    )
    # Plugins that are installed beside it may load NumPy themselves.
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout
    assert "initlens" not in done.stdout.split("1 passed")[0].split("collected")[1]


def test_the_example_of_the_readme(pytester: pytest.Pytester, root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(def test_.*?)^```$", text, re.MULTILINE | re.DOTALL)
    pytester.makepyfile(f"import initlens as il\n\nflower = il.datasets.flower()\n\n\n{example}")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    assert result.stdout.str().count("note: healthy") == 1


def test_can_be_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(initlens_report):\n    pass")
    result = pytester.runpytest_subprocess("-p", f"no:{PLUGIN}")
    result.stdout.fnmatch_lines(["*fixture 'initlens_report' not found*"])


def test_results_of_failed_setups_and_of_finalizers_are_kept(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import initlens as il
        import pytest

        flower = il.datasets.flower()
        zeros = il.diagnose(il.Network([2, 4, 1]), flower.X, flower.y)

        @pytest.fixture
        def broken(initlens_report):
            initlens_report.add(zeros, "in setup")
            raise RuntimeError

        def test_setup(broken): pass

        def test_end(initlens_report, request):
            request.addfinalizer(lambda: initlens_report.add(zeros, "at the end"))
        """
    )
    page = pytester.path / "page.html"
    result = pytester.runpytest_subprocess(f"--initlens-html={page}")
    result.stdout.fnmatch_lines_random(["*in setup*", "*at the end*"])
    assert "in setup" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [".", os.devnull, "mistyped/page.html"])
def test_a_page_that_cannot_be_written_is_refused_before_the_tests(
    pytester: pytest.Pytester, page: str
) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_subprocess(f"--initlens-html={page}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --initlens-html: cannot write the report '{page}'*"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    result.stdout.no_fnmatch_line("*1 passed*")
    assert not (pytester.path / "mistyped").exists()


def test_a_failed_assertion_shows_the_table_and_not_our_source(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import initlens as il

        def test_start():
            flower = il.datasets.flower()
            il.testing.assert_healthy(il.Network([2, 4, 1]), flower.X, flower.y)
        """
    )
    result = pytester.runpytest_subprocess()
    result.stdout.fnmatch_lines(["*zero_gradient*"])
    result.stdout.no_fnmatch_line("*Parameters*")
