"""Reports: a result as one HTML file that needs no other file and no network.

`Comparison.to_html`, `Diagnosis.to_html` and `Audit.to_html` write them: verdicts, pictures with
their numbers, and what gives the result again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from .._config import config_table
from .._tools.text import html_text
from ..tables import Table
from ..comparison.call import audit_call, compare_call, diagnose_call
from .call import Call
from .files import destination, write
from .markup import page, section, table_html
from .gallery import Drawing, pictures

if TYPE_CHECKING:
    from ..auditing.result import Audit
    from ..comparison.result import Comparison
    from ..diagnosis.result import Diagnosis

__all__ = [
    "audit_page",
    "comparison_page",
    "destination",
    "diagnosis_page",
    "page",
    "section",
    "table_html",
    "write",
]


def comparison_page(result: Comparison) -> str:
    """Return the report of a comparison.

    Parameters
    ----------
    result : Comparison
        What `compare` returned.

    Returns
    -------
    str
        HTML.
    """
    drawn: list[Drawing] = [
        ("Loss", result.plot),
        ("Distinct units and their spread", result.plot_units),
        ("Decision boundaries", result.plot_boundaries),
    ]
    count = len(result.schemes)
    what = f"{count} initializations" if count > 1 else "one initialization"
    data = result.data
    facts = {
        "samples x features": f"{data['samples']:,} x {data['features']}",
        "SHA-256 of the data": data["sha256"],
    }
    if data["held_out"] is not None:
        facts["held-out samples"] = f"{data['held_out']['samples']:,}"
    return page(
        f"{what} on {data['name']} data",
        (
            section("Outcomes", table_html(result.table())),
            pictures(drawn),
            _again(compare_call(result), facts),
        ),
    )


def diagnosis_page(result: Diagnosis) -> str:
    """Return the report of a diagnosis.

    Parameters
    ----------
    result : Diagnosis
        What `diagnose` returned.

    Returns
    -------
    str
        HTML.
    """
    from ..diagnosis.verdicts import verdict_table

    table = result.table()
    # The verdicts, its notes, have a table of their own.
    layers = replace(table, title="Layers, the output last", notes=())
    return page(
        f"diagnosis: {result.verdict.code}",
        (
            section("Verdicts", table_html(verdict_table(table.title, result.verdicts, {}))),
            section("Layers", table_html(layers)),
            pictures(_diagnosis_pictures(result)),
            _again(diagnose_call(result), {"samples": f"{result.samples:,}"}),
        ),
    )


def audit_page(result: Audit, *, file: str | None = None, data: str | None = None) -> str:
    """Return the report of an audit.

    Parameters
    ----------
    result : Audit
        What `audit` returned.
    file, data : str, optional
        The files that model and samples were read from.

    Returns
    -------
    str
        HTML.
    """
    diagnosis = result.diagnosis
    skipped = (f"skipped: {name} ({reason})" for name, reason in result.skipped)
    layers = replace(result.table(), title="Layers", notes=(*skipped, *result.notes))
    if diagnosis is None:
        drawn = section("Pictures", "<p>There are none: the weights alone were read, no data.</p>")
    else:
        drawn = pictures(_diagnosis_pictures(diagnosis))
    samples = "none" if diagnosis is None else f"{diagnosis.samples:,}"
    return page(
        f"audit of a {result.source}: {result.verdict.code}",
        (
            section("Verdicts", table_html(result.verdict_table())),
            section("Layers", table_html(layers)),
            drawn,
            _again(audit_call(result, file, data), {"samples": samples}),
        ),
    )


def _diagnosis_pictures(result: Diagnosis) -> list[Drawing]:
    """List the pictures, those of one layer for the hidden one that the verdicts name first."""
    hidden = range(1, len(result.layers))
    layer = next((v.layer for v in result.verdicts if v.layer in hidden), None) or 1
    return [
        (f"Similarity of units, layer {layer}", lambda: result.plot_similarity(layer)),
        (f"Saturation, layer {layer}", lambda: result.plot_saturation(layer)),
        ("Learning time", result.plot_learning_time),
    ]


def _again(call: Call, facts: Mapping[str, str]) -> str:
    """Return the section of what gives the result again."""
    settings = Table("Settings", ("setting", "value"), (*call.keywords.items(), *facts.items()))
    return section(
        "Reproduce this",
        f"<p>{html_text(call.sentence)}</p>",
        f'<pre tabindex="0">{escape(call.source)}</pre>',
        table_html(settings, sortable=False),
        table_html(config_table(), sortable=False),
    )
