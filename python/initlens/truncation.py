"""Truncation: what cutting its tails does to a normal distribution."""

from .theory.truncation import truncated_std

__all__ = ["truncated_std"]
