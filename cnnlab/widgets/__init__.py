"""Controls to move, and what follows from them, in the notebook."""

from cnnlab.widgets.kernel_explorer import KernelExplorer
from cnnlab.widgets.shift_explorer import ShiftExplorer
from cnnlab.widgets.size_table import SizeTable

__all__ = ["KernelExplorer", "ShiftExplorer", "SizeTable"]
