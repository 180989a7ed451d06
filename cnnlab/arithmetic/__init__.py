"""The arithmetic of convolutional networks: whole numbers in, whole numbers out, no PyTorch."""

from cnnlab.arithmetic.multiply_adds import conv_multiply_adds, linear_multiply_adds
from cnnlab.arithmetic.output_size import pool_w_out, same_padding, transposed_w_out, unread_pixels, w_out
from cnnlab.arithmetic.parameter_count import batch_norm_parameters, conv_parameters, linear_parameters
from cnnlab.arithmetic.receptive_field import ReceptiveField
from cnnlab.arithmetic.whole_number import whole

__all__ = [
    "ReceptiveField",
    "batch_norm_parameters",
    "conv_multiply_adds",
    "conv_parameters",
    "linear_multiply_adds",
    "linear_parameters",
    "pool_w_out",
    "same_padding",
    "transposed_w_out",
    "unread_pixels",
    "w_out",
    "whole",
]
