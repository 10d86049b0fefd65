"""The `initlens` command."""

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Never

from ._config import config_table, configuration, version
from ._tools.text import split_list
from .activations import names as activation_names
from .comparison.outcomes import LEARNED_TEXT
from .comparison.plan import compare
from .comparison.schemes import LECTURE_SCHEMES
from .datasets import names as dataset_names
from .initializers import names as scheme_names
from .nets.targets import LOSSES
from .optimizers import Optimizer
from .optimizers import get as get_optimizer

__all__ = ["main"]

FAULT = 1  # what audit found
USAGE_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count
BROKEN_PIPE = 141  # 128 + SIGPIPE

MOST_LAYERS = 100_000  # of one width in --layers

# What becomes one line on stderr.
_REPORTED = (ValueError, TypeError, MemoryError, ImportError, OSError)

# What a message calls by its name in Python, and is an option here.
_ARGUMENTS = re.compile(r"(?<![^ ])(activation|layout|loss|dtype|optimizer|probe|max_bytes)=")

HINT = (
    "More: initlens compare --html report.html · --seeds 100 · --layers 2-8-8-1 · "
    "--activation relu · initlens compare --help"
)


class _Parser(argparse.ArgumentParser):
    def __init__(self, **settings: Any) -> None:
        # An option that is added later must not change what an abbreviation means.
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> Never:
        self.exit(USAGE_ERROR, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        Exit status: 0, 1 for an error that `audit` found, 2 for a wrong argument or a file that
        cannot be read, 130 after Ctrl-C, 141 for a closed pipe. The output of a closed stdout (>&-)
        is dropped.
    """
    _open_closed_streams()
    try:
        # A terminal without the table's characters gets question marks, not a traceback.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        status = _run(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return BROKEN_PIPE
    except OSError as error:  # a full disk
        _discard_stdout()
        print(f"initlens: cannot write the output: {error.strerror}", file=sys.stderr)
        return USAGE_ERROR
    return status


def _open_closed_streams() -> None:
    """Open what the shell has closed (>&-): print writes to stdout where stderr is None."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nothing)


def _discard_stdout() -> None:
    # The interpreter flushes stdout once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments, rest = _parser().parse_known_args(argv)
        if rest:
            raise ValueError(_no_place(rest, arguments))
        status: int = arguments.run(arguments)
    except SystemExit as end:  # argparse: --help is 0, a wrong option 2
        return end.code if isinstance(end.code, int) else USAGE_ERROR
    except KeyboardInterrupt:
        print("initlens: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # an OSError, and none to report
        raise
    except _REPORTED as error:
        text = str(error)
        if isinstance(error, OSError) and error.filename is not None:
            text = f"{error.filename}: {error.strerror}"  # as other commands write it
        words = _ARGUMENTS.sub(_option, text).split()
        message = " ".join(words) or type(error).__name__
        print(f"initlens: {message}", file=sys.stderr)
        return USAGE_ERROR
    return status


def _option(argument: re.Match[str]) -> str:
    return f"--{argument[1].replace('_', '-')} "


def _no_place(rest: list[str], arguments: argparse.Namespace) -> str:
    """Say what cannot be placed, and the way out where it is no option."""
    hint = "" if rest[0].startswith("-") else arguments.hint
    return (
        f"unrecognized arguments: {' '.join(rest)}; {hint}see initlens {arguments.command} --help"
    )


def _compare(arguments: argparse.Namespace) -> int:
    html = _destination(arguments.html)
    optimizer = _optimizer(arguments, _learning_rate(arguments))
    result = compare(
        LECTURE_SCHEMES if arguments.schemes is None else _list(arguments.schemes),
        data=arguments.data,
        layers=None if arguments.layers is None else _layers(" ".join(arguments.layers)),
        activation=_one_or_several(_list(arguments.activation)),
        loss=arguments.loss,
        optimizer=optimizer,
        steps=arguments.steps,
        batch_size=arguments.batch_size,
        seeds=_seeds(arguments.seeds),
        dtype=arguments.dtype,
        progress=arguments.progress,
        n_jobs=arguments.jobs,
    )
    if arguments.json:
        print(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    else:
        table = result.table()
        print(replace(table, notes=(*table.notes, HINT)))
    if html is not None:
        result.to_html(html)
        _say_written(html)
    return INTERRUPTED if result.interrupted else 0


def _audit(arguments: argparse.Namespace) -> int:
    from .auditing.inspection import audit
    from .auditing.readers.files import read_data

    file = _file("FILE", arguments.file, "one, such as model.npz")
    html = _destination(arguments.html)
    X = y = None
    limit = arguments.max_bytes
    if limit is not None and limit < 0:
        raise ValueError(f"--max-bytes must be at least 0, got {limit}")
    if arguments.data is not None:
        X, y = read_data(
            _file("--data", arguments.data, "a file, such as data.npz"), max_bytes=limit
        )
    activation = None if arguments.activation is None else split_list(arguments.activation)
    report = audit(
        file,
        X,
        y,
        None if activation is None else _one_or_several(activation),
        arguments.layout,
        loss=arguments.loss,
        optimizer=None if arguments.optimizer is None else _optimizer(arguments, arguments.lr),
        learning_rate=arguments.lr if arguments.optimizer is None else None,
        steps=arguments.steps,
        batch_size=arguments.batch_size,
        probe=arguments.probe,
        max_bytes=limit,
    )
    if arguments.json:
        print(json.dumps(report.to_dict(), indent=2, allow_nan=False))
    else:
        print(report)
    if html is not None:
        from .report import write

        write(html, report._page(file=arguments.file, data=arguments.data))
        _say_written(html)
    if not report.ok:
        return FAULT
    doubtful = report.answer == "unknown" or bool(report.alarms)
    return FAULT if arguments.strict and doubtful else 0


def _info(arguments: argparse.Namespace) -> int:
    print(json.dumps(configuration(), indent=2) if arguments.json else config_table())
    return 0


def _file(name: str, text: str, hint: str) -> Path:
    """Return a path; refuse the empty text of an unset shell variable, to pathlib a directory."""
    if not text:
        raise ValueError(f"{name} is empty; name {hint}")
    return Path(text)


def _destination(html: str | None) -> Path | None:
    """Return where the report goes; refuse, before the work is done, where none can go."""
    if html is None:
        return None
    from .report import destination

    return destination(html)


def _say_written(html: Path) -> None:
    # Not among the results: with --json these are read by a program.
    print(f"initlens: wrote {html}", file=sys.stderr)


def _optimizer(arguments: argparse.Namespace, learning_rate: float | None) -> Optimizer:
    """Return --optimizer, with a learning rate where its text gives none."""
    optimizer = get_optimizer(arguments.optimizer, learning_rate=learning_rate)
    if arguments.lr is not None and optimizer.learning_rate != arguments.lr:
        raise ValueError(
            f"--optimizer {arguments.optimizer!r} and --lr {arguments.lr:g} give two learning "
            "rates; leave one out"
        )
    return optimizer


def _learning_rate(arguments: argparse.Namespace) -> float | None:
    """Return --lr; plain "sgd", which has no default of its own, gets the lecture's."""
    if arguments.lr is None and arguments.optimizer.strip().startswith("sgd"):
        return 1.2
    rate: float | None = arguments.lr
    return rate


def _whole(text: str) -> int:
    """Read 10000, and 10,000 as tables write it."""
    if re.fullmatch(r"[+-]?(\d+|\d{1,3}([,_]\d{3})+)", text.strip(), re.ASCII) is None:
        raise argparse.ArgumentTypeError(f"must be a whole number, such as 10000, got {text!r}")
    return int(text.replace(",", "_"))


def _layers(text: str) -> list[int]:
    """Read 2-8-8-1, and 2-8x16-1 for sixteen layers of 8; with commas or spaces too."""
    widths: list[int] = []
    for part in re.split(r"\s*[-,]\s*|\s+", text.strip()):
        match = re.fullmatch(r"(\d+)(?:x(\d+))?", part, re.ASCII)
        if match is None:
            raise ValueError(f"--layers must be widths such as 2-4-1 or 2-8x16-1, got {text!r}")
        count = int(match[2] or 1)
        if count > MOST_LAYERS:
            raise ValueError(f"--layers may repeat a width {MOST_LAYERS:,} times, got {part!r}")
        widths += [int(match[1])] * count
    return widths


def _seeds(text: str) -> int | range:
    """Read 12 (that many) and 3-7 (from, to)."""
    match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", text, re.ASCII)
    if match is None or (match[2] and int(match[2]) < int(match[1])):
        raise ValueError(f"--seeds must be a number, 12, or a range, 3-7, got {text!r}")
    return range(int(match[1]), int(match[2]) + 1) if match[2] else int(match[1])


def _list(parts: Sequence[str]) -> list[str]:
    """Read what was written with commas, with spaces, or with both."""
    return split_list(",".join(parts))


def _one_or_several(parts: list[str]) -> Any:
    return parts[0] if len(parts) == 1 else parts


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="initlens", description="See how dense neural networks start.")
    parser.add_argument("--version", action="version", version=f"initlens {version()}")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")

    one = commands.add_parser(
        "compare",
        help="train one net from several initializations, side by side",
        description="Train one net from several initializations, the same seeds and data for each. "
        "Without options: the lecture's comparison on the flower data. In the table, "
        + LEARNED_TEXT,
    )
    several = "only --schemes, --activation and --layers take several values; "
    one.set_defaults(run=_compare, hint=several)
    add = one.add_argument
    names = ", ".join(dataset_names())
    add("--data", default="flower", metavar="NAME", help=f"default: flower; {names}")
    add(
        "--layers",
        nargs="+",
        metavar="WIDTHS",
        help="2-8-1, or 2-8x16-1 for sixteen layers of 8; default: 4 hidden units",
    )
    add(
        "--activation",
        nargs="+",
        default=["tanh"],
        metavar="NAME",
        help=f"one, or one a hidden layer; default: tanh; {', '.join(activation_names())}",
    )
    add("--loss", metavar="NAME", help=f"{', '.join(LOSSES)}; by default cross-entropy")
    add(
        "--schemes",
        nargs="+",
        action="extend",
        metavar="SCHEME",
        help="such as zeros 'normal(0.01)'; default: the lecture's seven; "
        f"{', '.join(scheme_names())}",
    )
    add(
        "--optimizer",
        default="sgd",
        metavar="NAME",
        help="sgd, adam, rmsprop; 'sgd(momentum=0.9)' with settings",
    )
    add("--lr", type=float, metavar="RATE", help="learning rate; 1.2 for sgd")
    add("--steps", type=_whole, default=10_000, metavar="N", help="default: 10000")
    add("--batch-size", type=_whole, metavar="N", help="default: all samples")
    add("--seeds", default="12", metavar="N|A-B", help="how many, or from A to B; default: 12")
    add("--dtype", default="float64", choices=("float32", "float64"), help="default: float64")
    add("--jobs", type=_whole, metavar="N", help="threads; default: all CPUs")
    add("--json", action="store_true", help="the whole recipe and every run, as JSON")
    add("--html", metavar="FILE", help="write a report too: one page with pictures")
    add("--progress", action="store_true", help="show progress on stderr")

    two = commands.add_parser(
        "audit",
        help="say what is wrong with the start of a net in a file",
        description="Read the dense layers of an npz, safetensors or ONNX file and answer whether "
        "the net can start to learn: error, unknown or healthy. Exit status: 0; 1 if the answer is "
        "error; 2 if a file cannot be read or an argument is wrong. Without X and y in --data the "
        "answer is never healthy.",
    )
    lists = "give one FILE, and lists with commas, such as --activation relu,tanh; "
    two.set_defaults(run=_audit, hint=lists)
    add = two.add_argument
    add("file", metavar="FILE", help="npz (also of Network.save), safetensors or ONNX")
    add("--data", metavar="NPZ", help="arrays X and y; without them the weights alone are read")
    add(
        "--activation",
        metavar="NAME",
        help="where the file has none: one, or one a hidden layer with commas",
    )
    add("--layout", choices=("in_out", "out_in"), help="of matrices whose bias does not tell it")
    add("--loss", metavar="NAME", help=f"{', '.join(LOSSES)}; by default what y looks like")
    add(
        "--optimizer",
        metavar="NAME",
        help="of the training to come: 'adam(0.001)', 'sgd(0.1, momentum=0.9)', rmsprop; default: "
        "sgd at half of the largest rate that the curvature allows",
    )
    add("--lr", type=float, metavar="RATE", help="its learning rate; alone that of plain sgd")
    add("--steps", type=_whole, metavar="N", help="steps of the training to come; 10000")
    add("--batch-size", type=_whole, metavar="N", help="samples a step; default: all")
    add(
        "--probe",
        type=float,
        metavar="SHARE",
        help="train a copy for this share of the steps, such as 0.1, and judge by it",
    )
    add("--strict", action="store_true", help="exit status 1 for unknown and for a warning too")
    add(
        "--max-bytes",
        type=_whole,
        metavar="N",
        help="most bytes of the arrays in FILE and in --data; 16 times the file, at least 256 MiB",
    )
    add("--json", action="store_true", help="everything, as JSON")
    add("--html", metavar="FILE", help="write a report too: one page with pictures")

    three = commands.add_parser("info", help="versions, CPU, kernels in use")
    three.set_defaults(run=_info, hint="")
    three.add_argument("--json", action="store_true", help="as JSON")
    return parser
