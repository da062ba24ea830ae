"""Descriptors of files: rows and their names, bad files, what is kept on disk, and the tracks that rows belong to."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from genrelens.audio import load
from genrelens.data import Track
from genrelens.errors import DataError, MissingExtraError
from genrelens.features import FeatureTable, Source, extract, extract_files, join, row_name, split_row_name
from genrelens.features.table import row_id
from genrelens.frontend.descriptors import SETS, FeatureSet

RATE = 22_050
KAGGLE = SETS["kaggle57"]


def write(path: Path, *, seconds: float = 1.0, rate: int = RATE, seed: int = 0) -> Path:
    sound = 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, subtype="PCM_16")
    return path


def track(path: Path, **fields: object) -> Track:
    return replace(Track(path.stem, path, "blues", "somebody", "gtzan"), **fields)  # type: ignore[arg-type]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the pieces that descriptors were computed of, which here are quick to compute."""
    calls: list[int] = []

    def compute(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float64]:
        calls.append(len(samples))
        return np.full(57, float(samples.std()))

    quick = FeatureSet("kaggle57", KAGGLE.columns, RATE, compute)
    monkeypatch.setitem(SETS, "kaggle57", quick)  # type: ignore[arg-type]
    return calls


# Names


@pytest.mark.parametrize(
    ("filename", "segment", "name", "whole", "id_"),
    [
        ("blues.00007.wav", None, "blues.00007.wav", "blues.00007", "blues.00007"),
        ("blues.00007.wav", 3, "blues.00007.3.wav", "blues.00007", "blues.00007.3"),
        ("Hip-Hop.00007.au", 12, "Hip-Hop.00007.12.au", "hiphop.00007", "hiphop.00007.12"),
        ("blues.00100.wav", 3, "blues.00100.wav#3", "blues.00100.wav", "blues.00100.wav#3"),
        ("rock/a song.mp3", None, "rock/a song.mp3", "rock/a song.mp3", "rock/a song.mp3"),
        ("rock/a song.mp3", 0, "rock/a song.mp3#0", "rock/a song.mp3", "rock/a song.mp3#0"),
        ("03. it.2.mp3", 7, "03. it.2.mp3#7", "03. it.2.mp3", "03. it.2.mp3#7"),
        ("blues/blues.00007.wav", 1, "blues/blues.00007.wav#1", "blues/blues.00007.wav", "blues/blues.00007.wav#1"),
    ],
)
def test_names_of_rows_say_what_they_are_of(
    filename: str, segment: int | None, name: str, whole: str, id_: str
) -> None:
    assert row_name(filename, segment) == name
    assert split_row_name(name) == (whole, segment)
    assert row_id(name) == id_


@given(filename=st.text(min_size=1).filter(lambda name: "#" not in name), segment=st.none() | st.integers(0, 999_999))
def test_any_name_comes_back(filename: str, segment: int | None) -> None:
    whole, found = split_row_name(row_name(filename, segment))
    assert found == segment
    assert split_row_name(filename) == (whole, None)


# Extraction


def test_rows_are_the_descriptors_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "blues.00000.wav", seconds=2)
    table = extract([track(path)])
    assert table.filenames == ("blues.00000.wav",)
    assert table.ids == ("blues.00000",)
    assert table.labels == ("blues",)
    assert table.lengths.tolist() == [2 * RATE]
    expected = KAGGLE.compute(load(path, sample_rate=RATE).samples, sample_rate=RATE)
    np.testing.assert_array_equal(table.values[0], expected)


def test_sound_at_another_rate_is_resampled_or_taken_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", rate=44_100)
    assert extract_files([Source("a.wav", path)]).lengths.tolist() == [RATE]
    assert extract_files([Source("a.wav", path)], feature_set="fma518").lengths.tolist() == [44_100]


def test_segments_have_kaggles_rows(tmp_path: Path, computed: list[int]) -> None:
    path = write(tmp_path / "a.wav", seconds=9.0)
    longer = write(tmp_path / "blues.00000.wav", seconds=9.001)
    table = extract_files([Source("x/a.wav", path), Source("blues.00000.wav", longer)], segment_s=3.0)
    assert table.filenames == ("x/a.wav#0", "x/a.wav#1", "blues.00000.0.wav", "blues.00000.1.wav", "blues.00000.2.wav")
    assert table.wholes == ("x/a.wav",) * 2 + ("blues.00000",) * 3
    assert table.segments == (0, 1, 0, 1, 2)
    assert set(table.lengths.tolist()) == set(computed) == {66_149}


def test_a_bad_file_is_a_row_that_says_why(tmp_path: Path, computed: list[int]) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound at all")
    sources = [
        Source("bad.wav", tmp_path / "bad.wav", "rock"),
        Source("gone.wav", tmp_path / "gone.wav"),
        Source("good.wav", write(tmp_path / "good.wav"), "rock"),
        Source("short.wav", write(tmp_path / "short.wav", seconds=0.05)),
        Source("known.wav", tmp_path, error="this folder cannot be read"),
    ]
    table = extract_files(sources)
    assert table.filenames == tuple(source.filename for source in sources)
    assert [bool(error) for error in table.errors] == [True, True, False, True, True]
    assert "expected a sound file" in table.errors[0]
    assert "at least 2048 samples" in table.errors[3]
    assert table.errors[4] == "this folder cannot be read"
    assert table.labels == ("rock", "", "rock", "", "")
    assert table.lengths.tolist() == [0, 0, RATE, 0, 0]
    assert len(computed) == 1


def test_a_file_shorter_than_a_segment_is_a_row_that_says_so(tmp_path: Path, computed: list[int]) -> None:
    table = extract_files([Source("a.wav", write(tmp_path / "a.wav", seconds=3.0))], segment_s=3.0)
    assert table.filenames == ("a.wav",)
    assert "expected more than 3 s, the length of a segment, but it lasts 3.00 s" in table.errors[0]


def test_numbers_that_are_not_finite_cost_only_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = FeatureSet("kaggle57", KAGGLE.columns, RATE, lambda samples, rate: np.full(57, np.nan))
    monkeypatch.setitem(SETS, "kaggle57", broken)  # type: ignore[arg-type]
    table = extract_files([Source("a.wav", write(tmp_path / "a.wav"))])
    assert "NaN or infinity" in table.errors[0]


def test_a_very_long_file_has_no_row_of_its_own_but_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computed: list[int]
) -> None:
    import sys

    monkeypatch.setattr(sys.modules["genrelens.features.extract"], "MAX_WHOLE_S", 15.0)
    path = write(tmp_path / "a.wav", seconds=31)
    table = extract_files([Source("a.wav", path)])
    assert "expected at most 0.25 minutes for one row" in table.errors[0]
    assert len(extract_files([Source("a.wav", path)], segment_s=3.0)) == 10


def test_a_span_is_what_lies_between_its_times(tmp_path: Path) -> None:
    path = write(tmp_path / "blues.00000.wav", seconds=5)
    samples = load(path, sample_rate=RATE).samples
    piece = track(path, id="blues.00000.1", segment_of="blues.00000", span_s=(2.0, 3.5))
    table = extract([piece])
    assert table.filenames == ("blues.00000.1.wav",)
    assert table.ids == ("blues.00000.1",)
    expected = KAGGLE.compute(samples[2 * RATE : 2 * RATE + 33_075], sample_rate=RATE)
    np.testing.assert_array_equal(table.values[0], expected)


def test_two_files_of_one_name_are_refused(tmp_path: Path, computed: list[int]) -> None:
    path = write(tmp_path / "a.wav")
    with pytest.raises(DataError, match="stands twice"):
        extract_files([Source("a.wav", path), Source("a.wav", path)])


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(DataError, match="unknown feature set 'mfcc'; known sets: kaggle57, fma518"):
        extract_files([], feature_set="mfcc")
    with pytest.raises(DataError, match="segments should last between"):
        extract_files([], segment_s=0.0)


def test_without_librosa_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingExtraError, match="computing descriptors needs"):
        extract_files([Source("a.wav", write(tmp_path / "a.wav"))])
    with pytest.raises(MissingExtraError, match="computing kaggle57 needs"):
        KAGGLE.compute(np.zeros(5000, np.float32), sample_rate=RATE)


# What is kept


def test_what_is_kept_is_not_computed_again(tmp_path: Path, computed: list[int]) -> None:
    sources = [Source(f"{i}.wav", write(tmp_path / f"{i}.wav", seed=i)) for i in range(3)]
    first = extract_files(sources, cache=tmp_path / "cache")
    assert len(computed) == 3
    done: list[tuple[int, int]] = []
    again = extract_files(sources, cache=tmp_path / "cache", progress=lambda n, of: done.append((n, of)))
    assert len(computed) == 3
    assert done == [(1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal(again.values, first.values)
    extract_files(sources, cache=tmp_path / "cache", segment_s=0.5)  # another setting
    assert len(computed) == 6
    write(tmp_path / "1.wav", seconds=1.5)  # another file of the same name
    extract_files(sources, cache=tmp_path / "cache")
    assert len(computed) == 7


def test_what_failed_is_not_kept(tmp_path: Path, computed: list[int]) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"half a download")
    assert extract_files([Source("a.wav", path)], cache=tmp_path / "cache").errors != ("",)
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", None])
def test_a_damaged_cache_file_is_computed_again(tmp_path: Path, computed: list[int], damage: bytes | None) -> None:
    source = Source("a.wav", write(tmp_path / "a.wav"))
    first = extract_files([source], cache=tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:-30] if damage is None else damage)
    again = extract_files([source], cache=tmp_path / "cache")
    np.testing.assert_array_equal(again.values, first.values)
    assert len(computed) == 2


def test_a_cache_with_objects_in_it_is_not_unpickled(tmp_path: Path, computed: list[int]) -> None:
    source = Source("a.wav", write(tmp_path / "a.wav"))
    extract_files([source], cache=tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    np.save(kept, np.array([{}]), allow_pickle=True)
    extract_files([source], cache=tmp_path / "cache")
    assert len(computed) == 2


def test_a_cache_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be made"):
        extract_files([], cache=tmp_path / "file")


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, computed: list[int]) -> None:
    sources = [Source(f"{i}.wav", write(tmp_path / f"{i}.wav", seed=i)) for i in range(5)]

    def stop(n_done: int, n: int) -> None:
        if n_done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_files(sources, cache=tmp_path / "cache", progress=stop)
    assert len(computed) == 3
    assert len(extract_files(sources, cache=tmp_path / "cache")) == 5
    assert len(computed) == 5


def test_a_truncated_file_is_noted(tmp_path: Path, computed: list[int]) -> None:
    path = write(tmp_path / "a.wav", seconds=4)
    path.write_bytes(path.read_bytes()[:100_000])
    for _ in range(2):  # computed, then from the cache
        table = extract_files([Source("a.wav", path)], cache=tmp_path / "cache")
        assert table.notes == ("a.wav: the file is truncated: 2.3 of 4.0 s could be read",)
    assert len(computed) == 1


@pytest.mark.slow
def test_several_processes_give_the_rows_of_one(tmp_path: Path) -> None:
    sources = [Source(f"{i}.wav", write(tmp_path / f"{i}.wav", seed=i)) for i in range(4)]
    (tmp_path / "bad.wav").write_bytes(b"x")
    sources.insert(1, Source("bad.wav", tmp_path / "bad.wav"))
    one = extract_files(sources)
    several = extract_files(sources, n_workers=2, cache=tmp_path / "cache")
    assert several.filenames == one.filenames
    np.testing.assert_array_equal(several.values, one.values)
    assert several.errors == one.errors


# Tracks


def kaggle_table(*names: str, label: str = "blues") -> FeatureTable:
    n = len(names)
    lengths = np.full(n, 66_149)
    return FeatureTable(KAGGLE.columns, names, lengths, np.ones((n, 57)), (label,) * n, ("",) * n)


def test_rows_find_their_tracks_and_segments_become_pieces() -> None:
    whole = Track("blues.00001", Path("b.wav"), "blues", "John", "gtzan", recording="blues.00000")
    table = kaggle_table("blues.00001.wav", "blues.00001.2.wav", "blues.00002.0.wav")
    found = join(table, [whole])
    assert found.tracks[0] is whole
    piece = found.tracks[1]
    assert (piece.id, piece.segment_of, piece.span_s) == ("blues.00001.2", "blues.00001", (6.0, 9.0))
    assert (piece.artist, piece.recording, piece.group) == ("John", "blues.00000", "John")
    assert found.table.filenames == ("blues.00001.wav", "blues.00001.2.wav")
    assert found.left_out == (("blues.00002.0.wav", "no track has the id 'blues.00002.0' or 'blues.00002'"),)


def test_what_was_extracted_joins_again(tmp_path: Path, computed: list[int]) -> None:
    path = write(tmp_path / "jazz" / "a song.wav", seconds=7)
    one = Track("jazz/a song.wav", path, "jazz", None, "folder")
    found = join(extract([one], segment_s=3.0), [one])
    assert [piece.id for piece in found.tracks] == ["jazz/a song.wav#0", "jazz/a song.wav#1"]
    assert [piece.whole for piece in found.tracks] == ["jazz/a song.wav"] * 2
    assert {piece.group for piece in found.tracks} == {"?jazz/a song.wav"}
    assert join(extract([one]), [one]).tracks == (one,)
    pieces = extract(found.tracks)
    assert join(pieces, found.tracks).tracks == found.tracks


def test_a_piece_of_a_piece_lies_within_it() -> None:
    part = Track("a.mp3#1", Path("a"), "jazz", None, "table", segment_of="a.mp3", span_s=(30.0, 60.0))
    clip = Track("blues.00000.1", Path("b"), "jazz", None, "gtzan", segment_of="blues.00000", span_s=(3.0, 6.0))
    found = join(kaggle_table("a.mp3#1#2", "blues.00000.1.wav#0", label="jazz"), [part, clip])
    assert [piece.id for piece in found.tracks] == ["a.mp3#1#2", "blues.00000.1#0"]
    assert [piece.whole for piece in found.tracks] == ["a.mp3", "blues.00000"]
    assert [piece.span_s for piece in found.tracks] == [(36.0, 39.0), (3.0, 6.0)]


def test_rows_of_errors_are_left_out_with_their_reason() -> None:
    good = kaggle_table("blues.00000.wav")
    values = np.full((1, 57), np.nan)
    bad = FeatureTable(KAGGLE.columns, good.filenames, np.zeros(1, np.int64), values, ("blues",), ("broken",))
    found = join(bad, [Track("blues.00000", Path("b"), "blues", None, "gtzan")])
    assert found.left_out == (("blues.00000.wav", "broken"),)
    assert len(found.table) == 0


def test_a_label_that_is_not_the_tracks_genre_is_refused() -> None:
    with pytest.raises(DataError, match=r"'blues.00000.wav' is 'rock' in the table \(row 1\) and 'blues' in"):
        join(kaggle_table("blues.00000.wav", label="rock"), [Track("blues.00000", Path("b"), "blues", None, "gtzan")])


def test_rows_without_a_label_take_the_tracks() -> None:
    found = join(kaggle_table("blues.00000.wav", label=""), [Track("blues.00000", Path("b"), "blues", None, "gtzan")])
    assert found.table.labels == ("blues",)


def test_the_first_process_compiles_before_others_are_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers compiling at once in a fresh installation left files in numba's cache that crash who loads them."""
    extract_module = sys.modules["genrelens.features.extract"]

    happened: list[str] = []

    def no_workers(*_: object, **__: object) -> list[tuple[int, object]]:
        happened.append("workers")
        return []

    monkeypatch.setattr(extract_module, "_compile", lambda _: happened.append("compile"))
    monkeypatch.setattr(extract_module, "map_each", no_workers)
    sources = [extract_module.Source(f"{i}.wav", tmp_path / f"{i}.wav", "", None) for i in range(2)]
    with pytest.raises(KeyError):
        extract_module.extract_files(sources, n_workers=2)
    assert happened == ["compile", "workers"]
