"""Network: a dense net with names, checks and files around the C core."""

from .nets.network import Gradients, LayerActivation, Network, Settings

__all__ = ["Gradients", "LayerActivation", "Network", "Settings"]
