"""Plots take data, return their Axes and never call plt.show().

The data:      image_grid, image_numbers, class_counts, pixel_histogram, average_images
Training:      curves, accuracy_comparison, difference_intervals, timing_curves, layer_bars, waterfall
Evaluation:    confusion_matrix, per_class_accuracy, mistakes_gallery, prediction_gallery,
               probability_bars
Inside:        kernel_grid, feature_maps, heat_over_image, unit_patch
"""

from cnnlab.plots.accuracy_comparison import accuracy_comparison
from cnnlab.plots.average_images import average_images
from cnnlab.plots.class_counts import class_counts
from cnnlab.plots.confusion_matrix import confusion_matrix
from cnnlab.plots.curves import curves
from cnnlab.plots.difference_intervals import difference_intervals
from cnnlab.plots.feature_maps import feature_maps
from cnnlab.plots.heat_over_image import heat_over_image
from cnnlab.plots.image_grid import image_grid
from cnnlab.plots.image_numbers import image_numbers
from cnnlab.plots.kernel_grid import kernel_grid
from cnnlab.plots.layer_bars import layer_bars
from cnnlab.plots.per_class_accuracy import per_class_accuracy
from cnnlab.plots.pixel_histogram import pixel_histogram
from cnnlab.plots.predictions import mistakes_gallery, prediction_gallery
from cnnlab.plots.probability_bars import probability_bars
from cnnlab.plots.timing_curves import timing_curves
from cnnlab.plots.unit_patch import unit_patch
from cnnlab.plots.waterfall import waterfall

__all__ = [
    "accuracy_comparison",
    "average_images",
    "class_counts",
    "confusion_matrix",
    "curves",
    "difference_intervals",
    "feature_maps",
    "heat_over_image",
    "image_grid",
    "image_numbers",
    "kernel_grid",
    "layer_bars",
    "mistakes_gallery",
    "per_class_accuracy",
    "pixel_histogram",
    "prediction_gallery",
    "probability_bars",
    "timing_curves",
    "unit_patch",
    "waterfall",
]
