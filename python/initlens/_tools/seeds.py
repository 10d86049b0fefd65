"""The seeds of a comparison: how many, or which."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from typing import Final

from .checks import integer
from .text import join

__all__ = ["are_consecutive", "seed_numbers", "seeds_text"]

# More would fill the memory with histories before anything else.
MOST_SEEDS: Final = 1_000_000


def seed_numbers(seeds: int | Iterable[int]) -> tuple[int, ...]:
    """Return the seeds that are meant by how many or which."""
    if isinstance(seeds, str | bytes) or not isinstance(seeds, Iterable):
        seeds = range(integer("seeds", seeds, minimum=1, maximum=MOST_SEEDS))
    chosen = tuple(
        integer(f"seeds[{index}]", seed, minimum=0)
        for index, seed in enumerate(islice(seeds, MOST_SEEDS + 1))
    )
    if len(chosen) > MOST_SEEDS:
        raise ValueError(f"seeds must be at most {MOST_SEEDS:,} in number; give them in parts")
    if not chosen:
        raise ValueError("seeds is empty; give how many, such as 12, or which, such as [3, 5]")
    if len(set(chosen)) < len(chosen):
        twice = [str(seed) for seed, n in Counter(chosen).items() if n > 1]
        raise ValueError(f"seeds holds {join(twice)} twice; each seed gives one net a scheme")
    return chosen


def are_consecutive(seeds: Sequence[int]) -> bool:
    """Tell whether each seed is one more than the one before."""
    return all(second - first == 1 for first, second in pairwise(seeds))


def seeds_text(seeds: Sequence[int]) -> str:
    """Write "seed 3", "seeds 0-11" or how many there are."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if are_consecutive(seeds):
        return f"seeds {seeds[0]}-{seeds[-1]}"
    return f"{len(seeds)} seeds"
