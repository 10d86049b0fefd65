"""Distinct units: how many of a layer differ, by which part of them is compared."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .._tools.checks import choice, real
from ..activations import MODULO_NONE, modulo_of
from ..activations import get as get_activation
from ..nets.network import Network
from .measures import count_groups

__all__ = ["UnitGroups", "distinct_units"]


class UnitGroups(NamedTuple):
    """Number of groups of equal units, by which part of them is compared."""

    units: int  # incoming weights, bias and outgoing weights
    function: int  # incoming weights and bias
    incoming: int
    bias: int
    outgoing: int


def distinct_units(
    net: Network, *, tol: float = 0.0, modulo: Literal["none", "activation"] = "none"
) -> list[UnitGroups]:
    """Count the distinct units of every hidden layer.

    Parameters
    ----------
    net : Network
        Which net.
    tol : float, default 0
        0 compares bits, but +0 equals -0; else units within this multiple of the units' mean norm
        of the first of a group belong to it.
    modulo : {"none", "activation"}, default "none"
        "activation" counts units as one that are the same up to the activation's own symmetry: the
        sign for odd functions, a positive scale (to rounding) for the ReLU family.

    Returns
    -------
    list of UnitGroups
        One per hidden layer.

    Raises
    ------
    ValueError
        If `tol` is negative or `modulo` another word.

    Examples
    --------
    >>> import initlens as il
    >>> net = il.Network([2, 4, 1]).initialize(["constant(0.5)", "normal(1)"], rng=0)
    >>> groups, = il.diagnosis.distinct_units(net)
    >>> groups.units, groups.function, groups.outgoing
    (4, 1, 4)
    """
    tolerance = real("tol", tol, minimum=0.0)
    by_activation = choice("modulo", modulo, ("none", "activation")) == "activation"
    weights, biases = net.weights, net.biases
    found = []
    for index, text in enumerate(net.settings.activation):
        kind = modulo_of(get_activation(text)) if by_activation else MODULO_NONE
        w, b, v = weights[index], biases[index], weights[index + 1]
        parts = ((w, b, v), (w, b, None), (w, None, None), (None, b, None), (None, None, v))
        found.append(UnitGroups(*(count_groups(b.size, part, kind, tolerance) for part in parts)))
    return found
