"""What is measured while a file is heard: clipping, silence, and the digest of its samples."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import RATE, noise, write

from genrelens.audit.listen import ClipMeter, QuietMeter, SampleDigest, listen


@settings(max_examples=200, deadline=None)
@given(
    left=st.lists(st.sampled_from([0.0, 0.5, 0.99, -1.0, 1.2]), min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=5),
)
def test_clipping_is_the_share_of_samples_in_runs_of_three(left: list[float], cuts: list[int]) -> None:
    frames = np.stack([left, np.zeros(len(left))], axis=1).astype(np.float32)
    meter = ClipMeter()
    for chunk in np.split(frames, sorted(cuts)):
        meter.push(chunk)
    runs = [(high, len(list(run))) for high, run in itertools.groupby(abs(x) >= 0.99 for x in np.float32(left))]
    assert meter.share() == sum(n for high, n in runs if high and n >= 3) / len(left)


def digest(samples: np.ndarray, cuts: list[int] | None = None, rate: int = RATE) -> bytes | None:
    made = SampleDigest()
    for block in np.split(samples.astype(np.float32), sorted(cuts or [])):
        made.push(block)
    return made.finish(rate)


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.sampled_from([0, 0, 1, -1, 32767, -32768]), min_size=1, max_size=30),
    cuts=st.lists(st.integers(0, 40), max_size=5),
    zeros=st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_a_digest_knows_the_samples_and_nothing_else(
    values: list[int], cuts: list[int], zeros: tuple[int, int]
) -> None:
    samples = np.array(values) / 32768
    assert digest(samples) == digest(np.pad(samples, zeros), cuts)
    if any(values):
        assert digest(samples, rate=RATE) != digest(samples, rate=RATE + 1)
        inside = np.flatnonzero(samples)[0]
        changed = samples.copy()
        changed[inside] += 1 / 32768 if samples[inside] < 0 else -1 / 32768
        assert digest(changed) != digest(samples)
    else:
        assert digest(samples) is None


def test_zeros_between_sounds_count() -> None:
    for n in (1, 70_000):
        gap, longer = (np.concatenate([[0.5], np.zeros(k), [0.5]]) for k in (n, n + 1))
        assert digest(gap) != digest(longer)
        assert digest(gap) == digest(gap, [1, n // 2])


def quiet_share(samples: np.ndarray, cuts: list[int] | None = None) -> float:
    meter = QuietMeter()
    meter.begin(1000)
    for block in np.split(samples.astype(np.float32), sorted(cuts or [])):
        meter.push(block)
    return meter.share()


def test_silence_is_counted_in_tenths_of_a_second() -> None:
    rng = np.random.default_rng(0)
    loud = rng.normal(size=1000) * 3e-4  # peaks at -60 dBFS
    dither = rng.triangular(-1, 0, 1, size=1000) / 32768
    assert quiet_share(loud) == 0.0
    assert quiet_share(dither) == quiet_share(np.zeros(1000)) == quiet_share(np.full(1000, 0.7)) == 1.0
    assert quiet_share(np.concatenate([dither, loud, loud, np.zeros(1000)]), [150, 1999]) == 0.5
    assert quiet_share(loud[:30]) == 0.0 and quiet_share(dither[:30]) == 1.0  # less than a tenth
    assert quiet_share(np.zeros(0)) == 0.0


@pytest.mark.parametrize(("dbfs", "share"), [(-80.2, 1.0), (-79.8, 0.0)])
def test_silence_ends_at_80_db_below_full_scale(dbfs: float, share: float) -> None:
    square = np.tile([1.0, -1.0], 500)  # its root mean square is its peak
    assert quiet_share(0.3 + 10 ** (dbfs / 20) * square) == share


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff"])
def test_lossless_files_of_one_sound_have_one_digest(tmp_path: Path, suffix: str) -> None:
    samples = noise(0)
    plain = listen(str(write(tmp_path / "a.wav", samples)))
    padded = np.pad(samples, (RATE // 2, RATE))
    other = listen(str(write(tmp_path / f"b{suffix}", padded)))
    stereo = listen(str(write(tmp_path / "c.wav", np.stack([samples, samples], axis=1))))
    assert plain.digest == other.digest == stereo.digest
    assert plain.digest is not None
    assert plain.duration_s == pytest.approx(8.0)
    assert other.duration_s == pytest.approx(9.5)
    assert listen(str(write(tmp_path / "d.wav", samples * 0.99))).digest != plain.digest


def test_clipping_in_one_channel_is_heard(tmp_path: Path) -> None:
    left, right = np.clip(noise(0, level=0.5), -1, 1), noise(1, level=0.01)
    one = listen(str(write(tmp_path / "a.wav", np.stack([left, right], axis=1))))
    alone = listen(str(write(tmp_path / "b.wav", left)))
    assert one.clipped_share == alone.clipped_share > 0
    assert listen(str(write(tmp_path / "c.wav", right))).clipped_share == 0.0


@pytest.mark.parametrize("peak", [1e20, 3e38])
def test_floats_beyond_all_measure_are_heard_without_a_warning(tmp_path: Path, peak: float) -> None:
    """A damaged header makes such floats of whole numbers; a warning would be an error here."""
    path = tmp_path / "loud.wav"
    soundfile.write(path, peak * np.sin(np.arange(2 * RATE)).astype(np.float32), RATE, subtype="FLOAT")
    heard = listen(str(path))
    assert not heard.error and heard.clipped_share > 0.5 and heard.quiet_share == 0


def test_what_cannot_be_read_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound at all, whatever the name says")
    heard = listen(str(tmp_path / "a.wav"))
    assert heard.error is not None and "its content is something else" in heard.error
    assert str(tmp_path) not in heard.error
    assert heard.fingerprint is None and heard.digest is None
    assert "no such file" in (listen(str(tmp_path / "b.wav")).error or "")


def test_a_fault_of_ours_costs_one_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.wav", noise(0, duration_s=1.0))

    def trip(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(QuietMeter, "push", trip)
    assert listen(str(path)).error == "internal error: ZeroDivisionError: on purpose"
    monkeypatch.setenv("GENRELENS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        listen(str(path))
