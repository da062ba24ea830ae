"""Learning: what comes out, what is said of it, and what is refused. Rows are made up; hearing is in test_rows."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from genrelens.bundle.store import read_bundle
from genrelens.data.track import Track
from genrelens.errors import BundleError, DataError, MissingExtraError
from genrelens.library import learn as module
from genrelens.library.learn import check_out, learn, model_name
from genrelens.library.rows import Embedded
from genrelens.library.task import Task
from genrelens.taxonomy import Taxonomy

GENRES = ("jive", "salsa", "son")
DIRECTION = {genre: k for k, genre in enumerate(GENRES)}


def tracks(genre: str, n: int = 24, *, known: bool = True, also: tuple[str, ...] = ()) -> list[Track]:
    return [
        Track(
            f"{genre}{''.join(also)}/{i}.wav",
            Path(f"{i}.wav"),
            genre,
            f"{genre} {i // 2}" if known else None,
            "folder",
            genres=(genre, *also) if also else (),
        )
        for i in range(n)
    ]


def task(*found: Sequence[Track], multi_label: bool = False) -> Task:
    every = tuple(track for some in found for track in some)
    names = sorted({genre for track in every for genre in track.all_genres})
    return Task("folder", every, Taxonomy(tuple(names)), multi_label)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Rows in which genres are directions, ``strength`` far apart; tracks in ``broken`` give none."""
    how: dict[str, Any] = {"strength": 40.0, "broken": set()}

    def embed(all_tracks: Sequence[Track], *, progress: Any = None, **_: object) -> Embedded:
        rng = np.random.default_rng(0)
        rows = rng.standard_normal((len(all_tracks), 712))
        for row, track in zip(rows, all_tracks, strict=True):
            for genre in track.all_genres:
                row[DIRECTION[genre] * 30 : DIRECTION[genre] * 30 + 30] += how["strength"] / 10
        bad = [track.id in how["broken"] for track in all_tracks]
        good = [not is_bad for is_bad in bad]
        return Embedded(
            tuple(t for t, is_good in zip(all_tracks, good, strict=True) if is_good),
            rows[good],
            tuple(row[None].astype(np.float32) for row in rows[good]),
            tuple((t, "silent throughout") for t, is_bad in zip(all_tracks, bad, strict=True) if is_bad),
        )

    monkeypatch.setattr(module, "embed", embed)
    monkeypatch.setattr("genrelens.training.heads.predict_onnx", lambda network, **_: b"graph")
    return how


def test_genres_that_differ_are_learnt_and_the_card_says_what_was_measured(
    heard: dict[str, Any], tmp_path: Path
) -> None:
    learned = learn(task(*map(tracks, GENRES)), out=tmp_path / "mine.bundle", cache=tmp_path)
    stored = read_bundle(tmp_path / "mine.bundle")
    assert (learned.hash, learned.name) == (stored.hash, "mine")
    assert stored.manifest.taxonomy.names == GENRES
    assert len(stored.manifest.training.trained_on) == 72
    assert learned.report.all_genres.accuracy.value > 0.95  # type: ignore[union-attr]
    assert learned.chance == pytest.approx(1 / 3)
    assert learned.pairs == ()
    assert "On artists that it has not heard it should name the right genre" in learned.verdict
    assert "It tells every pair of genres apart." in learned.to_text()
    card = stored.files["card.md"].decode()
    for line in learned.figures_text().splitlines():
        assert f"    {line}".rstrip() in card
    assert "Jordi Pons" in card  # whose weights it stands on
    document = json.loads(learned.to_json())
    assert document["schema"] == "genrelens.learn/1"
    assert document["report"]["n_tracks"] == 72
    assert document["report"]["expected_calibration_error"] > 0.0


def test_copies_of_files_are_not_known_by_heart_from_another_fold(
    heard: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Rows that say nothing of the genre, each there four times under artists that nobody knows."""
    original = module.embed

    def copies(all_tracks: Sequence[Track], **more: Any) -> Embedded:
        found = original(all_tracks, **more)
        rows = np.random.default_rng(1).standard_normal(found.rows.shape)
        genres = {genre: [i for i, t in enumerate(found.tracks) if t.genre == genre] for genre in GENRES}
        for places in genres.values():
            rows[places] = rows[[places[k // 4 * 4] for k in range(len(places))]]
        return dataclasses.replace(found, rows=rows, windows=tuple(row[None].astype(np.float32) for row in rows))

    monkeypatch.setattr(module, "embed", copies)
    nameless = [[dataclasses.replace(track, artist=None) for track in tracks(genre)] for genre in GENRES]
    learned = learn(task(*nameless), out=tmp_path / "mine", cache=tmp_path)
    assert any("54 files repeat the sound of another" in warning for warning in learned.warnings)
    assert learned.report.all_genres.accuracy.value < 0.7  # type: ignore[union-attr]


def test_the_same_music_and_seed_give_the_same_model(heard: dict[str, Any], tmp_path: Path) -> None:
    first = learn(task(*map(tracks, GENRES)), out=tmp_path / "a" / "mine.zip", cache=tmp_path)
    again = learn(task(*map(tracks, GENRES)), out=tmp_path / "b" / "mine.zip", cache=tmp_path)
    assert first.hash == again.hash
    assert (tmp_path / "a/mine.zip").read_bytes() == (tmp_path / "b/mine.zip").read_bytes()


def test_where_every_answer_is_right_it_does_not_claim_to_be_certain(heard: dict[str, Any], tmp_path: Path) -> None:
    heard["strength"] = 300.0
    learned = learn(task(*map(tracks, GENRES)), out=tmp_path / "mine", cache=tmp_path)
    manifest = read_bundle(tmp_path / "mine").manifest
    assert (manifest.temperature, manifest.conformal) == (1.0, None)
    assert any("nothing shows how sure the model may be" in warning for warning in learned.warnings)
    assert "no interval can be given" in learned.verdict
    heard["strength"] = 5.0
    learn(task(*map(tracks, GENRES)), out=tmp_path / "other", cache=tmp_path)
    manifest = read_bundle(tmp_path / "other").manifest
    assert manifest.temperature != 1.0
    assert manifest.conformal is not None


def test_genres_that_sound_the_same_are_said_not_to_be_told_apart(heard: dict[str, Any], tmp_path: Path) -> None:
    heard["strength"] = 0.0
    learned = learn(task(*map(tracks, GENRES)), out=tmp_path / "mine", cache=tmp_path)
    assert learned.verdict.startswith("It is not shown to be better than chance")
    assert {pair.verdict for pair in learned.pairs} >= {"not_told_apart"}
    assert "Genres that it is not shown to tell apart" in learned.to_text()


def test_unknown_artists_unusable_files_and_thin_genres_are_warned_of(heard: dict[str, Any], tmp_path: Path) -> None:
    heard["broken"] = {"son/0.wav", "son/1.wav"}
    found = task(tracks("jive", known=False), tracks("salsa", known=False), tracks("son", 12))
    learned = learn(found, out=tmp_path / "mine", cache=tmp_path)
    text = learned.to_text()
    assert "48 of 58 tracks have no known artist" in " ".join(text.split())
    assert "of artists that it may have heard" in learned.verdict
    assert "2 files give no sound to learn from" in text
    assert "- son/0.wav: silent throughout" in text
    assert "not to be relied on: son" in text
    assert [row["id"] for row in json.loads(learned.to_json())["left_out"]] == ["son/0.wav", "son/1.wav"]
    assert "son/0.wav" not in read_bundle(tmp_path / "mine").manifest.training.trained_on


def test_several_genres_a_track(heard: dict[str, Any], tmp_path: Path) -> None:
    found = task(tracks("jive"), tracks("salsa"), tracks("salsa", 24, also=("son",)), tracks("son"), multi_label=True)
    learned = learn(found, out=tmp_path / "mine", cache=tmp_path)
    manifest = read_bundle(tmp_path / "mine").manifest
    assert manifest.multi_label
    assert "should say exactly the true genres" in learned.verdict
    assert learned.report.subset_accuracy.value > 0.5  # type: ignore[union-attr]
    assert learned.chance == pytest.approx((24 + 48 + 48) / (3 * 96))
    document = json.loads(learned.to_json())
    assert document["multi_label"] is True
    assert document["report"]["schema"] == "genrelens.multi-label-report/1"


def test_a_genre_only_in_unusable_files(heard: dict[str, Any], tmp_path: Path) -> None:
    heard["broken"] = {track.id for track in tracks("son")}
    with pytest.raises(DataError, match=r"'son' has no track, none of its 24 files can be used: .* at least 5"):
        learn(task(*map(tracks, GENRES)), out=tmp_path / "mine", cache=tmp_path)
    assert not (tmp_path / "mine").exists()
    learned = learn(task(*map(tracks, GENRES)), out=tmp_path / "mine", cache=tmp_path, leave_out_thin=True)
    assert learned.report.names == ("jive", "salsa")
    heard["broken"] = {track.id for genre in GENRES for track in tracks(genre)}
    with pytest.raises(DataError, match="none of the 72 files can be heard, the first is jive/0"):
        learn(task(*map(tracks, GENRES)), out=tmp_path / "other", cache=tmp_path)


def test_names_in_the_card_cannot_become_markup(heard: dict[str, Any], tmp_path: Path) -> None:
    names = {"jive": "# jive\n<script>", "salsa": "```salsa", "son": "son"}
    for genre, odd in names.items():
        DIRECTION[odd] = DIRECTION[genre]
    learn(task(*(tracks(odd) for odd in names.values())), out=tmp_path / "mine", cache=tmp_path)
    card = read_bundle(tmp_path / "mine").files["card.md"].decode()
    shown = [line for line in card.splitlines() if "script" in line or "```" in line]
    assert shown
    assert all(line.startswith("    ") for line in shown)


def test_what_is_no_model_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    (tmp_path / "mine.zip").write_bytes(b"holiday pictures")
    for name in ("notes", "mine.zip"):
        with pytest.raises(BundleError, match="something else than a model is there already"):
            check_out(tmp_path / name)
    with pytest.raises(BundleError, match="is no name for a model"):
        check_out(Path("/"))
    (tmp_path / "empty").mkdir()
    check_out(tmp_path / "empty")
    check_out(tmp_path / "new" / "mine")


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match=r"\.\[train\]"):
        learn(task(*map(tracks, GENRES)), out=tmp_path / "mine", cache=tmp_path)


@pytest.mark.parametrize(
    ("out", "name"), [("MY.bundle", "MY"), ("x/MY.bundle.zip", "MY"), ("my.zip", "my"), ("my", "my"), (".zip", ".zip")]
)
def test_a_model_is_called_by_its_path(out: str, name: str) -> None:
    assert model_name(Path(out)) == name
