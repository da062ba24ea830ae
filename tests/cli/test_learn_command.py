"""``genrelens learn`` from the shell's point of view."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from run_cli import Result, Run

from genrelens.audio.tags import Tags
from genrelens.data import synthetic
from genrelens.data.track import Track

STYLES = ("drone", "four_on_the_floor", "walking_swing")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Track, ...]]:
    """Eight pieces of 3 s, by four ensembles, of each of three styles, in folders of styles."""
    root = tmp_path_factory.mktemp("corpus")
    tracks = synthetic.write_corpus(root, n_per_style=8, seed=0, duration_s=3.0)
    return root, tuple(track for track in tracks if track.genre in STYLES)


@pytest.fixture(scope="module")
def music(corpus: tuple[Path, tuple[Track, ...]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as somebody has it: folders of genres, no artists; and a table that knows them."""
    root = tmp_path_factory.mktemp("music")
    for track in corpus[1]:
        (root / track.genre).mkdir(exist_ok=True)
        (root / track.genre / track.path.name).write_bytes(track.path.read_bytes())
    return root


def write_table(root: Path, corpus: tuple[Path, tuple[Track, ...]], **extra: str) -> Path:
    with (root / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "genre", "artist"])
        for track in corpus[1]:
            genres = ";".join([track.genre, *([extra[track.genre]] if track.genre in extra else [])])
            writer.writerow([f"{track.genre}/{track.path.name}", genres, track.artist])
    return root / "mine.csv"


@pytest.mark.slow
def test_folders_of_genres_become_a_model_that_every_command_takes(
    run: Run, music: Path, corpus: tuple[Path, tuple[Track, ...]], tmp_path: Path
) -> None:
    (music / "drone" / "broken.wav").write_bytes(b"no sound" * 500)
    soundfile.write(music / "drone" / "silent.wav", np.zeros(48000), 16000)
    model, cache = tmp_path / "mine.zip", tmp_path / "cache"
    try:
        learned = run("learn", music, "--out", model, "--cache", cache)
    finally:
        (music / "drone" / "broken.wav").unlink()
        (music / "drone" / "silent.wav").unlink()
    assert learned.code == 0
    assert "tracks of 100; always saying 'drone'" in " ".join(learned.out.split())
    assert "Not learnt from (2)" in learned.out
    assert "drone/silent.wav: silent throughout" in learned.out
    assert learned.out.rstrip().splitlines()[-1].startswith(f"The model: {model} (")
    song = corpus[1][0].path
    (row,) = run("predict", song, "--model", model, "--json").rows
    assert set(row["probabilities"]) == set(STYLES)
    assert row["model"]["name"] == "mine"
    page = tmp_path / "page.html"
    assert run("predict", song, "--model", model, "--html", page).code == 0
    assert "drone" in page.read_text("utf-8")
    options = ("--data", music, "--dataset", "folder")
    refused = run("evaluate", model, *options)
    assert (refused.code, "was trained on 24 of these 24 tracks" in refused.err) == (2, True)
    assert run("evaluate", model, *options, "--seen", "--json").code == 0


@pytest.mark.slow
def test_a_table_with_several_genres_becomes_a_model_of_several(
    run: Run, music: Path, corpus: tuple[Path, tuple[Track, ...]], tmp_path: Path
) -> None:
    table = write_table(music, corpus, four_on_the_floor="beats", walking_swing="beats")
    model = tmp_path / "mine.bundle"
    learned = run("learn", table, "--out", model, "--json", "--cache", tmp_path / "cache")
    table.unlink()
    assert learned.code == 0
    assert "16 of 24 tracks have several genres: several genres a track are learnt" in learned.err
    document = json.loads(learned.out)
    assert document["genres"] == ["drone", "four_on_the_floor", "walking_swing", "beats"]
    assert document["n_unknown_artists"] == 0
    beats = next(track.path for track in corpus[1] if track.genre == "four_on_the_floor")
    (row,) = run("predict", beats, "--model", model, "--json").rows
    assert set(row["set"]) == {"four_on_the_floor", "beats"}
    assert sum(row["probabilities"].values()) > 1.0
    assert max(row["probabilities"].values()) < 0.999  # 24 tracks do not make anybody so sure
    table = write_table(music, corpus, four_on_the_floor="beats", walking_swing="beats")
    found = run("evaluate", model, "--data", table, "--seen", "--json")
    figure = run("evaluate", model, "--data", table, "--seen", "--figure", tmp_path / "figure.png")
    table.unlink()
    assert json.loads(found.out)["schema"] == "genrelens.multi-label-report/1"
    assert (figure.code, "this model gives a track several genres" in figure.err) == (2, True)


# bad input


def learn(run: Run, music: Path, *options: str | Path) -> Result:
    return run("learn", music, "--out", music.parent / "out.bundle", "--cache", music.parent / "c", *options)


def tones(folder: Path, n: int, *, seconds: float = 1.5) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(n):
        soundfile.write(folder / f"{i}.wav", 0.1 * rng.standard_normal(round(16000 * seconds)), 16000)
    return folder


@pytest.mark.parametrize(
    ("genres", "expected"),
    [
        ({}, "there is no music in it. Genres can be the names of folders"),
        ({"salsa": 6}, "only one genre, 'salsa', of 6 tracks"),
        ({"salsa": 1, "son": 6}, "'salsa' has 1 track: add at least 4 more, of another artist at least one"),
        ({"salsa": 1, "son": 1}, "'salsa' has 1 track: add at least 4 more"),
    ],
)
def test_too_little_says_how_many_more_would_do(
    run: Run, tmp_path: Path, genres: dict[str, int], expected: str
) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for genre, n in genres.items():
        tones(music / genre, n, seconds=0.1)
    found = learn(run, music)
    assert (found.code, found.out) == (1, "")
    assert expected in found.err
    assert not (tmp_path / "out.bundle").exists()


def test_files_without_tags_say_what_else_would_do(run: Run, tmp_path: Path) -> None:
    tones(tmp_path / "music", 3, seconds=0.1)
    found = learn(run, tmp_path / "music")
    assert found.code == 1
    assert "no file with a genre tag" in found.err
    assert "3 files are left out (0.wav: it has no genre tag)" in found.err
    assert "a table of paths and genres (labels.csv)" in found.err


def test_folders_that_are_artists_are_told_to_take_the_tags(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for artist in ("Ann", "Bob"):
        tones(tmp_path / "music" / artist, 1, seconds=0.1)
    monkeypatch.setattr("genrelens.data.own_music.folder.read_tags", lambda path: Tags(("Polka",), path.parent.name))
    found = learn(run, tmp_path / "music")
    assert found.code == 1
    assert "take the genres of the tags" in found.err


def test_one_artist_a_genre_is_named(run: Run, tmp_path: Path) -> None:
    tones(tmp_path / "music", 12, seconds=0.1)
    rows = [f"{i}.wav,{'salsa' if i < 6 else 'son'},{'Celia' if i < 6 else f'artist {i}'}" for i in range(12)]
    (tmp_path / "music" / "labels.csv").write_text("\n".join(["path,genre,artist", *rows]), "utf-8")
    found = learn(run, tmp_path / "music")
    assert found.code == 1
    assert "all 6 tracks of 'salsa' are by 'Celia': add at least one of another artist" in found.err


def test_a_table_of_files_that_are_not_there(run: Run, tmp_path: Path) -> None:
    tones(tmp_path / "music", 6, seconds=0.1)
    rows = [f"{i}.wav,son" for i in range(6)] + [f"gone{i}.wav,salsa" for i in range(6)]
    table = tmp_path / "music" / "mine.csv"
    table.write_text("\n".join(["path,genre", *rows]), "utf-8")
    found = learn(run, table)
    assert found.code == 1
    assert "6 files are left out: gone0.wav: there is no such file" in found.err
    assert "'salsa' has no track, none of its files can be used: mend or add at least 5" in found.err
    table.write_text("\n".join(["path,genre", *rows[6:]]), "utf-8")
    found = learn(run, table)
    assert (found.code, "no labelled music" in found.err) == (1, True)


def test_a_genre_only_in_files_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    for genre in ("salsa", "son"):
        tones(tmp_path / "music" / genre, 6)
    (tmp_path / "music" / "jive").mkdir()
    for i in range(5):
        (tmp_path / "music" / "jive" / f"{i}.mp3").write_bytes(b"no sound" * 200)
    found = learn(run, tmp_path / "music")
    assert (found.code, found.out) == (1, "")
    assert "'jive' has no track, none of its 5 files can be used: mend or add at least 5" in found.err
    assert "leave 'jive' out" in found.err and "(--leave-out GENRE, or" in found.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("nowhere", "--out", "x.bundle"), "there is no such folder or table"),
        ((".", "--out", "taken"), "something else than a model is there already"),
        ((".", "--out", "x", "--genres-from", "stars"), "expected folders, tags, table"),
    ],
)
def test_wrong_usage(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("mine")
    found = run("learn", *words)
    assert found.code == 2
    assert expected in " ".join(found.err.replace("│", " ").split())


def test_help_has_examples(run: Run) -> None:
    found = run("learn", "--help")
    assert found.code == 0
    assert "genrelens learn labels.csv --out my.zip" in found.out
