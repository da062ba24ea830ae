"""The command over tones: what it writes, what it refuses before the work, what it keeps when it is stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from onnx import helper
from run_cli import RATE, Result, Run

import tiny_model
from genrelens.data import Split
from genrelens.explanation.faithfulness import sample as faithfulness
from genrelens.files import write_whole


def write_tone(path: Path, *, hz: float, seconds: float = 10.5, seed: int = 0) -> None:
    t = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).standard_normal(len(t))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, (0.1 * np.sin(2 * np.pi * hz * t) + 0.001 * noise).astype(np.float32), RATE)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for genre, hz in (("hum", 150), ("hiss", 3500)):
        for i in range(4):
            write_tone(folder / genre / f"{i}.wav", hz=hz + 20 * i, seed=i)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "plain")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faithfulness, "N_DRAWS", 1)


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge_sample(*_: object, **__: object) -> None:
        raise AssertionError("work was begun that could only fail")

    monkeypatch.setattr("genrelens.explanation.faithfulness.model.judge_sample", judge_sample)


def ask(run: Run, model: Path | str, music: Path, out: Path, *, methods: str = "random,occlusion") -> Result:
    words = (
        "faithfulness",
        model,
        "--data",
        music,
        "--part",
        "train+valid+test",
        "--workers",
        "1",
        "--tracks",
        "9",
        "--out",
        out,
    )
    return run(*words, "--methods", methods)


def of_ids(run: Run, model: Path, folder: Path, *, ids: list[str]) -> Result:
    """Asked of these tracks of ``folder / "music"`` alone."""
    split = Split("mine", 1, {"all": tuple(ids)}, frozenset(), "by hand")
    write_whole(folder / "split.json", split.to_json())
    words = ("faithfulness", model, "--data", folder / "music", "--split", folder / "split.json")
    return run(*words, "--part", "all", "--methods", "occlusion", "--out", folder / "out")


def test_it_writes_its_report_and_figure(run: Run, model: Path, music: Path, tmp_path: Path) -> None:
    result = ask(run, model, music, tmp_path / "out")
    assert result.code == 0, result.err
    # Of the methods asked, occlusion is the first that knows of classes.
    assert "occlusion points at 5 s of another genre" in result.out
    assert "random in both deletion and insertion" in result.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"faithfulness.json", "faithfulness.png"}
    document = json.loads((tmp_path / "out" / "faithfulness.json").read_text("utf-8"))
    assert document["n_tracks"] == 8 and document["sanity"]["method"] == "occlusion"
    assert document["left_out"] == [] and not any("stopped" in note for note in document["notes"])


def test_weights_are_shuffled_for_tracks_of_the_whole_sample(
    run: Run, model: Path, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def agreement(*arguments: object, **_: object) -> np.ndarray:
        compared.extend(track.genre for track in arguments[2])  # type: ignore[attr-defined]
        return np.zeros(len(compared))

    monkeypatch.setattr("genrelens.explanation.faithfulness.model.agreement", agreement)
    monkeypatch.setattr("genrelens.explanation.faithfulness.model.point", lambda *_, **__: _pointings())
    monkeypatch.setattr("genrelens.explanation.faithfulness.model.N_SHUFFLED", 4)
    assert ask(run, model, music, tmp_path / "out", methods="occlusion").code == 0
    assert len(compared) == 4 and set(compared) == {"hum", "hiss"}  # the first four by name are all hiss


def _pointings() -> tuple[object, ...]:
    from genrelens.explanation.faithfulness.sanity import Pointing

    return tuple(Pointing("h", "g", "hum", f"artist {i}", 1.0, 2.0, 0.2) for i in range(3))


def test_a_track_that_cannot_be_judged_costs_the_others_nothing(
    run: Run, model: Path, music: Path, tmp_path: Path
) -> None:
    for path in music.rglob("*.wav"):
        (tmp_path / "music" / path.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "music" / path.parent.name / path.name).symlink_to(path)
    soundfile.write(tmp_path / "music" / "hum" / "silent.wav", np.zeros(RATE * 11, np.float32), RATE)
    result = ask(run, model, tmp_path / "music", tmp_path / "out", methods="random")
    document = json.loads((tmp_path / "out" / "faithfulness.json").read_text("utf-8"))
    assert result.code == 1 and document["n_tracks"] == 8
    assert document["left_out"] == [{"id": "hum/silent.wav", "why": "it is silent, there is nothing to explain"}]
    assert "left out: hum/silent.wav: it is silent" in result.out.splitlines()[-1]
    assert len(result.out.splitlines()) > 8 and "\\n" not in result.out  # a table, not one line


@pytest.mark.usefixtures("no_work")
class TestBeforeTheWork:
    """Whatever can be refused is refused before a single track is judged, and leaves nothing behind."""

    def refused(self, result: Result, out: Path, *, code: int, why: tuple[str, ...], behind: bool = False) -> None:
        assert result.code == code and all(word in result.err for word in why), result
        assert "internal error" not in result.err
        assert out.exists() == behind

    def test_unknown_methods(self, run: Run, model: Path, music: Path, tmp_path: Path) -> None:
        result = ask(run, model, music, tmp_path / "out", methods="occlusion,lime")
        self.refused(result, tmp_path / "out", code=2, why=("no method 'lime'", "occlusion-both"))

    @pytest.mark.parametrize("missing", ["torch", "matplotlib", "onnx"])
    def test_the_extra_is_missing(
        self, run: Run, model: Path, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
    ) -> None:
        from genrelens import errors as extras

        found = extras.find_spec
        monkeypatch.setattr(extras, "find_spec", lambda name: None if name == missing else found(name))
        result = ask(run, model, music, tmp_path / "out")
        self.refused(result, tmp_path / "out", code=2, why=(".[train]", "genrelens faithfulness"))

    def test_a_model_without_weights_by_name(self, run: Run, music: Path, tmp_path: Path) -> None:
        model = onnx.load_from_string(tiny_model.predict_graph())
        nodes = [helper.make_node("Constant", [], [w.name], value=w) for w in model.graph.initializer]
        del model.graph.initializer[:]
        for node in reversed(nodes):
            model.graph.node.insert(0, node)
        path = tiny_model.write(tmp_path / "model", graph=model.SerializeToString())
        result = ask(run, path, music, tmp_path / "out")
        self.refused(result, tmp_path / "out", code=2, why=("no weights by name", "random, energy, onset"))

    def test_genres_that_the_model_does_not_know(self, run: Run, model: Path, music: Path, tmp_path: Path) -> None:
        (tmp_path / "music").mkdir()
        (tmp_path / "music" / "hum").symlink_to(music / "hum")
        (tmp_path / "music" / "polka").symlink_to(music / "hiss")
        result = ask(run, model, tmp_path / "music", tmp_path / "out")
        self.refused(result, tmp_path / "out", code=1, why=("does not know polka", "hum, hiss, thump", "only methods"))

    def test_one_genre_alone(self, run: Run, model: Path, music: Path, tmp_path: Path) -> None:
        for genre in ("hum", "hiss"):
            for i in range(6):
                write_tone(tmp_path / "music" / genre / f"{i}.wav", hz=100 + 20 * i, seconds=1)
        result = of_ids(run, model, tmp_path, ids=[f"hum/{i}.wav" for i in range(6)])
        self.refused(result, tmp_path / "out", code=1, why=("two genres",))

    def test_pieces_too_short_to_be_spliced(self, run: Run, model: Path, music: Path, tmp_path: Path) -> None:
        for genre in ("hum", "hiss"):
            for i in range(4):
                write_tone(tmp_path / "music" / genre / f"{i}.wav", hz=200, seconds=4)
        result = ask(run, model, tmp_path / "music", tmp_path / "out")
        self.refused(result, tmp_path / "out", code=1, why=("lasts 4.0 s and should last 10 s",))

    def test_pieces_that_cannot_be_read(self, run: Run, model: Path, music: Path, tmp_path: Path) -> None:
        for genre in ("hum", "hiss"):
            for i in range(4):
                write_tone(tmp_path / "music" / genre / f"{i}.wav", hz=200)
        write_whole(tmp_path / "music" / "hum" / "0.wav", "no sound")
        result = ask(run, model, tmp_path / "music", tmp_path / "out")
        self.refused(result, tmp_path / "out", code=1, why=("hum/0.wav cannot be spliced",))

    def test_too_few_tracks(self, run: Run, model: Path, tmp_path: Path) -> None:
        for genre in ("hum", "hiss"):
            for i in range(2):
                write_tone(tmp_path / "music" / genre / f"{i}.wav", hz=200, seconds=1)
        ids = [f"{genre}/{i}.wav" for genre in ("hum", "hiss") for i in range(2)]
        result = of_ids(run, model, tmp_path, ids=ids)
        self.refused(result, tmp_path / "out", code=1, why=("5 tracks at least", "has 4"))

    def test_a_folder_of_somebody_else(self, run: Run, model: Path, music: Path, tmp_path: Path) -> None:
        write_whole(tmp_path / "mine.txt", "mine")
        result = ask(run, model, music, tmp_path)
        self.refused(result, tmp_path, code=1, why=("is not empty and no faithfulness report",), behind=True)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

    def test_a_file_in_the_folders_place(self, run: Run, model: Path, music: Path, tmp_path: Path) -> None:
        write_whole(tmp_path / "out", "mine")
        result = ask(run, model, music, tmp_path / "out")
        self.refused(result, tmp_path / "out", code=1, why=("is a file",), behind=True)

    def test_a_folder_that_the_system_refuses(
        self, run: Run, model: Path, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: Path, content: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr("genrelens.pages.own_folder.write_whole", refuse)
        result = ask(run, model, music, tmp_path / "out")
        assert result.code == 1 and "cannot be written" in result.err and "Permission denied" in result.err


def test_stopped_while_judging_it_says_what_is_kept(
    run: Run, model: Path, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    def judge_track(bundle: object, track: object, **_: object) -> object:
        heard.append(track)
        if len(heard) == 3:
            raise KeyboardInterrupt
        return faithfulness.TrackCurves("x", "x", "hum", {})

    monkeypatch.setattr(faithfulness, "judge_track", judge_track)
    result = ask(run, model, music, tmp_path / "out")
    assert result.code == 130 and "stopped after 2 of 8 tracks, of which nothing is kept" in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, None])
def test_stopped_after_judging_the_curves_are_kept(
    run: Run,
    model: Path,
    music: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: type[BaseException] | None,
) -> None:
    from genrelens.errors import DataError

    def point(*_: object, **__: object) -> None:
        raise stop() if stop else DataError("a guest went away")

    monkeypatch.setattr("genrelens.explanation.faithfulness.model.point", point)
    result = ask(run, model, music, tmp_path / "out", methods="occlusion")
    assert result.code == (130 if stop else 1)
    assert "the curves of 8 tracks are in" in result.err and "without the checks" in result.err
    document = json.loads((tmp_path / "out" / "faithfulness.json").read_text("utf-8"))
    assert document["n_tracks"] == 8 and document["sanity"] is None
    assert any("stopped before its end" in note for note in document["notes"])
