"""Look into a model: layer tables, activations, mistakes, the error explainer."""

from cnnlab.inspection.activations import activations, dead_channels
from cnnlab.inspection.kernels import kernels

__all__ = [
    "activations",
    "dead_channels",
    "kernels",
]
