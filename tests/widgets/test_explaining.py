import pytest
import torch
from torch import nn

from cnnlab import models
from cnnlab.widgets.explaining import explained_here

IMAGES = torch.rand(2, 1, 28, 28)


def test_remedies_that_change_the_images_are_left_out():
    found = explained_here(nn.Sequential(nn.Conv2d(3, 8, 5)), IMAGES)
    assert found.remedies == ("layer 0: nn.Conv2d(1, 8, 5)",)
    assert found.heading == "This mends it:"
    assert found.details[-1].startswith("This explorer shows images of one channel")


@pytest.mark.parametrize(("own", "remedy"), [(False, "model.float()"), (True, "images.to(torch.float64)")])
def test_a_network_of_other_numbers_is_changed_unless_the_images_are_the_readers_own(own, remedy):
    found = explained_here(models.build("cnn_320").double(), IMAGES, own)
    assert found.remedies[0] == remedy
    assert "one channel" not in str(found)
    assert ("images.float()" in str(found)) is own


def test_what_fits_is_said_as_explain_says_it():
    found = explained_here(models.build("cnn_320"), IMAGES)
    assert found.works
    assert found.remedies == ()
