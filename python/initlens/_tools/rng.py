"""From `rng=` to the 64-bit key of the core's random streams.

An int or a `SeedSequence` becomes a key through `SeedSequence.generate_state`; a `Generator` or
`BitGenerator` gives 64 bits and so advances; None takes fresh entropy. A legacy `RandomState` has
no key: the schemes draw from it directly.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

__all__ = ["Key", "KeySource", "Rng", "resolve", "resolve_key"]

if TYPE_CHECKING:
    from numpy.random import BitGenerator, Generator, RandomState, SeedSequence

    KeySource: TypeAlias = int | np.integer[Any] | SeedSequence | Generator | BitGenerator | None
    Rng: TypeAlias = KeySource | RandomState


def __getattr__(name: str) -> Any:
    """Give the types at run time, to who asks for type hints: they load `numpy.random`."""
    random = np.random
    if name == "KeySource":
        return (
            int | np.integer | random.SeedSequence | random.Generator | random.BitGenerator | None
        )
    if name == "Rng":
        return __getattr__("KeySource") | random.RandomState
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Key(NamedTuple):
    """A key, and the int that gives it again as `rng=`, where there is one."""

    key: int
    seed: int | None


def resolve_key(rng: object) -> Key:
    """Return the key for `rng`.

    Raises
    ------
    TypeError
        If `rng` is a bool, a float or anything else that is no source of a key.
    ValueError
        If `rng` is negative.
    """
    match rng:
        case bool() | np.bool_():
            pass
        case int() | np.integer():
            seed = operator.index(rng)
            if seed < 0:
                raise ValueError(f"rng must not be negative, got {seed}")
            return Key(_from_sequence(np.random.SeedSequence(seed)), seed)
        case np.random.SeedSequence():
            return Key(_from_sequence(rng), None)
        case np.random.Generator():
            return Key(_from_generator(rng), None)
        case np.random.BitGenerator():
            return Key(_from_generator(np.random.Generator(rng)), None)
        case None:
            fresh = np.random.SeedSequence()
            # The stub allows a sequence, but fresh entropy is always one int.
            return Key(_from_sequence(fresh), int(fresh.entropy))  # type: ignore[arg-type]
        case _:
            pass
    legacy = isinstance(rng, np.random.RandomState)
    hint = " (a RandomState can only draw weights)" if legacy else ""
    raise TypeError(
        "rng must be None, a non-negative int, or a numpy.random SeedSequence, Generator or "
        f"BitGenerator, got {rng!r}{hint}"
    )


def resolve(rng: object) -> Key | np.random.RandomState:
    """Return the key for `rng`, or the legacy `RandomState` itself."""
    return rng if isinstance(rng, np.random.RandomState) else resolve_key(rng)


def _from_sequence(sequence: np.random.SeedSequence) -> int:
    return int(sequence.generate_state(1, np.uint64)[0])


def _from_generator(generator: np.random.Generator) -> int:
    # Not random_raw(): that is 32 bits for MT19937.
    return int(generator.integers(2**64, dtype=np.uint64))
