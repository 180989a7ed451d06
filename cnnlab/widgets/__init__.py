"""Controls to move, and what follows from them, in the notebook."""

from cnnlab.widgets.activation_browser import ActivationBrowser
from cnnlab.widgets.convolution_explorer import ConvolutionExplorer
from cnnlab.widgets.draw_digit import DrawDigit
from cnnlab.widgets.mistake_browser import MistakeBrowser
from cnnlab.widgets.network_explorer import NetworkExplorer
from cnnlab.widgets.shift_explorer import ShiftExplorer
from cnnlab.widgets.training_monitor import TrainingMonitor

__all__ = [
    "ActivationBrowser",
    "ConvolutionExplorer",
    "DrawDigit",
    "MistakeBrowser",
    "NetworkExplorer",
    "ShiftExplorer",
    "TrainingMonitor",
]
