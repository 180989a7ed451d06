import time

import pytest
import torch

from cnnlab.inspection.nearest import nearest_images


def bytes_of(*shape, seed=0):
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


@pytest.mark.parametrize("size", [(28, 28), (5, 7), (40, 50)])
def test_the_distances_of_bytes_are_exact(size):
    images, image = bytes_of(600, 1, *size), bytes_of(*size, seed=1)
    squares = (images.long() - image.long()).square().sum(dim=(1, 2, 3))  # whole numbers: no rounding
    order = squares.argsort(stable=True)[:7]
    found = nearest_images(image, images, n=7)
    assert found.column("index") == order.tolist()
    assert found.column("distance") == (squares[order].double().sqrt() / 255).tolist()


def test_the_largest_possible_distance_is_exact_as_well():
    white = torch.full((1, 1, 60, 60), 255, dtype=torch.uint8)
    assert nearest_images(torch.zeros(60, 60, dtype=torch.uint8), white)[0].distance == 60.0


def test_floats_are_compared_as_torch_compares_them():
    images, image = torch.randn(500, 1, 9, 9), torch.randn(1, 9, 9)
    found = nearest_images(image, images, n=500)
    expected = torch.cdist(image.flatten()[None].double(), images.flatten(1).double())[0]
    torch.testing.assert_close(
        torch.tensor(found.column("distance"), dtype=torch.double), expected.sort().values
    )


def test_of_images_that_are_equally_far_the_first_comes_first():
    images = torch.zeros(600, 1, 4, 4, dtype=torch.uint8)
    assert nearest_images(images[0], images, n=3).column("index") == [0, 1, 2]


def test_fewer_images_than_asked_for_are_all_returned():
    assert len(nearest_images(bytes_of(4, 4), bytes_of(2, 4, 4), n=5)) == 2


def test_sixty_thousand_images_take_a_fraction_of_a_second():
    images = bytes_of(1, 1, 28, 28).expand(60_000, 1, 28, 28).contiguous()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        nearest_images(images[0], images)
        times.append(time.perf_counter() - start)
    assert min(times) < 1  # 0.05 s on a quiet core; other programs may have the cores


@pytest.mark.parametrize(
    ("image", "images", "error", "message"),
    [
        (bytes_of(28, 28), torch.rand(2, 28, 28), TypeError, "uint8, the images are float32: compare bytes"),
        (
            bytes_of(14, 14),
            bytes_of(2, 1, 28, 28),
            ValueError,
            r"\(14, 14\).*give one image \(H, W\) of the same",
        ),
        (bytes_of(2, 28, 28), bytes_of(2, 1, 28, 28), ValueError, "give one image"),
        (bytes_of(28, 28), bytes_of(0, 1, 28, 28), ValueError, "N at least 1"),
        ([1], bytes_of(2, 1, 28, 28), TypeError, "image is a list: give a tensor"),
    ],
)
def test_what_cannot_be_compared_is_refused(image, images, error, message):
    with pytest.raises(error, match=message):
        nearest_images(image, images)


def test_at_least_one_image_is_asked_for():
    with pytest.raises(ValueError, match="n=0 is too small"):
        nearest_images(bytes_of(4, 4), bytes_of(2, 4, 4), n=0)
