"""Reports: what a result's page, one HTML file that needs no other and no network, is built of.

`Comparison.to_html`, `Diagnosis.to_html` and `Audit.to_html` write them: verdicts, pictures with
their numbers, and the call that repeats the result.
"""

from .call import Call, reproduction
from .files import destination, write
from .gallery import Drawing, pictures
from .markup import page, section, table_html
from .reported import Reported

__all__ = [
    "Call",
    "Drawing",
    "Reported",
    "destination",
    "page",
    "pictures",
    "reproduction",
    "section",
    "table_html",
    "write",
]
