"""Gains: the factor by which an activation function asks for larger weights."""

from .theory.gains import gain, random_walk_gain

__all__ = ["gain", "random_walk_gain"]
