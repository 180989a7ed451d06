"""Look into a model: layer tables, activations, mistakes, the error explainer."""

from cnnlab.inspection.activations import activations, dead_channels
from cnnlab.inspection.explanation import Explanation, explain
from cnnlab.inspection.kernels import kernels
from cnnlab.inspection.multiply_adds import multiply_adds
from cnnlab.inspection.occlusion import occlusion_map, patch_seen_by
from cnnlab.inspection.parameters import count_parameters
from cnnlab.inspection.receptive_field import receptive_field
from cnnlab.inspection.shapes import trace_shapes

__all__ = [
    "Explanation",
    "activations",
    "count_parameters",
    "dead_channels",
    "explain",
    "kernels",
    "multiply_adds",
    "occlusion_map",
    "patch_seen_by",
    "receptive_field",
    "trace_shapes",
]
