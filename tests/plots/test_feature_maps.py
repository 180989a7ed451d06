import numpy as np
import pytest
import torch

from cnnlab.plots import feature_maps
from cnnlab.plots.style import AMOUNTS, SIGNED


@pytest.fixture
def maps():
    return torch.randn(6, 4, 4, generator=torch.Generator().manual_seed(0))


def test_every_channel_is_one_map_with_its_number(maps):
    axes = feature_maps(maps)
    assert len(axes) == 6
    assert [ax.get_title() for ax in axes] == list("012345")
    assert np.array_equal(axes[4].images[0].get_array(), maps[4].numpy())


def test_a_shared_scale_is_the_same_in_every_map_and_explained(maps):
    axes = feature_maps(maps)
    assert len({ax.images[0].get_clim() for ax in axes}) == 1
    assert axes[0].figure.axes[-1].get_ylabel() == "activation"


def test_each_map_may_have_its_own_scale(maps):
    axes = feature_maps(maps, shared_scale=False)
    assert [ax.images[0].get_clim()[1] for ax in axes] == pytest.approx(maps.abs().amax(dim=(1, 2)).tolist())


def test_signed_maps_are_white_at_zero_and_others_grow_from_it(maps):
    assert feature_maps(maps)[0].images[0].get_cmap().name == SIGNED.name
    after_relu = feature_maps(maps.relu())[0].images[0]
    assert after_relu.get_cmap().name == AMOUNTS
    assert after_relu.get_clim()[0] == 0


def test_titles_replace_the_numbers(maps):
    assert feature_maps(maps[:2], titles=["blur", "edges"])[1].get_title() == "edges"
    with pytest.raises(ValueError, match="1 titles for 6 channels"):
        feature_maps(maps, titles=["blur"])


def test_a_batch_of_one_is_one_image(maps):
    assert len(feature_maps(maps[None])) == 6


def test_more_than_one_image_is_refused(maps):
    with pytest.raises(ValueError, match=r"shape \(2, 6, 4, 4\): the maps of one image, \(C, H, W\)"):
        feature_maps(torch.stack([maps, maps]))
