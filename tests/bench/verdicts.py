"""Hold the verdicts at the start against what training then does, over a grid of nets.

    python -m tests.bench.verdicts [--data flower] [--seed 1] [--steps 3000]

Prints, in Markdown, the confusion matrix, what became of each code, and every net that was called
wrong. A net has learned if its last loss is at most 0.8 times that of the best constant guess.
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import initlens as il

ACTIVATIONS = ("tanh", "sigmoid", "relu", "gelu")
DEPTHS = (1, 2, 4, 8)
SCHEMES = (
    "zeros",
    "constant(0.5)",
    "normal(0.01)",
    "normal(0.1)",
    "normal(1)",
    "normal(10)",
    "glorot_uniform",
    "he_normal",
    "torch_linear",
)
# Weights and biases; None takes those of the scheme. Biases at random, weights equal: PyTorch's
# defaults after `nn.init.constant_(layer.weight, 0.1)`.
STARTS: tuple[tuple[str, str | None], ...] = (
    *((scheme, None) for scheme in SCHEMES),
    ("constant(0.1)", "torch_linear"),
    ("constant(0.5)", "torch_linear"),
)
RATES = (0.05, 0.5)
WIDTH = 8
LEARNED = 0.8
SEVERITIES = ("error", "warning", "healthy")


@dataclass(frozen=True)
class Outcome:
    net: str
    start: str
    severity: str
    codes: tuple[str, ...]  # of that severity
    ratio: float  # last loss over chance; infinite where it diverged

    @property
    def learned(self) -> bool:
        return self.ratio <= LEARNED


def outcomes(data: il.datasets.Dataset, seed: int, steps: int) -> Iterator[Outcome]:
    classes = int(data.y.max()) + 1
    for activation, depth in itertools.product(ACTIVATIONS, DEPTHS):
        layers = [data.X.shape[1], *[WIDTH] * depth, classes if classes > 2 else 1]
        grid = list(itertools.product(STARTS, RATES))
        nets = [
            il.Network(layers, activation=activation).initialize(scheme, bias=bias, rng=seed)
            for (scheme, bias), _ in grid
        ]
        found = [
            il.diagnose(net, data.X, data.y, learning_rate=rate, steps=steps)
            for net, (_, rate) in zip(nets, grid, strict=True)
        ]
        optimizers = [il.SGD(rate) for _, rate in grid]
        histories = il.fit_many(
            nets, data.X, data.y, optimizer=optimizers, steps=steps, record=steps
        )
        for (start, rate), diagnosis, history in zip(grid, found, histories, strict=True):
            severity = next((v.severity for v in diagnosis.alarms), "healthy")
            codes = [v.code for v in diagnosis.alarms if v.severity == severity]
            last = history.loss[-1] / history.chance_loss
            name = " with biases of ".join(filter(None, start))
            yield Outcome(
                f"{activation}, {depth} hidden, {name}, learning rate {rate}",
                name,
                severity,
                tuple(dict.fromkeys(codes)) or ("healthy",),
                float(last) if history.diverged_at is None else float("inf"),
            )


def report(found: list[Outcome]) -> Iterator[str]:
    yield "| verdict at the start | learned | did not learn |"
    yield "| --- | --- | --- |"
    for severity in SEVERITIES:
        these = [outcome.learned for outcome in found if outcome.severity == severity]
        yield f"| {severity} | {sum(these)} | {len(these) - sum(these)} |"
    yield ""
    yield "| code (error or warning) | nets | learned all the same |"
    yield "| --- | --- | --- |"
    all_codes = Counter((code, o.severity) for o in found for code in o.codes)
    for (code, severity), count in all_codes.most_common():
        if code != "healthy":
            learned = sum(o.learned for o in found if code in o.codes and o.severity == severity)
            yield f"| `{code}` ({severity}) | {count} | {learned} |"
    yield ""
    yield "| start | nets | learned |"
    yield "| --- | --- | --- |"
    for start in dict.fromkeys(outcome.start for outcome in found):
        learned_here = [outcome.learned for outcome in found if outcome.start == start]
        yield f"| {start} | {len(learned_here)} | {sum(learned_here)} |"
    for title, wrong in (
        ("Errors that learned", [o for o in found if o.severity == "error" and o.learned]),
        ("Healthy that did not", [o for o in found if o.severity == "healthy" and not o.learned]),
    ):
        yield f"\n{title}:\n"
        for outcome in wrong:
            codes = ", ".join(outcome.codes)
            yield f"- {outcome.net}: {codes}; last loss {outcome.ratio:.2f} x chance"
        if not wrong:
            yield "- none"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.verdicts")
    parser.add_argument("--data", default="flower")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3_000)
    options = parser.parse_args(arguments)
    data = il.datasets.get(options.data)
    found = list(outcomes(data, options.seed, options.steps))
    print(f"{len(found)} nets on {data.name}, seed {options.seed}, {options.steps:,} steps:\n")
    print("\n".join(report(found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
