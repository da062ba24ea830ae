"""A published picture of a clip in the place of its sound: frames for a network that looks at pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from genrelens.data.pictures.png import read_png
from genrelens.errors import AudioError, DataError
from genrelens.frontend import image


def picture_frames(source: Path | bytes, *, settings: object) -> npt.NDArray[np.float32]:
    """Mel power (1293, 128) of a PNG picture, a file or the bytes of one, as :func:`image.to_mel_power` makes it.

    Raises :class:`AudioError`: ``not_audio``: the front end ``settings`` is not the picture's; ``bad_picture``: not a
    whole picture of 432 x 288 pixels in magma's colours.
    """
    where = "the picture" if isinstance(source, bytes) else repr(str(source))
    if not image.is_front_end(settings):
        raise AudioError(
            f"{where} is a picture, and this model hears sound: only models with the front end of Kaggle's "
            "spectrograms take pictures, such as those of the recipe cnn-png; give a sound file",
            code="not_audio",
        )
    try:
        pixels = read_png(source, size_px=image.SIZE_PX)
        return image.to_mel_power(image.from_pixels(pixels))
    except DataError as error:
        message = str(error)
        raise AudioError(
            message if message.startswith(where) else f"{where}: {message}", code="bad_picture"
        ) from error
