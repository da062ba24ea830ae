"""What every front end of frames promises, whatever its kind: a row here for each that is added."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrelens.errors import AudioError, RecipeError
from genrelens.frontend import frames as front_ends
from genrelens.frontend.frames import KINDS, FrameSettings, compress, frame_stream, is_silent, kind_of
from genrelens.frontend.mel import MelSettings, mel_power
from genrelens.frontend.mn04 import Mn04Settings
from genrelens.frontend.power import finite
from genrelens.frontend.vggish import VggishSettings
from genrelens.frontend.wave import WaveSettings

EXAMPLES: dict[str, FrameSettings] = {
    "mel": MelSettings(
        sample_rate=8000, n_fft=256, hop_length=128, n_mels=8, fmin_hz=50.0, fmax_hz=None, htk=False, top_db=80.0
    ),
    "vggish": VggishSettings(),
    "mn04": Mn04Settings(),
    "waveform": WaveSettings(sample_rate=16000),
}
N = 5000


def noise(n: int = N, *, level: float = 0.1) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(n) * level).astype(np.float32)


def frames_of(samples: np.ndarray, settings: FrameSettings, *cuts: int) -> np.ndarray:
    stream = frame_stream(settings)
    parts = [stream.push(block) for block in np.split(samples, sorted(cuts))]
    return np.concatenate([*parts, stream.finish()])


@pytest.fixture(params=EXAMPLES.values(), ids=list(EXAMPLES))
def settings(request: pytest.FixtureRequest) -> FrameSettings:
    return request.param


def test_every_kind_has_its_row_here() -> None:
    assert set(EXAMPLES) == set(KINDS)


def test_settings_are_frozen_and_come_back_from_json_types(settings: FrameSettings) -> None:
    kind = kind_of(settings)
    again = KINDS[kind].settings.from_dict(settings.to_dict())
    assert again == settings and EXAMPLES[kind] is settings
    assert dataclasses.is_dataclass(settings)
    with pytest.raises(RecipeError, match="hop_size"):
        KINDS[kind].settings.from_dict(settings.to_dict() | {"hop_size": 3})


@pytest.mark.parametrize("name", EXAMPLES)
@given(cuts=st.lists(st.integers(0, N), max_size=4))
def test_frames_do_not_depend_on_how_the_sound_arrives(name: str, cuts: list[int]) -> None:
    settings = EXAMPLES[name]
    whole = frames_of(noise(), settings)
    assert whole.dtype == np.float32 and whole.shape[1] == settings.n_bands
    assert np.array_equal(frames_of(noise(), settings, *cuts), whole)


def test_the_shortest_sound_has_a_frame(settings: FrameSettings) -> None:
    assert len(frames_of(noise(1), settings)) == 1


def test_silence_dither_and_a_constant_are_silent_and_quiet_music_is_not(settings: FrameSettings) -> None:
    n = settings.sample_rate * 2
    rng = np.random.default_rng(1)
    dither = np.round(rng.random(n) - rng.random(n)).astype(np.float32) / 2**15
    for nothing in (np.zeros(n, np.float32), dither, dither + np.float32(0.25)):
        assert is_silent(frames_of(nothing, settings), settings=settings)
    tone = np.sin(2 * np.pi * 440 * np.arange(n) / settings.sample_rate).astype(np.float32)
    assert not is_silent(frames_of(1e-3 * tone, settings), settings=settings)


def test_compressed_windows_keep_their_shape_and_are_finite(settings: FrameSettings) -> None:
    frames = frames_of(noise(), settings)
    made = compress(np.stack([frames, 0 * frames]), settings=settings)
    assert made.shape == (2, *frames.shape) and made.dtype == np.float32 and np.isfinite(made).all()


def test_sound_that_is_not_finite_is_refused(settings: FrameSettings) -> None:
    with pytest.raises(AudioError, match="NaN"):
        frames_of(np.full(N, np.nan, np.float32), settings)


def test_the_mel_kind_is_the_mel_spectrogram_and_the_wave_the_sound() -> None:
    mel = EXAMPLES["mel"]
    assert isinstance(mel, MelSettings)
    assert np.array_equal(frames_of(noise(), mel), mel_power(noise(), settings=mel))
    assert np.array_equal(frames_of(noise(), EXAMPLES["waveform"])[:, 0], noise())


@pytest.mark.parametrize("rate", [0, -1, 16000.0, True, "16000"])
def test_a_rate_that_is_none_is_refused(rate: object) -> None:
    with pytest.raises(RecipeError, match="sample_rate"):
        WaveSettings(sample_rate=rate)  # type: ignore[arg-type]


def test_settings_of_nothing_here_are_refused() -> None:
    with pytest.raises(RecipeError, match="mel, "):
        kind_of(object())  # type: ignore[arg-type]


# A front end is its module, a line in the table, and a row above: here is a toy one in these three places.


@dataclasses.dataclass(frozen=True)
class ToySettings:
    """Power in 24 bands of equal width, of blocks of 480 samples side by side."""

    sample_rate: int
    hop_length: ClassVar[int] = 480
    n_bands: ClassVar[int] = 24
    input_name: ClassVar[str] = "bands"
    silent_input: ClassVar[float] = -10.0

    @property
    def band_edges_hz(self) -> np.ndarray:
        return np.linspace(0, self.sample_rate / 2, 25)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ToySettings:
        if set(values) != {"sample_rate"}:
            raise RecipeError(f"toy: expected just sample_rate, got {', '.join(values)}")
        return cls(**values)


class ToyStream:
    def __init__(self, settings: ToySettings) -> None:
        self.rest = np.zeros(0, np.float32)

    def push(self, block: np.ndarray) -> np.ndarray:
        samples = np.concatenate([self.rest, finite(block)])
        n = len(samples) // 480 * 480
        self.rest = samples[n:]
        return self.power(samples[:n])

    def finish(self) -> np.ndarray:
        return self.power(np.pad(self.rest, (0, -len(self.rest) % 480)))

    def power(self, samples: np.ndarray) -> np.ndarray:
        spectrum = np.abs(np.fft.rfft(samples.reshape(-1, 480) * np.hanning(480))) ** 2 / 240**2
        return spectrum[:, 1:].reshape(-1, 24, 10).sum(axis=2).astype(np.float32)


def test_a_new_front_end_is_a_module_a_line_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def log_power(power: np.ndarray, *, settings: ToySettings) -> np.ndarray:
        return np.log10(np.maximum(power, 1e-10)).astype(np.float32)

    def silent(power: np.ndarray, *, settings: ToySettings) -> bool:
        loud = power[:, 1:].max(axis=1, initial=0.0) > 2e-7
        return bool(loud.sum() <= 0.02 * len(loud))

    toy = ToySettings(16_000)
    line = front_ends.FrameKind(ToySettings, ToyStream, log_power, silent, 1)
    monkeypatch.setattr(front_ends, "KINDS", {**KINDS, "toy": line})  # the line
    monkeypatch.setitem(EXAMPLES, "toy", toy)  # the row
    assert kind_of(toy) == "toy"
    assert np.array_equal(frames_of(noise(), toy, 1, 700, 701), frames_of(noise(), toy))
    test_the_shortest_sound_has_a_frame(toy)
    test_silence_dither_and_a_constant_are_silent_and_quiet_music_is_not(toy)
    test_compressed_windows_keep_their_shape_and_are_finite(toy)
    test_sound_that_is_not_finite_is_refused(toy)
    frames = frames_of(noise(), toy)
    louder = front_ends.amplified(frames, settings=toy, by_db=6.0)
    assert np.allclose(front_ends.power(louder, settings=toy), front_ends.power(frames, settings=toy) * 10**0.6)
    assert front_ends.silence(toy) == 0.0
