"""Mean-field theory: what a wide random net does to the size and the gradient of its signal.

With weights N(0, sigma_w2 / n_in) and biases N(0, sigma_b2), the pre-activations z of one input in
a wide layer are N(0, q), and q goes from layer to layer by the map

    q -> sigma_w2 E phi(z)^2 + sigma_b2.

At its fixed point, gradients grow or shrink by chi = sigma_w2 E phi'(z)^2 per layer in mean square.
chi = 1 is the edge of chaos, where signals and gradients reach farthest. `sigma_w2` and `sigma_b2`
are variances; papers also plot their roots.

References: Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli, NeurIPS 2016 (arXiv:1606.05340);
Schoenholz, Gilmer, Ganguli and Sohl-Dickstein, ICLR 2017 (arXiv:1611.01232); Hayou, Doucet and
Rousseau, ICML 2019 (arXiv:1902.06853).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from ._checks import real
from ._moments import moments_of
from ._nonlinearity import ActivationLike, Nonlinearity, resolve

__all__ = ["FixedPoint", "chi", "critical", "depth_scale", "fixed_point", "q_map"]

_SMALLEST_Q: Final = 1e-30  # below it the fixed point is taken as 0
_LARGEST_Q: Final = 1e15  # above it q is taken to diverge
# V(q)/q - 1 within this is rounding: every q is a fixed point, as for relu with (2, 0).
_ROUNDING: Final = 1e-13
# Edges of chaos are looked for from here ...
_SMALLEST_CRITICAL_Q: Final = 1e-6
# ... to here. Past it bounded activations are steps: |z| has a root mean square above 6.
_LARGEST_CRITICAL_Q: Final = 40.0
_GRID: Final = 1.2  # ratio of neighbours on the way
