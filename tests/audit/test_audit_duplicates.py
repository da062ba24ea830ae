"""Duplicates: exact ones in any lossless format, copies however encoded, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounds import RATE, copies, noise, piece, write

from genrelens.audit.duplicates import Duplicate, Overlay, correlation, find_duplicates
from genrelens.audit.listen import Heard, listen


def hear(*paths: Path) -> list[Heard]:
    return [listen(str(path)) for path in paths]


def names(duplicate: Duplicate) -> tuple[str, ...]:
    return tuple(Path(path).name for path in duplicate.paths)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two pieces of each of five styles, made of the same few sounds: no two are one recording."""
    folder = tmp_path_factory.mktemp("others")
    styles = ("fingerpicking", "off_beat_skank", "breakbeat", "drone", "four_on_the_floor")
    return [write(folder / f"{style}{seed}.wav", piece(seed, style=style)) for style in styles for seed in range(2)]


def test_no_two_different_pieces_are_one(others: list[Path]) -> None:
    assert find_duplicates(hear(*others)) == []


@pytest.mark.parametrize(
    "codec", ["Vorbis, quality 0.1", "mp3 64 kb/s", "AAC 64 kb/s, 44.1 kHz stereo", "Opus 32 kb/s"]
)
@pytest.mark.parametrize(("gain_db", "offset_s"), [(0.0, 0.0), (-12.0, 5.0), (12.0, 2.512)])
def test_a_copy_is_found(tmp_path: Path, others: list[Path], codec: str, gain_db: float, offset_s: float) -> None:
    tool = copies()
    chosen = next(c for c in tool.CODECS if c.name == codec)
    copy = tmp_path / f"copy{chosen.suffix}"
    original = piece(0)
    tool.write_copy(copy, original, RATE, codec=chosen, gain_db=gain_db, offset_s=offset_s)
    (found,) = find_duplicates(hear(*others, copy))
    assert set(names(found)) == {"fingerpicking0.wav", copy.name}
    assert not found.exact
    assert found.correlation > 0.8
    assert found.lag_s is not None and found.overlap_s is not None
    # The copy begins offset_s into the piece, whichever of the two comes first by name.
    later = found.lag_s if found.paths[1] == str(copy) else -found.lag_s
    assert later == pytest.approx(offset_s, abs=0.15)  # encoders add up to 0.1 s of their own
    assert found.overlap_s == pytest.approx(12.0 - offset_s, abs=0.3)


def test_silence_before_a_copy_and_turned_polarity_do_not_hide_it(tmp_path: Path) -> None:
    late = np.concatenate([np.zeros(5 * RATE + 31, np.float32), -0.4 * piece(1)])
    a, b = write(tmp_path / "a.wav", piece(1)), write(tmp_path / "b.flac", late)
    (found,) = find_duplicates(hear(a, b))
    assert not found.exact
    assert found.lag_s == pytest.approx(-5.0, abs=0.05)


def test_another_pitch_or_tempo_is_another_recording(tmp_path: Path) -> None:
    """So the documentation says; played a twentieth faster, both change."""
    a, b = write(tmp_path / "a.wav", piece(1)), write(tmp_path / "b.wav", piece(1), rate=round(RATE * 1.05))
    assert find_duplicates(hear(a, b)) == []


def test_exact_repeats_are_one_finding_and_stand_in_near_ones_together(tmp_path: Path) -> None:
    a = write(tmp_path / "a.wav", piece(0))
    b = write(tmp_path / "b.flac", piece(0))
    c = write(tmp_path / "c.wav", 0.5 * piece(0)[2 * RATE :])
    exact, near = find_duplicates(hear(c, b, a))
    assert exact == Duplicate((str(a), str(b)), exact=True)
    assert names(near) == ("a.wav", "b.flac", "c.wav") and not near.exact
    assert near.lag_s is None


def test_a_mix_repeats_both_songs_which_do_not_repeat_each_other(tmp_path: Path) -> None:
    one, two = piece(0), piece(1)
    a, b = write(tmp_path / "a.wav", one), write(tmp_path / "b.wav", two)
    mix = write(tmp_path / "mix.wav", np.concatenate([one, two]))
    found = find_duplicates(hear(a, b, mix))
    assert sorted(map(names, found)) == [("a.wav", "mix.wav"), ("b.wav", "mix.wav")]


def test_silent_files_are_no_repeats(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{i}.wav", np.zeros(5 * RATE)) for i in range(3)]
    assert find_duplicates(hear(*paths)) == []


def test_tones_and_hiss_that_differ_are_no_repeats(tmp_path: Path) -> None:
    t = np.arange(6 * RATE) / RATE
    tones = [write(tmp_path / f"{hz}.wav", 0.5 * np.sin(2 * np.pi * hz * t)) for hz in (220, 300, 440, 441, 880)]
    hisses = [write(tmp_path / f"hiss{seed}.wav", noise(seed)) for seed in range(4)]
    assert find_duplicates(hear(*tones, *hisses)) == []


def test_progress_counts_what_is_compared(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.wav", piece(0)), write(tmp_path / "b.wav", 0.5 * piece(0))
    seen: list[tuple[int, int]] = []
    find_duplicates(hear(a, b), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_correlation_is_one_for_one_sound(tmp_path: Path, sign: float) -> None:
    a, b = write(tmp_path / "a.wav", noise(0)), write(tmp_path / "b.wav", sign * 0.2 * noise(0)[RATE:])
    assert correlation(Overlay(str(a), str(b), 1.0, 7.0)) == pytest.approx(1.0, abs=2e-3)
    assert correlation(Overlay(str(b), str(a), -1.0, 7.0)) == pytest.approx(1.0, abs=2e-3)


def test_correlation_falls_with_what_is_mixed_in(tmp_path: Path) -> None:
    """Of two equally loud sounds in one file either correlates by 1 / sqrt(2)."""
    a = write(tmp_path / "a.wav", noise(0))
    b = write(tmp_path / "b.wav", noise(0) + noise(1))
    assert correlation(Overlay(str(a), str(b), 0.0, 8.0)) == pytest.approx(2**-0.5, abs=0.02)


def test_correlation_is_low_for_another_sound_and_none_for_silence(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.wav", noise(0)), write(tmp_path / "b.wav", noise(1))
    silent = write(tmp_path / "c.wav", np.zeros(8 * RATE))
    assert correlation(Overlay(str(a), str(b), 0.0, 8.0)) < 0.2
    assert correlation(Overlay(str(a), str(silent), 0.0, 8.0)) == 0.0
    assert correlation(Overlay(str(a), str(tmp_path / "gone.wav"), 0.0, 8.0)) == 0.0


@pytest.mark.parametrize(("value", "found"), [(0.7999, False), (0.8, True)])
def test_copies_correlate_by_eight_tenths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float, found: bool
) -> None:
    a, b = write(tmp_path / "a.wav", piece(0)), write(tmp_path / "b.wav", 0.5 * piece(0))
    monkeypatch.setattr("genrelens.audit.duplicates.correlation", lambda overlay: value)
    assert bool(find_duplicates(hear(a, b))) is found


@pytest.mark.parametrize(("overlap_s", "found"), [(2.6, False), (3.8, True)])
def test_copies_have_three_seconds_in_common(tmp_path: Path, overlap_s: float, found: bool) -> None:
    n = round(overlap_s * RATE)
    a = write(tmp_path / "a.wav", np.concatenate([noise(1)[: 4 * RATE], noise(0)[:n]]))
    b = write(tmp_path / "b.wav", np.concatenate([noise(0)[:n], noise(2)[: 4 * RATE]]))
    assert bool(find_duplicates(hear(a, b))) is found
