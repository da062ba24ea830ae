"""Evaluation with a stand-in for a bundle: what it refuses, what it admits with a note, what it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrelens.bundle import Bundle
from genrelens.bundle.manifest import Manifest, TrainingRecord
from genrelens.bundle.prediction import Prediction
from genrelens.bundle.windows import WindowSettings
from genrelens.data import Split, Track, gtzan
from genrelens.errors import AudioError, BundleError, DataError, SeenTracksError, SplitError, TaxonomyError
from genrelens.evaluation import evaluate
from genrelens.frontend.mel import MelSettings
from genrelens.taxonomy import GTZAN, Taxonomy

NAMES = ("blues", "hiphop", "jazz")


@dataclass
class Stand:
    """A model that hears a genre in a file's name; "silent" and "text" files are what they say."""

    manifest: Manifest
    hash: str = "abcdef012345"

    def predict(self, source: Path, /) -> Prediction:
        if "text" in source.name:
            raise AudioError(f"{source.name}: expected sound, got text", code="not_audio")
        if "fault" in source.name:
            raise BundleError("the graph is damaged")
        silent = "silent" in source.name
        p = np.full(3, np.nan) if silent else np.array([source.name.startswith(name) for name in NAMES]) * 0.7 + 0.1
        short = "short" in source.name
        return Prediction(
            names=NAMES,
            probabilities=p,
            window_times_s=np.array([[0.0, 30.0]]),
            window_probabilities=p[None],
            embedding=np.zeros(2, np.float32),
            duration_s=30.0,
            model_name="stand",
            model_hash=self.hash,
            abstained=silent or short,
            reason="silence" if silent else "too_short" if short else None,
            notes=("the file is truncated",) if "torn" in source.name else (),
        )


@pytest.fixture
def stand() -> Stand:
    training = TrainingRecord({}, 0, "toy", "toy", ("t1", "t2"), ("s1",), "0")
    mel = MelSettings(
        sample_rate=22050, n_fft=2048, hop_length=512, n_mels=16, fmin_hz=0.0, fmax_hz=11025.0, htk=False, top_db=80.0
    )
    taxonomy = Taxonomy(NAMES, {"rap": "hiphop"})
    return Stand(Manifest("stand", taxonomy, mel, WindowSettings(16, 16), training, experimental=("hiphop",)))


def track(id_: str, genre: str, *, file: str | None = None, artist: str | None = None) -> Track:
    return Track(id_, Path(file or f"{genre}.{id_}.wav"), genre, artist, "toy")


TRACKS = (
    track("a", "blues"),
    track("b", "jazz"),
    track("c", "jazz", file="blues.wav"),
    track("d", "Hip-Hop", file="hiphop.wav"),
)


def test_every_track_is_answered_and_counted(stand: Stand) -> None:
    seen: list[tuple[int, int]] = []
    report = evaluate(stand, TRACKS, progress=lambda done, total: seen.append((done, total)))
    assert report.all_genres.accuracy.value == pytest.approx(3 / 4)
    assert report.full_genres.accuracy.value == pytest.approx(2 / 3)
    assert [row.predicted for row in report.tracks] == ["blues", "jazz", "blues", "hiphop"]
    assert report.tracks[3].genre == "hiphop"  # as the model spells it
    assert report.tracks[0].probabilities == pytest.approx((0.8, 0.1, 0.1))
    assert (report.model, report.model_hash, report.dataset) == ("stand", "abcdef012345", "toy")
    assert report.experimental == ("hiphop",) and not report.seen
    assert seen == [(i, 4) for i in range(5)]


def test_files_without_sound_become_rows_and_other_faults_do_not_pass(stand: Stand) -> None:
    tracks = (
        *TRACKS,
        track("e", "jazz", file="text.wav"),
        track("f", "jazz", file="silent.wav"),
        track("g", "jazz", file="jazz short torn.wav"),
        track("h", "jazz", file="jazz torn.wav"),
    )
    report = evaluate(stand, tracks)
    assert (report.n_tracks, report.n_answered, report.n_failed, report.n_abstained) == (8, 6, 2, 1)
    broken = report.failed[0]
    assert broken.failure is not None and broken.failure.code == "not_audio"
    assert report.failed[1].reason == "silence"
    assert "g: the file is truncated (and 1 more such remarks)" in " ".join(report.notes)
    with pytest.raises(BundleError, match="damaged"):
        evaluate(stand, [track("x", "jazz", file="fault.wav")])


def test_tracks_it_was_trained_on_are_refused_unless_told(stand: Stand) -> None:
    tracks = (*TRACKS, track("t1", "jazz"), track("t2", "blues"))
    with pytest.raises(SeenTracksError, match=r"on 2 of these 6 tracks \(t1, t2\).*seen=True"):
        evaluate(stand, tracks)
    report = evaluate(stand, tracks, seen=True)
    assert report.seen
    assert "trained on 2 of these 6 tracks" in report.notes[0]
    assert "TRAINED ON SOME OF THESE" in report.to_text()
    assert not evaluate(stand, TRACKS, seen=True).seen


def test_tracks_that_stopped_the_training_are_let_in_with_a_note(stand: Stand) -> None:
    report = evaluate(stand, (*TRACKS, track("s1", "jazz")))
    assert "1 of these 5 tracks decided when the training stopped" in report.notes[0]
    assert "optimistic" in report.notes[0]
    both = replace(stand.manifest, training=replace(stand.manifest.training, stopped_on=("s1", "t1")))
    report = evaluate(Stand(both), (track("t1", "jazz"), track("s1", "jazz")), seen=True)
    assert [note.split(" of ")[0].split()[-1] for note in report.notes[:2]] == ["1", "1"]


def test_a_split_is_named_with_its_leaks_and_its_missing_tracks(stand: Stand) -> None:
    parts = {"train": ("t1", "t2"), "valid": ("a", "b", "c", "d", "gone")}
    split = Split("toy", 1, parts, leaks=frozenset({"artists"}))
    report = evaluate(stand, TRACKS, split=split, part="valid")
    assert (report.split, report.part, report.leaks) == ("toy", "valid", ("artists",))
    assert "5 tracks in this part, 4 here" in report.notes
    assert any("leaks artists" in note for note in report.notes)
    assert "THE SPLIT LEAKS artists" in report.to_text()
    with pytest.raises(SplitError, match="1 of the tracks are not in part 'valid' of split 'toy': z"):
        evaluate(stand, (*TRACKS, track("z", "jazz")), split=split, part="valid")
    with pytest.raises(SplitError, match="needs the split"):
        evaluate(stand, TRACKS, part="valid")
    assert evaluate(stand, TRACKS, split=split).part is None


def test_genres_of_another_model_are_refused(stand: Stand) -> None:
    with pytest.raises(TaxonomyError, match=r"does not know: polka, waltz; it knows blues, hiphop, jazz"):
        evaluate(stand, (*TRACKS, track("p", "polka"), track("w", "waltz")))


def test_no_tracks_and_double_tracks_are_refused(stand: Stand) -> None:
    with pytest.raises(DataError, match="got none"):
        evaluate(stand, ())
    with pytest.raises(DataError, match="twice or more: a"):
        evaluate(stand, (*TRACKS, TRACKS[0]))


@pytest.mark.real_data
def test_real_gtzan_counts_the_clips_that_are_not_here(stand: Stand, real_data: Path) -> None:
    split = gtzan.split("fault-filtered")
    tracks = split.part(gtzan.load(real_data).tracks, "valid")
    knows_all = replace(stand.manifest, taxonomy=GTZAN, experimental=())
    answers = np.eye(10)

    class Sleeper(Stand):
        def predict(self, source: Path, /) -> Prediction:
            shares = answers[GTZAN.index(source.parent.name)]
            nothing = np.zeros((0, 2)), np.zeros((0, 10)), np.zeros(2, np.float32)
            return Prediction(GTZAN.names, shares, *nothing, 30.0, "sleeper", self.hash)

    report = evaluate(Sleeper(knows_all), tracks, split=split, part="valid")
    assert report.all_genres.accuracy.value == 1.0 and np.isnan(report.all_genres.accuracy.low)
    assert report.n_tracks == len(tracks) > 100
    if len(tracks) < 197:
        assert f"197 tracks in this part, {len(tracks)} here" in report.notes
    assert not report.leaks


def test_a_piece_of_a_file_is_answered_by_its_own_sound(tmp_path: Path, tiny_bundle: Path) -> None:
    bundle = Bundle.load(tiny_bundle)
    path = tmp_path / "two.wav"
    at_s = np.arange(24_000) / 8000
    sound = np.concatenate([np.sin(2 * np.pi * 300 * at_s), 0.5 * np.random.default_rng(0).standard_normal(24_000)])
    soundfile.write(path, sound, 8000, subtype="FLOAT")
    names = bundle.names
    pieces = [
        Track(f"two#{start}", path, names[0], None, "table", segment_of="two", span_s=(start, start + 3.0))
        for start in (0.0, 3.0, 7.0)
    ]
    rows = evaluate(bundle, pieces).tracks
    for row, piece in zip(rows[:2], pieces, strict=False):
        assert piece.span_s is not None
        start = int(piece.span_s[0] * 8000)
        alone = bundle.predict(sound[start : start + 24_000].astype(np.float32), sample_rate=8000)
        assert row.probabilities == tuple(alone.probabilities.tolist())
    assert rows[0].probabilities != rows[1].probabilities
    assert rows[2].failure is not None
    assert "the file ends at 6.000 s" in rows[2].failure.message


def test_a_piece_of_a_track_that_was_trained_on_is_refused(stand: Stand) -> None:
    piece = Track("t1.0", Path("blues 1"), "blues", None, "toy", segment_of="t1", span_s=(0.0, 1.0))
    with pytest.raises(SeenTracksError, match=r"trained on 1 of these 1 tracks \(t1\.0\)"):
        evaluate(stand, [piece])
