"""Initialization schemes: how the weights of a layer are drawn.

A scheme is a frozen object with a text form: ``"he_normal"``, ``"normal(std=0.01)"``,
``"constant(0.5)"``. `get` reads the text, ``str(scheme)`` writes it, and ``repr(scheme)`` is the
Python expression. Any scheme can be called on its own. `list_initializers` shows them all.

Names of Keras and PyTorch (`GlorotUniform`, `kaiming_normal_`, ...) are known too. The `*_normal`
schemes here draw the whole normal distribution, as PyTorch does; Keras and Flax cut its tails off,
and so do the `*_truncated_normal` schemes. `HeNormal`, Keras's class, is refused with that hint.

A new kind of scheme is one class (`Scheme` if it draws in Python, `CoreScheme` if the C core draws
it) and one line in the table of registry.py.
"""

from .data_driven import LSUV, LSUVLayer, LSUVRecord
from .layout import Axes, Layout, fans
from .plain import Constant, Custom, FromArray, Normal, TruncatedNormal, Uniform
from .registry import SchemeLike, from_config, get, list_initializers, names
from .scaling import (
    ActivationGain,
    Library,
    MeanFieldCritical,
    MuP,
    RandomWalk,
    Siren,
    VarianceScaling,
)
from .scheme import CoreScheme, DrawFunction, Layer, Purpose, Scheme
from .structured import Identity, LooksLinear, NguyenWidrow, Orthogonal, Sparse, ZeroHadamard

lsuv = LSUV
"""The scheme's name is that of its text form too: ``initializers.lsuv(X)``."""

__all__ = [
    "LSUV",
    "ActivationGain",
    "Axes",
    "Constant",
    "CoreScheme",
    "Custom",
    "DrawFunction",
    "FromArray",
    "Identity",
    "LSUVLayer",
    "LSUVRecord",
    "Layer",
    "Layout",
    "Library",
    "LooksLinear",
    "MeanFieldCritical",
    "MuP",
    "NguyenWidrow",
    "Normal",
    "Orthogonal",
    "Purpose",
    "RandomWalk",
    "Scheme",
    "SchemeLike",
    "Siren",
    "Sparse",
    "TruncatedNormal",
    "Uniform",
    "VarianceScaling",
    "ZeroHadamard",
    "fans",
    "from_config",
    "get",
    "list_initializers",
    "lsuv",
    "names",
]
