"""The only decoder: a file, bytes or an array in, mono float32 at a known rate out."""

from genrelens.audio.clip import Clip, from_array
from genrelens.audio.stream import AudioStream, load, open_stream, stream_array
from genrelens.audio.walk import MEDIA_SUFFIXES

__all__ = ["MEDIA_SUFFIXES", "AudioStream", "Clip", "from_array", "load", "open_stream", "stream_array"]
