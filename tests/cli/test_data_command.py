"""``genrelens data`` from the shell's point of view, and music of one's own through train, crossval and evaluate."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import av
import pytest
import soundfile
from run_cli import Run, run  # noqa: F401

import tiny_training
from genrelens.cli.terminal import Progress, bytes_text
from genrelens.data import Split, synthetic


def tagged(root: Path, to: Path, *, n_per_style: int, artists: bool = True) -> None:
    """The synthetic corpus as folders of genres, with the ensembles in the files' artist tags."""
    corpus = synthetic.write_corpus(root, n_per_style=n_per_style, seed=0, duration_s=2.2)
    for track in corpus:
        if track.genre not in tiny_training.STYLES:
            continue
        samples, rate = soundfile.read(track.path, dtype="int16")
        path = to / track.genre / f"{track.id}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            if artists:
                container.metadata["artist"] = track.group
            stream = container.add_stream("flac", rate=rate)
            stream.layout = "mono"
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.rate = rate
            for piece in av.AudioResampler(format="s16", layout="mono", rate=rate, frame_size=4096).resample(frame):
                container.mux(stream.encode(piece))
            container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("music")
    tagged(root / "corpus", root / "mine", n_per_style=12)
    return root / "mine"


def test_splits_lists_sizes_leaks_and_provenance(run: Run, music: Path) -> None:  # noqa: F811
    done = run("data", "splits", music)
    assert done.code == 0
    assert done.out.startswith("hold-out (version 1), leaks nothing that is known\n  here: train ")
    assert "computed from 36 tracks" in done.out
    rows = json.loads(run("data", "splits", music, "--json").out)
    assert [row["name"] for row in rows] == ["hold-out", "k-fold"]
    assert sum(part["n_here"] for part in rows[0]["parts"].values()) == 36


def test_splits_of_gtzan_say_what_leaks_and_what_is_here(run: Run, tmp_path: Path) -> None:  # noqa: F811
    for i in range(3):
        path = tmp_path / "blues" / f"blues.0000{i}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, [0.0] * 100, 8000)
    done = run("data", "splits", tmp_path)
    assert done.code == 1  # three clips of one genre make no split of their own
    assert "s1-segments (version 1), LEAKS artists, duplicates, segments" in done.out
    assert "no split hold-out: " in done.err and "no split k-fold: " in done.err
    assert "hold-out" not in done.out
    rows = {row["name"]: row for row in json.loads(run("data", "splits", tmp_path, "--json").out)}
    assert sum(part["n_here"] for part in rows["s1-segments"]["parts"].values()) == 30
    assert "two groups" in rows["hold-out"]["error"] or "expected" in rows["hold-out"]["error"]


def test_split_writes_a_file_that_every_command_takes(run: Run, music: Path, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "mine.json"
    done = run("data", "split", music, "k-fold-3", "--out", out)
    assert (done.code, done.out) == (0, f"{out}\n")
    assert list(Split.read(out).parts) == ["fold-1", "fold-2", "fold-3"]
    for words, code, message in (
        (("k-fold", "--out", tmp_path / "a.txt"), 2, "ends in .json"),
        (("k-fold", "--out", tmp_path / "none" / "a.json"), 2, "in a folder that exists"),
        (("s4", "--out", tmp_path / "a.json"), 1, "has no split 's4'; its splits: hold-out, k-fold"),
        (("k-fold-99", "--out", tmp_path / "a.json"), 1, "expected between 2 folds"),
    ):
        done = run("data", "split", music, *words)
        assert done.code == code
        assert message in " ".join(done.err.split())


def test_check_says_what_is_wrong_and_exits_with_1(run: Run, music: Path, tmp_path: Path) -> None:  # noqa: F811
    done = run("data", "check", music, "--quick")
    assert done.code == 0
    assert "36 clips; clips opened, not decoded" in done.out
    assert "nothing is missing, altered or unreadable" in done.out
    path = tmp_path / "Rock" / "a.wav"
    path.parent.mkdir()
    path.write_bytes(b"no sound")
    soundfile.write(tmp_path / "Rock" / "b.wav", [0.0] * 100, 8000)
    done = run("data", "check", tmp_path)
    assert done.code == 1
    assert "unreadable: 1 clip\n  Rock/a.wav: " in done.out
    document = json.loads(run("data", "check", tmp_path, "--json").out)
    assert [(p["kind"], p["what"]) for p in document["problems"]] == [("unreadable", "Rock/a.wav")]
    assert run("data", "check", tmp_path / "none").code == 1


def test_fetch_of_something_unknown_lists_what_is_known(run: Run, tmp_path: Path) -> None:  # noqa: F811
    done = run("data", "fetch", "fma_full", "--out", tmp_path / "out")
    assert done.code == 1
    assert "what can: gtzan, fma_small, fma_metadata" in done.err


def test_what_is_left_out_is_said_on_stderr(run: Run, music: Path, tmp_path: Path) -> None:  # noqa: F811
    table = music / "few.csv"
    names = sorted(path.relative_to(music).as_posix() for path in music.rglob("*.flac"))
    rows = ["path,genre,colour", *(f"{name},{name.split('/')[0].upper()},red" for name in names)]
    table.write_text("\n".join([*rows, "gone.flac,drone,red"]) + "\n")
    done = run("data", "splits", table)
    table.unlink()
    assert done.code == 0
    assert "genrelens: note: few.csv: these columns are passed over: colour\n" in done.err
    assert "genrelens: note: 1 file is left out: gone.flac: there is no such file\n" in done.err


def test_the_text_of_a_transfer() -> None:
    assert bytes_text("fma_small: downloading", 2_600_000_000, 7_800_000_000, bytes_per_s=12e6) == (
        "fma_small: downloading [########................]  33%  2.6 of 7.8 GB, 12.0 MB/s, 7 min left"
    )
    assert bytes_text("x: downloading", 5_000_000, None) == "x: downloading 5.0 MB"
    assert bytes_text("x: checking", 5, 5, bytes_per_s=1.0).endswith("100%  0.0 of 0.0 MB, 0.0 MB/s")
    assert "2.0 h left" in bytes_text("x: downloading", 0, 7200, bytes_per_s=1.0)


def test_a_transfer_is_shown_on_terminals_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress("x", unit="bytes") as line:
        line.show(1, 2, what="x: downloading")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    ticks = iter(range(100))
    monkeypatch.setattr("genrelens.cli.terminal.time.monotonic", lambda: next(ticks))
    with Progress("x", unit="bytes") as line:
        for done in (0, 1_000_000, 2_000_000):
            line.show(done, 2_000_000, what="x: downloading")
        line.show(3, None, what="x: unpacking")
    err = capsys.readouterr().err
    assert "x: downloading [############............]  50%  1.0 of 2.0 MB, 1.0 MB/s, 1 s left" in err
    assert "x: unpacking, 3 files" in err
    assert err.endswith("\r")


@pytest.mark.slow
def test_own_music_is_trained_on_cross_validated_and_evaluated(
    run: Run,  # noqa: F811
    music: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(tiny_training.to_toml(tiny_training.recipe(max_epochs=3)), encoding="utf-8")
    cache = ("--cache", tmp_path / "cache")
    done = run("train", recipe, "--data", music, "--out", tmp_path / "run", *cache)
    assert done.code == 0, done.err
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["dataset"], record["split"]) == ("folder", "hold-out, part train")
    done = run("evaluate", tmp_path / "run", "--data", music, "--split", "hold-out", "--part", "test", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["n_tracks"] > 0 and report["leaks"] == []
    assert run("evaluate", tmp_path / "run", "--data", music, "--split", "hold-out", "--part", "train").code == 2

    done = run("crossval", recipe, "--data", music, "--folds", 2, "--out", tmp_path / "cv", *cache, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["n_tracks"] < 36  # the test part is kept out of it

    leaky = tmp_path / "leaky.json"
    ids = sorted(path.relative_to(music).as_posix() for path in music.rglob("*.flac"))
    parts = {"train": tuple(ids[::2]), "valid": tuple(ids[1::4]), "test": tuple(ids[3::4])}
    leaky.write_text(Split("leaky", 1, parts).to_json())
    done = run("train", recipe, "--data", music, "--split", leaky, "--out", tmp_path / "l", *cache)
    assert done.code == 1
    assert "has artists in more than one part and does not declare it" in done.err
    leaky.write_text(Split("leaky", 1, parts, frozenset({"artists"})).to_json())
    done = run("train", recipe, "--data", music, "--split", leaky, "--out", tmp_path / "l", *cache)
    assert done.code == 0, done.err
    assert "note: the split leaky leaks" in done.err
    assert json.loads((tmp_path / "l" / "run.json").read_text())["split"] == "leaky (leaks artists), part train"
    done = run("evaluate", tmp_path / "l", "--data", music, "--split", leaky, "--part", "test")
    assert "THE SPLIT LEAKS artists" in done.out


def test_names_of_files_cannot_steer_the_terminal(run: Run, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "Rock" / "a\x1b[31m.wav"
    path.parent.mkdir()
    path.touch()
    soundfile.write(tmp_path / "Rock" / "b.wav", [0.0] * 100, 8000)
    done = run("data", "check", tmp_path)
    assert done.code == 1
    assert "a" in done.out and "\x1b" not in done.out + done.err
    assert "\x1b" not in run("data", "splits", tmp_path).err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_name_that_is_no_utf_8_is_left_out_and_harms_nobody(run: Run, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "Rock"
    folder.mkdir()
    for name in (b"b.wav", b"c.wav", b"caf\xe9.wav"):
        soundfile.write(folder / "x.wav", [0.0] * 100, 8000)
        (folder / "x.wav").rename(Path(os.fsdecode(os.fsencode(folder) + b"/" + name)))
    done = run("data", "check", tmp_path, "--json")
    assert [p["message"] for p in json.loads(done.out)["problems"]] == [
        "its name, or its folder's, is not UTF-8; rename it"
    ]
    assert run("data", "split", tmp_path, "k-fold-2", "--out", tmp_path / "s.json").code == 0
    assert "1 file is left out" in run("data", "splits", tmp_path).err


def test_a_split_of_pieces_takes_the_pieces_of_the_clips(tmp_path: Path) -> None:
    from genrelens.cli.options import selected

    (tmp_path / "blues").mkdir()
    for i in range(3):
        soundfile.write(tmp_path / "blues" / f"blues.0000{i}.wav", [0.0] * 100, 8000)
    selection = selected(tmp_path, None, "s1-segments", None)
    tracks, split = selection.tracks, selection.split
    assert len(tracks) == 30
    pieces = [piece for part in split.parts for piece in split.part(tracks, part)]
    assert sorted(piece.id for piece in pieces) == [f"blues.0000{i}.{k}" for i in range(3) for k in range(10)]
    assert len({piece.segment_of for piece in split.part(tracks, "train")}) == 3  # each clip leaks
