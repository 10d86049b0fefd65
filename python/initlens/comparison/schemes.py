"""The schemes of a comparison, by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from .._tools.text import join, shown
from ..initializers import Custom, Scheme, SchemeLike
from ..initializers import get as get_scheme

__all__ = ["LECTURE_SCHEMES", "Schemes", "named_schemes"]

LECTURE_SCHEMES: Final = (
    "zeros",
    "constant(0.5)",
    "normal(0.01)",
    "normal(1)",
    "normal(100)",
    "glorot_uniform",
    "he_normal",
)
Schemes: TypeAlias = SchemeLike | Sequence[SchemeLike] | Mapping[str, SchemeLike]


def named_schemes(schemes: Schemes) -> dict[str, Scheme]:
    """Return schemes by label: that of a dict, else their own text."""
    if isinstance(schemes, Mapping):
        for label in schemes:
            if not isinstance(label, str):
                raise TypeError(
                    f"labels of schemes must be text, got {label!r}; write {str(label)!r}"
                )
        named = {str(label): _labelled(label, scheme) for label, scheme in schemes.items()}
        if blank := [label for label in named if not label.strip()]:
            raise ValueError(f"schemes has the label {blank[0]!r}: give one that can be seen")
    else:
        texts = isinstance(schemes, np.ndarray) and schemes.dtype.kind not in "fiub"
        if not texts and (isinstance(schemes, str | Scheme | np.ndarray) or callable(schemes)):
            schemes = [schemes]
        elif not isinstance(schemes, Sequence):
            raise TypeError(f"schemes must be a list or a dict of schemes, got {shown(schemes)}")
        found = [get_scheme(scheme) for scheme in schemes]
        named = {str(scheme): scheme for scheme in found}
        if len(named) < len(found):
            twice = [label for label, n in Counter(map(str, found)).items() if n > 1]
            raise ValueError(
                f"schemes holds {join(twice)} twice; leave one out, or, in Python, give a dict of "
                "labels and schemes"
            )
    if not named:
        raise ValueError("schemes is empty; give one at least, such as he_normal")
    return named


def _labelled(label: str, scheme: SchemeLike) -> Scheme:
    """Return the scheme; a function under its label, which messages then name."""
    if callable(scheme) and not isinstance(scheme, Scheme | type):
        return Custom(label, scheme)
    return get_scheme(scheme)
