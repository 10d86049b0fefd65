"""Hold the verdicts at the start against what training then does, on starts drawn from a seed.

    python -m tests.bench.verdicts [--tasks 600] [--seed 1] [--part report] [--probe 0.1]
                                   [--population FILE] [--findings FILE]

Tasks and starts are those of `tasks` and `starts`, the truth that of `outcomes`, right and wrong
those of `findings`, other tools' rules those of `rivals`. Prints Markdown. Intervals are 95 % of
1,000 bootstrap samples of tasks. `--population` takes rows that `outcomes` has saved instead of new
ones, `--findings` keeps what was found.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import pickle
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from . import findings, outcomes, rivals, starts, tasks
from .findings import Finding
from .outcomes import Row

LEAST = 200  # decided starts of a group that has a line of its own
SAMPLES = 1_000  # of the bootstrap
Key = Callable[[Finding], str]
Said = Callable[[Finding], str]


def static(found: Finding) -> str:
    """The answer without a probe."""
    return found.answer


def probed(found: Finding) -> str:
    """The answer with one."""
    return found.probed


# ---- counting -------------------------------------------------------------------------------


def is_right(found: Finding, said: str) -> bool:
    """Whether an answer that decides is the truth."""
    return (said == "error") == found.bad


def percent(part: float, whole: float) -> str:
    """A share in percent, to a tenth."""
    return f"{100 * part / whole:.1f}" if whole else "-"


def interval(these: Sequence[Finding], count: Callable[[Finding], tuple[float, float]]) -> str:
    """A share in percent with its interval over tasks; `count` gives part and whole of a start."""
    sums: dict[tuple[int, int], list[float]] = {}
    for found in these:
        key = (found.row.task.seed, found.row.task.index)
        part, whole = count(found)
        total = sums.setdefault(key, [0.0, 0.0])
        total[0] += part
        total[1] += whole
    table = np.array(list(sums.values())).reshape(-1, 2)
    whole = table[:, 1].sum()
    if not whole:
        return "-"
    draws = np.random.default_rng(0).multinomial(
        len(table), np.full(len(table), 1 / len(table)), SAMPLES
    )
    parts, wholes = (draws @ table).T
    shares = parts[wholes > 0] / wholes[wholes > 0]
    low, high = np.percentile(shares, (2.5, 97.5))
    return f"{100 * table[:, 0].sum() / whole:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def precision(these: Sequence[Finding], say: Said, *answers: str) -> str:
    """How often these answers are right."""
    return interval(
        these,
        lambda f: (float(say(f) in answers and is_right(f, say(f))), float(say(f) in answers)),
    )


def decided(these: Sequence[Finding], say: Said) -> int:
    """How many have an answer that is not "unknown"."""
    return sum(say(found) != "unknown" for found in these)


# ---- tables ---------------------------------------------------------------------------------


def table(*columns: str) -> Iterator[str]:
    """The head of a table."""
    yield "| " + " | ".join(columns) + " |"
    yield "| --- " * len(columns) + "|"


def line(*cells: object) -> str:
    """A row of it."""
    return "| " + " | ".join(map(str, cells)) + " |"


def answers(found: Sequence[Finding]) -> Iterator[str]:
    yield "\n### Answers\n"
    columns = ("rate", "probe", "starts", "bad %", "decided %", "right %", "errors right %")
    yield from table(*columns, "healthy right %", "healthy wrong", "bad found %", "fine found %")
    for factor in tasks.FACTORS:
        these = [each for each in found if each.row.rate_factor == factor]
        yield from answer_lines(these, "tuned" if factor == 1 else f"x {factor:g}")
    yield from answer_lines([each for each in found if each.row.rate_factor > 1], "x 3 and x 10")


def answer_lines(these: Sequence[Finding], title: str) -> Iterator[str]:
    bad = sum(each.bad for each in these)
    for name, say in (("no", static), ("yes", probed)):
        said = Counter((say(each), each.bad) for each in these)
        yield line(
            *(title, name, len(these), percent(bad, len(these))),
            interval(these, lambda f, say=say: (float(say(f) != "unknown"), 1.0)),
            precision(these, say, "error", "healthy"),
            precision(these, say, "error"),
            precision(these, say, "healthy"),
            said["healthy", True],
            percent(said["error", True], bad),
            percent(said["healthy", False], len(these) - bad),
        )


def others(found: Sequence[Finding]) -> Iterator[str]:
    """Every rule decides all starts: its errors and the rest."""
    yield "\n### Rules of others, at the tuned rate\n"
    columns = ("rule", "right %, of all", "alarms right %", "no alarm right %")
    yield from table(*columns, "right %, where ours decides", "the same with a probe")
    tuned = at_tuned(found)
    for name in rivals.RULES:
        say = partial(rival, name)
        where = [each for each in tuned if each.answer != "unknown"]
        with_probe = [each for each in tuned if each.probed != "unknown"]
        yield line(
            name,
            *(precision(tuned, say, *kinds) for kinds in KINDS),
            *(precision(these, say, "error", "healthy") for these in (where, with_probe)),
        )
    for name, say in (("initlens", static), ("initlens with a probe", probed)):
        where = [each for each in tuned if each.answer != "unknown"]
        with_probe = [each for each in tuned if each.probed != "unknown"]
        share = percent(decided(tuned, say), len(tuned))
        yield line(
            f"{name} (decides {share} %)",
            *(precision(tuned, say, *kinds) for kinds in KINDS),
            *(precision(these, say, "error", "healthy") for these in (where, with_probe)),
        )


KINDS = (("error", "healthy"), ("error",), ("healthy",))


def rival(name: str, found: Finding) -> str:
    """What a rule of others says, as an answer."""
    return "error" if found.alarms[name] else "healthy"


def at_tuned(found: Sequence[Finding]) -> list[Finding]:
    """Those at the tuned rate."""
    return [each for each in found if each.row.rate_factor == 1]


GROUPS: dict[str, Key] = {
    "hidden layers": lambda f: outcomes.depth_of(f.row.task),
    "activation": lambda f: f.row.task.activation,
    "loss": lambda f: f.row.task.loss,
    "optimizer": lambda f: f.row.task.optimizer,
    "dtype": lambda f: f.row.task.dtype,
    "batch": lambda f: "all samples" if f.row.task.batch_size is None else "minibatch",
    "inputs": lambda f: f.row.task.inputs,
    "targets": lambda f: f.row.task.targets,
    "data": lambda f: f.row.task.data,
    "family": lambda f: f.row.start.family,
    "fault": lambda f: " + ".join(sorted({x.kind for x in f.row.start.faults})) or "none",
    "first cause": lambda f: f.cause or "none",
}


def groups(found: Sequence[Finding]) -> Iterator[str]:
    """A group of fewer than `LEAST` decided starts is pooled, and listed below."""
    tuned = at_tuned(found)
    for title, key in GROUPS.items():
        yield f"\n### By {title}, at the tuned rate\n"
        columns = ("starts", "bad %", "decided %", "right %", "errors %", "healthy %")
        yield from table(title, "probe", *columns)
        names = sorted({key(each) for each in tuned})
        small: list[str] = []
        for name in names:
            these = [each for each in tuned if key(each) == name]
            if max(decided(these, static), decided(these, probed)) < LEAST:
                small.append(name)
                continue
            yield from group_lines(these, name)
        if small:
            rest = [each for each in tuned if key(each) in small]
            yield from group_lines(rest, f"the others ({len(small)})")
            parts = []
            for name in small:
                these = [e for e in rest if key(e) == name and e.probed != "unknown"]
                right = sum(is_right(e, e.probed) for e in these)
                parts.append(f"{name} {right} of {len(these)}")
            yield f"\nThe others, right of decided with a probe: {', '.join(parts)}."


def group_lines(these: Sequence[Finding], name: str) -> Iterator[str]:
    bad = percent(sum(each.bad for each in these), len(these))
    for probe, say in (("no", static), ("yes", probed)):
        yield line(
            *(name, probe, len(these), bad, percent(decided(these, say), len(these))),
            *(precision(these, say, *kinds) for kinds in KINDS),
        )


def wrong(found: Sequence[Finding]) -> Iterator[str]:
    yield "\n### Confident and wrong, by kind\n"
    columns = ("answer", "probe", "rate", "family", "codes", "starts", "of decided in the family")
    yield from table(*columns)
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    whole: Counter[tuple[str, str, str, str]] = Counter()
    for each in found:
        rate = "tuned" if each.row.rate_factor == 1 else "x 3, x 10"
        for name, say in (("no", static), ("yes", probed)):
            said = say(each)
            if said == "unknown":
                continue
            key = (said, name, rate, each.row.start.family)
            whole[key] += 1
            if not is_right(each, said):
                counts[*key, ", ".join(each.codes) if name == "yes" else ""] += 1
    for (*key, codes), count in counts.most_common(40):
        yield line(*key, codes, count, whole[tuple(key)])  # type: ignore[index]


def worst(found: Sequence[Finding]) -> Iterator[str]:
    yield "\n### The worst, at the tuned rate with a probe\n"
    tuned = [e for e in at_tuned(found) if e.probed != "unknown" and not is_right(e, e.probed)]
    tuned.sort(key=lambda e: -abs(max(e.row.progress, -1.0) - 0.65))
    for each in tuned[:25]:
        task = each.row.task
        faults = ", ".join(
            f"{x.kind}{'' if x.layer is None else f' of layer {x.layer}'} {x.value:.3g}"
            for x in each.row.start.faults
        )
        yield (
            f"- said {each.probed} ({', '.join(each.codes) or 'no code'}), "
            f"{progress_of(each.row)}: {each.row.start.family} "
            f"({faults or each.row.start.weights}), {task.data} {task.inputs}, "
            f"{'-'.join(map(str, task.layers))} {task.activation}, "
            f"{task.loss}, {each.row.optimizer}, {task.steps:,} steps, batch {task.batch_size}, "
            f"{task.dtype}; task {task.index}"
        )


def progress_of(row: Row) -> str:
    """Its progress in words."""
    return f"progress {row.progress:.2f}" if math.isfinite(row.loss) else "diverged"


def fixes(found: Sequence[Finding]) -> Iterator[str]:
    yield "\n### Fixes, of bad starts at the tuned rate whose conventional start is fine\n"
    yield from table("of", "starts", "fixed: fine %", "no longer bad %", "nothing to carry out %")
    bad = [e for e in at_tuned(found) if e.bad and e.row.usual >= outcomes.FINE]
    called = [e for e in bad if e.probed == "error"]
    lines = {
        "called an error": called,
        "the same, fix seen to work": [e for e in called if e.verified],
        "all bad": bad,
    }
    for kind in sorted({e.row.start.family for e in called}):
        lines[f"family {kind}"] = [e for e in called if e.row.start.family == kind]
    for title, these in lines.items():
        yield line(
            *(title, len(these)),
            interval(these, lambda f: (float((f.fixed or -math.inf) >= outcomes.FINE), 1.0)),
            percent(sum((e.fixed or -math.inf) >= outcomes.BAD for e in these), len(these)),
            percent(sum(e.fixed is None for e in these), len(these)),
        )


def causes(found: Sequence[Finding]) -> Iterator[str]:
    yield "\n### Causes, of bad starts with one planted fault called an error\n"
    yield from table(
        "planted", "starts", "cause right %", "cause and layer right %", "said instead"
    )
    bad = [
        e
        for e in at_tuned(found)
        if e.bad and e.planted and e.probed == "error" and e.row.usual >= outcomes.FINE
    ]
    kinds = sorted({e.planted.kind for e in bad if e.planted})
    for kind in ["all", *kinds]:
        these = [e for e in bad if kind == "all" or (e.planted and e.planted.kind == kind)]
        instead = Counter(str(e.cause) for e in these if not findings.right_cause(e))
        yield line(
            *(kind, len(these)),
            interval(these, lambda f: (float(findings.right_cause(f)), 1.0)),
            interval(these, lambda f: (float(findings.right_layer(f)), 1.0)),
            ", ".join(f"{name} {count}" for name, count in instead.most_common(4)),
        )
    yield "\n### Causes, of bad starts with two planted faults called an error\n"
    yield from table("starts", "the first verdict's cause is one of them %")
    pairs = [
        e for e in at_tuned(found) if e.bad and len(e.row.start.faults) == 2 and e.probed == "error"
    ]
    yield line(
        len(pairs),
        interval(
            pairs,
            lambda f: (
                float(
                    any(f.cause in findings.CAUSES_OF.get(x.kind, ()) for x in f.row.start.faults)
                ),
                1.0,
            ),
        ),
    )


def limit(found: Sequence[Finding]) -> str:
    """How often the net that is judged is itself not what the median of its draws is."""
    tuned = at_tuned(found)
    other = sum({e.row.truth, outcomes.truth_of(e.row.first)} == {"bad", "fine"} for e in tuned)
    return (
        f"For {percent(other, len(tuned))} % of the starts at the tuned rate the first draw, which "
        "is the net that is judged, is bad where the median of three draws is fine, or the other "
        "way round."
    )


TABLES = (answers, others, groups, fixes, causes, wrong, worst)


# ---- the experiment -------------------------------------------------------------------------


def of_task(key: tuple[int, int, str], probe: float) -> list[Finding]:
    """Draw a task, train its starts, examine them."""
    return findings.examine_all(outcomes.rows_of(*key), probe)


def of_rows(rows: Sequence[Row], probe: float) -> list[Finding]:
    """Examine the starts of one task."""
    return findings.examine_all(rows, probe)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.verdicts")
    parser.add_argument("--tasks", type=int, default=600, help="that are drawn (default 600)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=("fit", "report"), default="report")
    parser.add_argument("--probe", type=float, default=0.1, help="share of the steps; 0 for none")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--population", type=Path, help="rows that tests.bench.outcomes saved")
    parser.add_argument("--findings", type=Path, help="write what was found to this file")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    found: list[Finding] = []
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        if options.population:
            rows: dict[int, list[Row]] = {}
            for row in outcomes.load(options.population):
                rows.setdefault(row.task.index, []).append(row)
            results = pool.map(partial(of_rows, probe=options.probe), rows.values())
        else:
            keys = [(options.seed, index, options.part) for index in range(options.tasks)]
            results = pool.map(partial(of_task, probe=options.probe), keys)
        for done, each in enumerate(results, 1):
            found += each
            print(f"\r{done} tasks, {len(found)} starts", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if options.findings:
        options.findings.write_bytes(pickle.dumps(found))
    minutes = (time.monotonic() - began) / 60
    count = len({each.row.task.index for each in found})
    families = len({each.row.start.family for each in found})
    print(
        f"{len(found):,} starts of {count} tasks, {len({e.row.task.data for e in found})} data "
        f"sets, {families} of {len(starts.FAMILIES)} families, part "
        f"{' and '.join(sorted({e.row.part for e in found}))}, probe of {options.probe:.0%} of the "
        f"steps; {minutes:.0f} minutes on {options.workers} workers."
    )
    print(limit(found))
    for part in TABLES:
        print("\n".join(part(found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
