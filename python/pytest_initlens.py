"""The pytest plugin of initlens. It imports nothing of initlens until a test uses it.

It stands beside the package, not in it: loading a module of a package loads the package, and NumPy
with it, in every run of pytest of everyone who has initlens installed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from initlens.tables import Table

__all__ = ["Report"]

_ENTRIES = pytest.StashKey[list[dict[str, Any]]]()  # of a test: what it added
_PASSED = pytest.StashKey[bool]()  # of a test that was called
_COLUMNS = ("test", "what", "verdict", "evidence")


class Report:
    """What the fixture `initlens_report` gives: add results, and see them in one table.

    Parameters
    ----------
    test : str
        The test that adds them.
    entries : list
        Where they go.
    """

    def __init__(self, test: str, entries: list[dict[str, Any]]) -> None:
        self._test = test
        self._entries = entries

    def add(self, result: Any, name: str = "") -> None:
        """Add a result to the table of the run.

        Parameters
        ----------
        result : Audit, Diagnosis or Comparison
            What `audit`, `diagnose` or `compare` returned.
        name : str, optional
            What to call it; the kind of the result by default.
        """
        from initlens.report import table_html

        what = name or type(result).__name__.lower()
        if hasattr(result, "alarms"):
            rows = [
                (what, f"{verdict.severity}: {verdict.code}", verdict.sentence)
                for verdict in result.alarms or result.verdicts[:1]
            ]
        elif hasattr(result, "schemes"):
            table = result.table()
            rows = [(f"{what}: {row[0]}", row[-1], _losses(result, row[0])) for row in table.rows]
        else:
            raise TypeError(f"result must be an Audit, a Diagnosis or a Comparison, got {result!r}")
        html = table_html(result.table())
        self._entries.append({"test": self._test, "rows": rows, "html": html, "values": []})

    def record(self, name: str, value: float) -> None:
        """Record a number, whose spread over the seeds of a test is reported.

        Parameters
        ----------
        name : str
            What it is.
        value : float
            The number.
        """
        entry = {"test": self._test, "rows": [], "html": "", "values": [(name, float(value))]}
        self._entries.append(entry)


def _losses(result: Any, scheme: str) -> str:
    return f"final loss {_spread([run.final_loss for run in result.of(scheme)])}"


def _spread(values: list[float]) -> str:
    if any(math.isnan(value) for value in values):
        return "nan"
    return f"{statistics.median(values):.3g} [{min(values):.3g}, {max(values):.3g}]"


# ---- hooks ------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --initlens-html."""
    parser.getgroup("initlens").addoption(
        "--initlens-html",
        metavar="FILE",
        type=Path,
        help="write what tests gave to the fixture initlens_report as a page",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse a page that cannot be written before any test has run."""
    config.addinivalue_line(
        "markers",
        "initlens(seeds): run the test for each seed, given as the argument `seed`; a number means "
        "0 to number - 1",
    )
    path: Path | None = config.getoption("--initlens-html")
    if path is not None:
        from initlens.report import destination

        try:
            destination(path)
        except OSError as error:
            raise pytest.UsageError(f"--initlens-html: {error}") from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked test once a seed."""
    marker = metafunc.definition.get_closest_marker("initlens")
    if marker is None:
        return
    name = metafunc.definition.nodeid
    arguments = [*marker.args, *marker.kwargs.values()]
    if len(arguments) != 1 or set(marker.kwargs) - {"seeds"}:
        pytest.fail(
            f"{name}: write @pytest.mark.initlens(seeds=5), or a list of seeds", pytrace=False
        )
    if "seed" not in metafunc.fixturenames:
        pytest.fail(
            f"{name}: a test marked initlens(seeds=...) takes an argument seed", pytrace=False
        )
    metafunc.parametrize("seed", _seeds(name, arguments[0]))


def _seeds(name: str, seeds: Any) -> list[int]:
    each = range(seeds) if type(seeds) is int else seeds
    found = list(each) if isinstance(each, Iterable) and not isinstance(each, str) else []
    if not found or not all(type(seed) is int and seed >= 0 for seed in found):
        pytest.fail(
            f"{name}: seeds must be a number of them or a list of integers from 0, got {seeds!r}",
            pytrace=False,
        )
    return found


@pytest.fixture
def initlens_report(request: pytest.FixtureRequest) -> Report:
    """Collect diagnoses, audits and comparisons for the table at the end of the run."""
    return Report(request.node.nodeid, request.node.stash.setdefault(_ENTRIES, []))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send with the report, which xdist carries to the main process, what the test added."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    elif report.when == "teardown":  # the last one, and there is one where the setup failed
        callspec = getattr(item, "callspec", None)
        marked = item.get_closest_marker("initlens") is not None
        entries = item.stash.get(_ENTRIES, [])
        if marked and callspec is not None and _PASSED in item.stash:
            base = item.nodeid.split("[")[0]
            passed = item.stash[_PASSED]
            seed = {"test": base, "seed": callspec.params["seed"], "passed": passed}
            entries = [*entries, seed]
        if entries:
            report.initlens = entries  # type: ignore[attr-defined]
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the tables."""
    entries = [
        entry
        for reports in terminalreporter.stats.values()
        for report in reports
        for entry in getattr(report, "initlens", ())
    ]
    tables = _tables(entries) if entries else []
    for table in tables:
        terminalreporter.section(table.title)
        terminalreporter.write_line(repr(table).split("\n", 2)[2])
    path: Path | None = config.getoption("--initlens-html")
    if path is not None:
        from initlens.report import write

        try:
            write(path, _page(tables, entries))
        except OSError as error:
            pytest.exit(f"--initlens-html: {error}", pytest.ExitCode.USAGE_ERROR)
        terminalreporter.write_line(f"initlens report: {path}")


def _tables(entries: list[dict[str, Any]]) -> list[Table]:
    from initlens.tables import Table

    rows = [
        tuple(map(str, (entry["test"], *row)))
        for entry in entries
        if "rows" in entry
        for row in entry["rows"]
    ]
    tables = [Table("initlens", _COLUMNS, tuple(sorted(rows)))] if rows else []
    spread = _seed_rows(entries)
    if spread:
        columns = ("test", "runs", "passed", "what", "median [min, max]")
        tables.append(Table("initlens, over seeds", columns, tuple(spread)))
    return tables


def _seed_rows(entries: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    runs: dict[str, list[bool]] = {}
    values: dict[str, dict[str, list[float]]] = {}
    for entry in entries:
        if "seed" in entry:
            runs.setdefault(entry["test"], []).append(entry["passed"])
        for name, value in entry.get("values", ()):
            test = entry["test"].split("[")[0]
            values.setdefault(test, {}).setdefault(name, []).append(value)
    rows: list[tuple[str, ...]] = []
    for test in sorted({*runs, *values}):
        passed = runs.get(test, [])
        head = (test, str(len(passed) or "-"), f"{sum(passed)}/{len(passed)}" if passed else "-")
        measured = [(name, _spread(found)) for name, found in values.get(test, {}).items()]
        for index, cells in enumerate(measured or [("", "")]):
            rows.append((*(head if index == 0 else ("", "", "")), *cells))
    return rows


def _page(tables: list[Table], entries: list[dict[str, Any]]) -> str:
    from initlens.report import page, section, table_html

    parts = [table_html(table) for table in tables] or ["<p>No test used initlens_report.</p>"]
    results = [
        section(entry["test"], entry["html"])
        for entry in sorted(entries, key=lambda entry: str(entry["test"]))
        if entry.get("html")
    ]
    return page("what the tests reported", [section("Summary", *parts), *results])
