"""Write the answers of `diagnose` to 200 fixed starts.

    python -m tests.golden.answers

writes answers_1.json beside this file: for each start the answer and the code of the first verdict.
It shows which answers a change moves; how many answers are right is measured elsewhere, see
docs/verdicts.md. After a change of the bounds that is meant to move answers, run it again and say
in the commit why the answers that moved are the better ones.

Starts are drawn as for the measurements, by `tests.bench`, and nothing is trained: the rates are
fixed, and every fourth start has no optimizer.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench import datasets, starts, tasks

import initlens as il

FILE = Path(__file__).with_name("answers_1.json")
SEED = 20_26
TASKS, SLOTS = 50, 4
RATES: dict[str, il.optimizers.Optimizer] = {
    "sgd": il.SGD(0.05),
    "momentum": il.SGD(0.01, momentum=0.9),
    "nesterov": il.SGD(0.01, momentum=0.9, nesterov=True),
    "adam": il.Adam(0.003),
    "rmsprop": il.RMSProp(0.001),
}


def answers() -> dict[str, str]:
    """Return "task family optimizer" -> "answer code" of each start."""
    found = {}
    for index in range(TASKS):
        task = tasks.draw(SEED, index, sorted(datasets.SETS))
        for start in starts.choose(task, SLOTS, sorted(starts.FAMILIES)):
            net, X, y = starts.build(task, start, 0)
            named = start.slot < SLOTS - 1
            diagnosis = il.diagnose(
                net,
                X,
                y,
                optimizer=RATES[task.optimizer] if named else None,
                steps=task.steps,
                batch_size=task.batch_size,
            )
            key = f"{index} {start.family} {task.optimizer if named else 'none'}"
            found[key] = f"{diagnosis.answer} {diagnosis.verdict.code}"
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(answers(), indent=1) + "\n")
