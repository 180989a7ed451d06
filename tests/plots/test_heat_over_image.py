import numpy as np
import pytest
import torch

from cnnlab.plots import heat_over_image


def test_heat_keeps_its_values_and_the_image_is_outlined(split):
    heat = torch.linspace(-1, 3, 784).reshape(28, 28)
    ax = heat_over_image(split.images[0], heat, "drop of the logit")
    assert np.array_equal(ax.images[0].get_array(), heat.numpy())
    assert ax.images[0].get_clim() == (-3, 3)
    assert len(ax.collections) == 1  # the outline
    assert ax.figure.axes[-1].get_ylabel() == "drop of the logit"


def test_an_image_of_one_grey_has_no_outline():
    assert len(heat_over_image(torch.zeros(28, 28), torch.ones(28, 28)).collections) == 0


def test_image_and_heat_must_have_one_size():
    with pytest.raises(ValueError, match=r"image is \(28, 28\), the heat \(24, 24\)"):
        heat_over_image(torch.zeros(1, 28, 28), torch.zeros(24, 24))
