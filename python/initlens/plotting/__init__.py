"""Pictures with matplotlib, drawn on axes of the caller's or on new ones.

Each function returns a `Display`: the axes and artists, the numbers as a table, the picture in
words. Nothing is shown and no global setting is touched; matplotlib is imported at the first
picture. Axes of the caller's are best those of a figure with ``layout="constrained"``, which makes
room for labels, and for legends beside the axes. In other figures legends lie within them, and the
panels into which axes are divided are moved apart by what is written between them.
"""

from .boundaries import BoundaryDisplay, plot_boundaries
from .display import Display
from .learning_times import LearningTimeDisplay, plot_learning_times
from .losses import LossCurves, LossDisplay, plot_losses
from .picture import Picture
from .rays import FirstStepDisplay, plot_first_step
from .ridges import Ridge, RidgeDisplay, plot_ridges
from .saturation import SaturationDisplay, plot_saturation
from .scale_by_depth import ScaleByDepthDisplay, plot_scale_by_depth
from .similarity import SimilarityDisplay, plot_similarity
from .units import UnitCurves, UnitsDisplay, plot_units

__all__ = [
    "BoundaryDisplay",
    "Display",
    "FirstStepDisplay",
    "LearningTimeDisplay",
    "LossCurves",
    "LossDisplay",
    "Picture",
    "Ridge",
    "RidgeDisplay",
    "SaturationDisplay",
    "ScaleByDepthDisplay",
    "SimilarityDisplay",
    "UnitCurves",
    "UnitsDisplay",
    "plot_boundaries",
    "plot_first_step",
    "plot_learning_times",
    "plot_losses",
    "plot_ridges",
    "plot_saturation",
    "plot_scale_by_depth",
    "plot_similarity",
    "plot_units",
]
