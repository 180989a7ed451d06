"""The labs' networks, one in each file, and one in which every size is an argument."""

from cnnlab.models.cnn_320 import CNN320
from cnnlab.models.cnn_deep import CNNDeep
from cnnlab.models.cnn_padded import CNNPadded
from cnnlab.models.cnn_race import CNNRace
from cnnlab.models.cnn_wide import CNNWide
from cnnlab.models.convnet import ConvNet
from cnnlab.models.lenet_dropout import LeNetDropout
from cnnlab.models.logistic import Logistic
from cnnlab.models.mlp import MLP
from cnnlab.models.recipes import Recipe, recipe
from cnnlab.models.registry import build, names
from cnnlab.models.trained import TRAINED, TrainedRecipe, trained, trained_recipe

__all__ = [
    "CNN320",
    "MLP",
    "TRAINED",
    "CNNDeep",
    "CNNPadded",
    "CNNRace",
    "CNNWide",
    "ConvNet",
    "LeNetDropout",
    "Logistic",
    "Recipe",
    "TrainedRecipe",
    "build",
    "names",
    "recipe",
    "trained",
    "trained_recipe",
]
