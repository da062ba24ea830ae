"""The manifest says the same after a round trip, and says what is wrong when something is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

import tiny_model
from genrelens.bundle import Abstention, Conformal
from genrelens.bundle.manifest import FileRecord, Manifest, check_file_name
from genrelens.bundle.styles import Style, Styles
from genrelens.errors import BundleError

OF_SCHEMA_4 = ("styles", "outside_styles", "track_numbers")
SETS = {"scores": [0.5], "weights": [0.5], "kind": "least_ambiguous"}


def document(**changes: Any) -> dict[str, Any]:
    manifest = tiny_model.manifest(files={"predict.onnx": FileRecord.of(b"graph")})
    return {**json.loads(manifest.to_bytes()), **changes}


def read(content: dict[str, Any]) -> Manifest:
    return Manifest.from_bytes(json.dumps(content).encode(), where="m")


def test_round_trip() -> None:
    manifest = tiny_model.manifest(
        files={"predict.onnx": FileRecord.of(b"graph")}, experimental=("hiss",), temperature=1.5
    )
    content = manifest.to_bytes()
    assert Manifest.from_bytes(content, where="m") == manifest
    assert Manifest.from_bytes(content, where="m").to_bytes() == content


def test_the_form_on_disk() -> None:
    found = document()
    assert found["schema"] == "genrelens.bundle/4"
    keys = "schema name taxonomy front_end windows calibration experimental licence training files"
    answers = "multi_label tags conformal abstention styles outside_styles track_numbers"
    assert set(found) == {*keys.split(), *answers.split()}
    assert found["conformal"] is None
    assert found["abstention"] == {"min_confidence": None, "max_not_music": None, "max_unlikeness": None}
    assert found["front_end"]["kind"] == "mel"
    assert found["front_end"]["sample_rate"] == 8000
    assert found["calibration"] == {"temperature": 1.0}
    assert found["files"] == {"predict.onnx": {"sha256": hashlib.sha256(b"graph").hexdigest(), "bytes": 5}}


def test_a_manifest_of_the_first_schema_still_reads() -> None:
    """It knew decibels alone, and so had no ``log_factor``; in the second schema that key may not be missing."""
    old = document(schema="genrelens.bundle/1")
    del old["front_end"]["log_factor"], old["front_end"]["level"]
    for key in ("multi_label", "tags", "conformal", "abstention", *OF_SCHEMA_4):
        del old[key]
    assert read(old).front_end == tiny_model.MEL
    with pytest.raises(BundleError, match="log_factor is missing"):
        read(old | {"schema": "genrelens.bundle/2"})


def test_a_manifest_of_the_second_schema_still_reads() -> None:
    """It knew one way to answer; in the third schema no way may be left out."""
    old = document(schema="genrelens.bundle/2")
    for key in ("multi_label", "tags", "conformal", "abstention", *OF_SCHEMA_4):
        del old[key]
    assert read(old) == read(document())
    with pytest.raises(BundleError, match="abstention is missing"):
        read(old | {"schema": "genrelens.bundle/3"})


def test_a_manifest_of_the_third_schema_still_reads() -> None:
    """Its prediction sets were of the one kind that there was."""
    old = document(schema="genrelens.bundle/3", conformal={"scores": [0.5], "weights": [0.5]})
    for key in OF_SCHEMA_4:
        del old[key]
    assert read(old) == dataclasses.replace(read(document()), conformal=Conformal((0.5,), (0.5,), "least_ambiguous"))
    with pytest.raises(BundleError, match=r"conformal\.kind is missing"):
        read(old | {"schema": "genrelens.bundle/4"})


STYLES = Styles((0.0, 0.5, 1.0), (Style("noisy", "loud", (-1.0, 0.0, 2.0)),))


def test_ways_to_answer_survive_the_round_trip() -> None:
    given = tiny_model.manifest(
        tags=("loud", "fast"),
        styles=STYLES,
        outside_styles=True,
        track_numbers=("spread",),
        conformal=Conformal((0.1, 0.1, 0.9), (0.25, 0.25, 0.25), "adaptive"),
        abstention=Abstention(min_confidence=0.3, max_unlikeness=-2.5),
    )
    assert Manifest.from_bytes(given.to_bytes(), where="m") == given
    several = tiny_model.manifest(multi_label=True)
    assert Manifest.from_bytes(several.to_bytes(), where="m").multi_label


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tags": ("loud", "loud")}, "stands twice"),
        ({"tags": ("fast",), "styles": STYLES}, "a tag that the model does not have: loud"),
        ({"track_numbers": ("weather",)}, "knows no numbers of a track but spread"),
        ({"multi_label": True, "conformal": Conformal((0.5,), (0.5,))}, "one genre a piece"),
    ],
)
def test_ways_to_answer_that_do_not_go_together(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        tiny_model.manifest(**changes)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("multi_label", 1, "true or false"),
        ("conformal", SETS | {"level": 1}, "unknown key conformal.level"),
        ("conformal", SETS | {"scores": ["a"]}, "conformal.scores.0 should be"),
        ("conformal", SETS | {"scores": [0.5, 0.2], "weights": [0.1, 0.1]}, "ascend"),
        ("conformal", SETS | {"weights": []}, "one weight a score"),
        ("conformal", SETS | {"weights": [1.0]}, "their sum below 1"),
        ("conformal", SETS | {"kind": "odd"}, "no prediction sets of the kind 'odd'"),
        ("styles", {"levels": [0, 1]}, "styles.styles is missing"),
        ("styles", {"levels": [0, 1], "styles": [3]}, "styles.styles.0 should be a table"),
        ("styles", {"levels": [0, 1], "styles": [{"name": "a", "tag": "b"}]}, "logits is missing"),
        ("styles", {"levels": [1, 0], "styles": []}, "ascend from 0 to 1"),
        ("outside_styles", 1, "true or false"),
        ("track_numbers", "spread", "track_numbers should be a list"),
        ("abstention", {"min_confidence": 0.5}, "abstention.max_not_music is missing"),
        ("abstention", None, "abstention should be a table"),
    ],
)
def test_ways_to_answer_that_are_not_well_formed(key: str, value: Any, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        read(document(**{key: value}))


def test_logarithms_survive_the_round_trip() -> None:
    front_end = dataclasses.replace(tiny_model.MEL, top_db=None, log_factor=10_000, level=0.2)
    content = tiny_model.manifest(front_end=front_end).to_bytes()
    assert Manifest.from_bytes(content, where="m").front_end == front_end


def test_the_hash_is_the_first_half_dozen_bytes_of_sha256() -> None:
    assert Manifest.hash_of(b"") == "e3b0c44298fc"


def change(*keys: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def edit(content: dict[str, Any]) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = to

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (change("schema", to="genrelens.bundle/5"), "newer genrelens"),
        (change("schema", to="genrelens.prediction/1"), "not a genrelens model"),
        (change("schema", to=None), "not a genrelens model"),
        (change("schema", to="genrelens.bundle/0"), "no bundle schema 0"),
        (change("name", to=3), "name should be a text, got 3"),
        (change("surprise", to=1), "unknown key surprise"),
        (change("taxonomy", "names", to=[]), "at least one genre"),
        (change("taxonomy", "names", to=["a", 1]), "taxonomy.names should be a list of texts"),
        (change("taxonomy", "names", to=["pop", "Pop"]), "differ"),
        (change("taxonomy", "aliases", to={"x": "y"}), "alias"),
        (change("taxonomy", "aliases", to={"x": 1}), "aliases"),
        (change("front_end", "kind", to="cochlea"), "no front end 'cochlea'"),
        (change("front_end", "kind", to=None), "front_end.kind should be a text"),
        (change("front_end", "hop_length", to=0), "hop_length"),
        (change("front_end", "sparkle", to=0), "sparkle"),
        (change("windows", "hop_frames", to=65), "hop_frames"),
        (change("windows", "n_frames", to=64.0), "windows.n_frames should be a whole number"),
        (change("windows", "n_frames", to=True), "windows.n_frames should be a whole number"),
        (change("calibration", to={}), "calibration.temperature is missing"),
        (change("calibration", "temperature", to=0), "above 0"),
        (change("calibration", "temperature", to="warm"), "temperature"),
        (change("calibration", "temperature", to=10**400), "temperature should be a finite number"),
        (change("front_end", "top_db", to=10**400), "top_db should be a finite number"),
        (change("front_end", "log_factor", to=10000.0), "exclude each other"),
        (change("experimental", to=["polka"]), "polka"),
        (change("training", "seed", to=None), "training.seed"),
        (change("training", "trained_on", to="abc"), "training.trained_on should be a list"),
        (change("files", to={"../evil.onnx": {"sha256": "0" * 64, "bytes": 1}}), "plain name"),
        (change("files", "predict.onnx", "sha256", to="zz"), "64 hex digits"),
        (change("files", "predict.onnx", "bytes", to=-1), "bytes"),
        (change("files", "predict.onnx", "colour", to=1), "unknown key files.predict.onnx.colour"),
    ],
)
def test_faults_are_named(edit: Callable[[dict[str, Any]], None], message: str) -> None:
    content = document()
    edit(content)
    with pytest.raises(BundleError, match=message) as caught:
        read(content)
    assert str(caught.value).startswith("m: ")
    assert str(caught.value).count("m: m: ") == 0


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"[]", b"3", b'"text"'])
def test_what_is_no_manifest_at_all(content: bytes) -> None:
    with pytest.raises(BundleError, match="m: "):
        Manifest.from_bytes(content, where="m")


def test_a_temperature_that_is_not_finite() -> None:
    content = json.dumps(document()).replace('"temperature": 1.0', '"temperature": NaN').encode()
    with pytest.raises(BundleError, match="finite number"):
        Manifest.from_bytes(content, where="m")


@pytest.mark.parametrize(
    "name", ["a/b", "a\\b", "..", ".", "", ".hidden", "C:x", "/etc/passwd", "a\nb", "é", "manifest.json", "x" * 101]
)
def test_names_that_could_point_elsewhere(name: str) -> None:
    with pytest.raises(BundleError, match="plain name"):
        check_file_name(name)
