"""Where the images come from, and how batches are made of them."""

from cnnlab.data.batches import Batches
from cnnlab.data.catalogue import DATA_NAMES
from cnnlab.data.changes import permute_pixels, shift
from cnnlab.data.drawing import PREPARATIONS, centre_of_mass, prepare_drawing
from cnnlab.data.drawn_digits import DrawnDigit, draw_strokes, drawn_digits
from cnnlab.data.folder import verify
from cnnlab.data.hold_out import hold_out
from cnnlab.data.load import FallbackNotice, cache_folder, load_data
from cnnlab.data.loader import data_loader
from cnnlab.data.raw_file import FileCheck
from cnnlab.data.sources import Source, describe_sources, fetch
from cnnlab.data.splits import ImageData, Split

__all__ = [
    "DATA_NAMES",
    "PREPARATIONS",
    "Batches",
    "DrawnDigit",
    "FallbackNotice",
    "FileCheck",
    "ImageData",
    "Source",
    "Split",
    "cache_folder",
    "centre_of_mass",
    "data_loader",
    "describe_sources",
    "draw_strokes",
    "drawn_digits",
    "fetch",
    "hold_out",
    "load_data",
    "permute_pixels",
    "prepare_drawing",
    "shift",
    "verify",
]
