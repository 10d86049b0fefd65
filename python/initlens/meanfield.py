"""Mean-field theory: what a wide random net does to the size and the gradient of its signal."""

from .theory.meanfield import FixedPoint, chi, critical, depth_scale, fixed_point, q_map

__all__ = ["FixedPoint", "chi", "critical", "depth_scale", "fixed_point", "q_map"]
