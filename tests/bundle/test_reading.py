"""Several sources read ahead are the same sources, apart, and what fails in one stays with that one."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

import genrelens.bundle.reading as reading
from genrelens.audio import AudioStream, stream_array
from genrelens.bundle import Bundle
from genrelens.bundle.answer import answer_all
from genrelens.bundle.reading import Picture, read_ahead
from genrelens.errors import AudioError

RATE = 16_000


def sound(seconds: float) -> AudioStream:
    return stream_array(np.full(round(seconds * RATE), 0.5), sample_rate_in=RATE, sample_rate=RATE)


def opened(source: float | str) -> AudioStream | Picture:
    if source == "broken":
        raise AudioError("broken", code="damaged")
    return Picture(b"png") if isinstance(source, str) else sound(source)


def fails_at_its_third_block(stream: AudioStream) -> Iterator[np.ndarray]:
    for number, block in enumerate(stream):
        if number == 2:
            raise ValueError("in the middle")
        yield block


@pytest.fixture(params=[1, 2], ids=["one core", "two cores"])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(reading, "n_cores", lambda: request.param)
    return int(request.param)


def test_sources_come_apart_and_in_order(cores: int) -> None:
    before = threading.active_count()
    with read_ahead([1.0, "picture", 7.0, "broken", 2.0], open_source=opened, process=iter) as read:
        lengths: list[object] = []
        for parts in read:
            try:
                first = next(parts)
                if isinstance(first, Picture):
                    lengths.append(first.file)
                else:
                    assert isinstance(first, AudioStream)
                    assert sum(len(part) for part in parts) == first.n_samples  # type: ignore[arg-type]
                    lengths.append(first.n_samples / RATE)
            except AudioError as error:
                lengths.append(error.code)
    assert lengths == [1.0, b"png", 7.0, "damaged", 2.0]
    assert threading.active_count() == before


def test_parts_that_nobody_takes_are_passed_over(cores: int) -> None:
    with read_ahead([60.0, 30.0, "broken", 4.0], open_source=opened, process=iter) as read:
        firsts = [next(next(read)) for _ in range(2)]
        next(read)
        last = list(next(read))
    assert all(isinstance(first, AudioStream) for first in firsts)
    assert sum(len(part) for part in last[1:]) == 4 * RATE  # type: ignore[arg-type]


def test_what_fails_in_the_middle_is_raised_there_and_the_next_source_is_whole(cores: int) -> None:
    with read_ahead([20.0, 3.0], open_source=opened, process=fails_at_its_third_block) as read:
        first = next(read)
        assert [type(next(first)) for _ in range(3)] == [AudioStream, np.ndarray, np.ndarray]
        with pytest.raises(ValueError, match="in the middle"):
            next(first)
        assert sum(len(part) for part in list(next(read))[1:]) == 3 * RATE  # type: ignore[arg-type]


def test_leaving_early_closes_what_was_open(cores: int) -> None:
    streams: list[AudioStream] = []

    def remembered(source: float) -> AudioStream:
        streams.append(sound(source))
        return streams[-1]

    with read_ahead([60.0, 60.0], open_source=remembered, process=iter) as read:
        next(next(read))
    with pytest.raises(ValueError, match="closed"):
        iter(streams[0])


def test_many_files_are_answered_as_each_alone(tmp_path: Path, cores: int) -> None:
    bundle = Bundle.load("lite")
    rng = np.random.default_rng(0)
    paths = []
    for number, seconds in enumerate((4.0, 1.0, 40.0)):
        paths.append(str(tmp_path / f"{number}.wav"))
        soundfile.write(paths[-1], rng.normal(0, 0.1, (round(seconds * 22_050), 2)), 22_050)
    paths.insert(1, str(tmp_path / "missing.wav"))
    found = list(answer_all(paths, bundle=bundle, coverage=0.9, n_workers=0))
    assert [answer.path for answer in found] == paths
    assert [answer.code for answer in found] == ["", "missing", "", ""]
    for answer in found:
        if answer.prediction is not None:
            alone = bundle.predict(answer.path, coverage=0.9)
            np.testing.assert_array_equal(answer.prediction.probabilities, alone.probabilities)
            assert answer.prediction.duration_s == alone.duration_s
