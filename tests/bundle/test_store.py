"""What is written is read again, whole or not at all; what is damaged is refused and named."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

import tiny_model
from genrelens import files
from genrelens.bundle import read_bundle, write_bundle
from genrelens.bundle.manifest import FileRecord
from genrelens.errors import BundleError

FILES = {"predict.onnx", "attention.onnx", "card.md"}


@pytest.fixture(params=["folder", "zip"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / ("model.zip" if request.param == "zip" else "model")


def test_round_trip(place: Path) -> None:
    assert tiny_model.write(place, attention=True) == place
    stored = read_bundle(place)
    assert set(stored.files) == FILES
    assert stored.files["predict.onnx"] == tiny_model.predict_graph()
    assert stored.files["card.md"].startswith(b"# Tiny")
    assert stored.manifest.files["card.md"] == FileRecord.of(stored.files["card.md"])
    assert len(stored.hash) == 12


def test_folder_and_zip_are_one_model_and_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [tiny_model.write(tmp_path / name) for name in ("a", "b", "a.zip", "b.zip")]
    assert len({read_bundle(path).hash for path in paths}) == 1
    assert paths[2].read_bytes() == paths[3].read_bytes()


def test_an_older_bundle_is_replaced_and_nothing_is_left_over(place: Path) -> None:
    tiny_model.write(place, attention=True)
    tiny_model.write(place, temperature=2.0)
    stored = read_bundle(place)
    assert stored.manifest.temperature == 2.0
    assert set(stored.files) == {"predict.onnx", "card.md"}
    assert list(place.parent.iterdir()) == [place]


def test_something_else_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    file = tmp_path / "thesis.zip"
    file.write_text("not a zip")
    for path in (folder, file):
        with pytest.raises(BundleError, match="something else"):
            tiny_model.write(path)
    assert (folder / "chapter.txt").read_text() == "years of work"
    assert file.read_text() == "not a zip"


def test_what_other_programs_call_a_manifest_or_a_zip_is_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"name": "a web page"}')
    (folder / "index.html").write_text("years of work")
    photos = tmp_path / "photos.zip"
    with zipfile.ZipFile(photos, "w") as archive:
        archive.writestr("photo.jpg", b"years of work")
    for path in (folder, photos):
        with pytest.raises(BundleError, match="something else"):
            tiny_model.write(path)
    assert (folder / "index.html").read_text() == "years of work"
    with zipfile.ZipFile(photos) as archive:
        assert archive.read("photo.jpg") == b"years of work"


def test_a_damaged_bundle_is_replaced(place: Path) -> None:
    if place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("manifest.json", '{"schema": "genrelens.bundle/1", ')
    else:
        tiny_model.write(place)
        (place / "predict.onnx").unlink()
    tiny_model.write(place)
    assert read_bundle(place).files["predict.onnx"] == tiny_model.predict_graph()


def test_a_model_that_a_killed_program_left_without_its_name_gets_it_back(tmp_path: Path) -> None:
    """Where the system cannot exchange two names at once; see tests/test_files.py."""
    place = tiny_model.write(tmp_path / "model")
    before = read_bundle(place).hash
    for ask in (read_bundle, tiny_model.write):
        place.rename(files._old(place))
        ask(place)
        assert read_bundle(place).hash == before
        assert list(tmp_path.iterdir()) == [place]


def test_a_failed_write_leaves_the_old_model_whole(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_model.write(place)
    before = read_bundle(place).hash

    def full_disk(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("genrelens.files.os.fsync", full_disk)
    with pytest.raises(BundleError, match="No space left"):
        tiny_model.write(place, temperature=2.0)
    assert read_bundle(place).hash == before
    assert list(place.parent.iterdir()) == [place]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such model") as caught:
        read_bundle(tmp_path / "absent")
    assert caught.value.code == "missing"


def test_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("hello")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    for name in ("empty", "text.zip", "other.zip"):
        with pytest.raises(BundleError, match="not a genrelens model"):
            read_bundle(tmp_path / name)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_flipped_bit_is_found(tmp_path: Path, name: str) -> None:
    folder = tiny_model.write(tmp_path / "model", attention=True)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=rf"{name} is damaged"):
        read_bundle(folder)


def test_a_file_cut_short_grown_or_gone_is_found(tmp_path: Path) -> None:
    folder = tiny_model.write(tmp_path / "model")
    graph = folder / "predict.onnx"
    content = graph.read_bytes()
    graph.write_bytes(content[:-1])
    with pytest.raises(BundleError, match="damaged"):
        read_bundle(folder)
    graph.write_bytes(content + b"x")
    with pytest.raises(BundleError, match="larger than it should be"):
        read_bundle(folder)
    graph.unlink()
    with pytest.raises(BundleError, match=r"predict\.onnx is missing"):
        read_bundle(folder)


def rezip(folder: Path, target: Path, replace: dict[str, bytes | None]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            content = replace.get(file.name, file.read_bytes())
            if content is not None:
                archive.writestr(file.name, content)
    return target


def test_damaged_zips(tmp_path: Path) -> None:
    folder = tiny_model.write(tmp_path / "model")
    whole = rezip(folder, tmp_path / "whole.zip", {})
    assert read_bundle(whole).hash == read_bundle(folder).hash
    with pytest.raises(BundleError, match="missing"):
        read_bundle(rezip(folder, tmp_path / "a.zip", {"card.md": None}))
    with pytest.raises(BundleError, match="larger"):
        read_bundle(rezip(folder, tmp_path / "bomb.zip", {"card.md": bytes(10_000_000)}))
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(BundleError, match="whole zip"):
        read_bundle(cut)
    scrambled = bytearray(whole.read_bytes())
    at = scrambled.index(b"predict.onnx") + 40
    scrambled[at : at + 20] = bytes(20)
    (tmp_path / "scrambled.zip").write_bytes(scrambled)
    with pytest.raises(BundleError, match="damaged"):
        read_bundle(tmp_path / "scrambled.zip")


def test_a_manifest_that_reaches_outside_reads_nothing_outside(tmp_path: Path) -> None:
    folder = tiny_model.write(tmp_path / "model")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    content = json.loads((folder / "manifest.json").read_text())
    content["files"]["../secret.txt"] = {"sha256": FileRecord.of(b"secret").sha256, "bytes": 6}
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BundleError, match="plain name"):
        read_bundle(folder)


def test_a_manifest_without_a_graph(tmp_path: Path) -> None:
    folder = tiny_model.write(tmp_path / "model")
    content = json.loads((folder / "manifest.json").read_text())
    del content["files"]["predict.onnx"]
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BundleError, match=r"lists no predict\.onnx"):
        read_bundle(folder)


def test_no_attention_no_file(tmp_path: Path) -> None:
    path = write_bundle(
        tmp_path / "deep" / "er" / "model", manifest=tiny_model.manifest(), predict_onnx=b"graph", card=""
    )
    assert {file.name for file in path.iterdir()} == {"manifest.json", "predict.onnx", "card.md"}
    shutil.rmtree(path)
