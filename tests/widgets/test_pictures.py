import base64
import io

import numpy as np
from PIL import Image

from cnnlab.widgets.pictures import picture


def test_a_picture_holds_exactly_its_pixels():
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    shown = picture(pixels, 9, "a ramp")
    data = shown.split("base64,")[1].split('"')[0]
    assert np.array_equal(np.array(Image.open(io.BytesIO(base64.b64decode(data)))), pixels)
    assert "width:54px;height:36px" in shown
    assert "image-rendering:pixelated" in shown


def test_a_picture_says_what_it_shows():
    assert 'alt="a &lt; b &quot;c&quot;"' in picture(np.zeros((2, 2, 3), dtype=np.uint8), 9, 'a < b "c"')
