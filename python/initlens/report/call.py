"""Call: the Python call that gives a result again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._config import config_table, version
from .._core import NUMERICS_VERSION
from .._tools.text import html_text, join
from ..tables import Table
from .markup import section, table_html

__all__ = ["Call", "reproduction"]


@dataclass(frozen=True)
class Call:
    """A call as text.

    Parameters
    ----------
    function : str
        Such as "il.compare".
    arguments : sequence of str
        Positional ones, in Python.
    keywords : dict of str to str
        Keyword arguments, in Python.
    stand_ins : dict of str to str
        Names that the caller has to define, and what they stand for: what has no text form.
    before : str
        A statement that comes first.
    """

    function: str
    arguments: Sequence[str]
    keywords: Mapping[str, str]
    stand_ins: Mapping[str, str]
    before: str = ""

    @property
    def source(self) -> str:
        """The text, to be run as it stands once the stand-ins are defined."""
        given = [*self.arguments, *(f"{name}={text}" for name, text in self.keywords.items())]
        lines = [f"    {line}" for text in given for line in f"{text},".split("\n")]
        return "\n".join(
            (
                f"# initlens {version()}, numerics version {NUMERICS_VERSION}",
                "import initlens as il",
                "",
                *([self.before] if self.before else []),
                f"result = {self.function}(",
                *lines,
                ")",
                "print(result)",
                "",
            )
        )

    @property
    def sentence(self) -> str:
        """What to know before it is run."""
        if not self.stand_ins:
            return "This runs as it stands."
        names = join(f"{name} ({what})" for name, what in self.stand_ins.items())
        return f"Define first what cannot be written as text: {names}."


def reproduction(call: Call, facts: Mapping[str, str]) -> str:
    """Return the section that says how to get a result again.

    Parameters
    ----------
    call : Call
        What gives it.
    facts : dict of str to str
        More about it, such as a hash of its data.

    Returns
    -------
    str
        HTML.
    """
    from html import escape

    settings = Table("Settings", ("setting", "value"), (*call.keywords.items(), *facts.items()))
    return section(
        "Reproduce this",
        f"<p>{html_text(call.sentence)}</p>",
        f'<pre tabindex="0">{escape(call.source)}</pre>',
        table_html(settings, sortable=False),
        table_html(config_table(), sortable=False),
    )
