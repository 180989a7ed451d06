"""Images that an explorer keeps: what they are made of, and what is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import traitlets

from cnnlab.widgets.kept_image import checked, kept, shown


def test_an_image_is_kept_as_its_size_and_its_pixels() -> None:
    image = kept(shown(torch.arange(6, dtype=torch.uint8).view(1, 2, 3)))
    assert (image["height"], image["width"]) == (2, 3)
    assert np.frombuffer(image["pixels"], dtype="<f4").tolist() == [0, 1, 2, 3, 4, 5]
    assert checked("drawn", {**image, "pixels": memoryview(image["pixels"])}) == image
    assert checked("drawn", {}) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"height": 0}, "drawn has height=0: give height and width, 1 to 64"),
        ({"width": 65}, "drawn has width=65"),
        ({"width": 2.0}, r"drawn has width=2\.0"),
        ({"pixels": [1.0]}, "drawn has pixels of type list"),
        ({"pixels": b"abc"}, "drawn has 3 bytes of pixels, where 1 × 1 need 4"),
        (
            {"pixels": np.float32("inf").tobytes()},
            r"drawn has a pixel that is not finite .*or \{\} for no image",
        ),
        ({"name": "a"}, "drawn has the entries height, width, pixels, name"),
    ],
)
def test_what_is_no_image_is_refused_in_words(change: dict[str, object], words: str) -> None:
    with pytest.raises(traitlets.TraitError, match=words):
        checked("drawn", {"height": 1, "width": 1, "pixels": bytes(4), **change})


@pytest.mark.parametrize(
    ("image", "words"),
    [(torch.zeros(65, 2), "65 × 2 pixels, too many"), (torch.full((2, 2), torch.nan), "replace it")],
)
def test_an_image_that_cannot_be_pointed_at_is_refused(image: torch.Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        shown(image)
