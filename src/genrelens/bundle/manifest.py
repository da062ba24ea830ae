"""``manifest.json``: what a saved model says about itself, checked key by key when it is read."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from genrelens.bundle.abstention import Abstention
from genrelens.bundle.audioset import GENRES as AUDIOSET
from genrelens.bundle.coverage import LEAST_AMBIGUOUS, Conformal
from genrelens.bundle.json_table import JsonTable
from genrelens.bundle.styles import Style, Styles
from genrelens.bundle.track_term import KINDS as TRACK_NUMBERS
from genrelens.bundle.track_term import MN04
from genrelens.bundle.windows import WindowSettings
from genrelens.errors import BundleError, GenrelensError
from genrelens.frontend.descriptors.settings import DescriptorSettings
from genrelens.frontend.frames import KINDS, FrameSettings
from genrelens.taxonomy import Taxonomy, composed

SCHEMA_NAME = "genrelens.bundle"
SCHEMA_VERSION = 4
"""Written; read are 1, which had no ``front_end.log_factor`` and ``level``, 2, which had no ``multi_label``, ``tags``,
``conformal`` and ``abstention`` and no front end but mel, 3, which had no ``styles``, ``track_numbers`` and
``conformal.kind``, and 4."""
MAX_WINDOW_NUMBERS: Final = 1 << 24
"""Frames in a window times numbers in a frame: 64 MB. Windows in use have up to half a million."""
MAX_GENRES: Final = 4096
"""The same for aliases and tags."""
MAX_NAME_CHARACTERS: Final = 1000
_MAX_TABLES: Final = 1_000_000
"""Brackets in a manifest: each may become a list or a table of its own, which takes fifty times as much memory."""
FrontEnd = FrameSettings | DescriptorSettings
FRONT_ENDS: Mapping[str, Any] = {
    **{kind: front_end.settings for kind, front_end in KINDS.items()},
    "descriptors": DescriptorSettings,
}
"""Front ends by the ``kind`` that a manifest names."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of a bundle: SHA-256 in hex and size in bytes."""

    sha256: str
    n_bytes: int

    @classmethod
    def of(cls, content: bytes) -> FileRecord:
        """The record of some bytes."""
        return cls(hashlib.sha256(content).hexdigest(), len(content))


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """How the model came about.

    ``trained_on`` are the ids whose sound moved the weights, which an evaluation refuses; ``stopped_on`` those
    that decided when to stop or how to calibrate, which it lets in with a note. ``recipe`` is the recipe as plain
    JSON types.
    """

    recipe: Mapping[str, Any]
    seed: int
    dataset: str
    split: str
    trained_on: tuple[str, ...]
    stopped_on: tuple[str, ...]
    genrelens_version: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a prediction needs to know beside the graph itself.

    ``temperature`` > 0 divides the pooled logits; ``experimental`` are genres whose accuracy could not be
    measured; ``multi_label``: a piece may be of several genres, each with a probability of its own; ``tags`` names the
    graph's output of that name, other words for the sound than its genres; ``styles`` are made of them;
    ``outside_styles``: whether a style may stand in the place of a genre that is not sure. ``track_numbers`` names what
    the whole track adds to its windows' logits (:mod:`genrelens.bundle.track_term`). ``windows`` are of frames: None
    with descriptors, whose windows are the segments that the front end names. ``files`` is filled in when the bundle is
    written. Raises :class:`BundleError` on values that do not fit.
    """

    name: str
    taxonomy: Taxonomy
    front_end: FrontEnd
    windows: WindowSettings | None
    training: TrainingRecord
    temperature: float = 1.0
    experimental: tuple[str, ...] = ()
    multi_label: bool = False
    tags: tuple[str, ...] = ()
    styles: Styles | None = None
    outside_styles: bool = False
    track_numbers: tuple[str, ...] = ()
    conformal: Conformal | None = None
    abstention: Abstention = field(default_factory=Abstention)
    licence: str = "MIT"
    files: Mapping[str, FileRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1e-6 <= self.temperature <= 1e6:
            raise BundleError(
                f"the calibration temperature must be a number above 0, from 1e-6 to 1e6, got {self.temperature}"
            )
        for what, texts in (("genres", self.taxonomy.names), ("aliases", self.taxonomy.aliases), ("tags", self.tags)):
            if len(texts) > MAX_GENRES:
                raise BundleError(f"a model has at most {MAX_GENRES} {what}, there are {len(texts)}")
        strangers = [genre for genre in self.experimental if genre not in self.taxonomy.names]
        if strangers:
            raise BundleError(f"experimental genres that the model does not know: {', '.join(strangers)}")
        if len(set(self.tags)) < len(self.tags):
            raise BundleError("a tag stands twice among the model's tags")
        tags = (*self.tags, *(AUDIOSET if MN04 in self.track_numbers else ()))
        if self.styles is not None and (missing := [s.tag for s in self.styles.styles if s.tag not in tags]):
            raise BundleError(f"a style goes by a tag that the model does not have: {missing[0]}")
        if not set(self.track_numbers) <= set(TRACK_NUMBERS) or len(set(self.track_numbers)) < len(self.track_numbers):
            raise BundleError(
                f"this genrelens knows no numbers of a track but {', '.join(TRACK_NUMBERS)}, each once, got "
                f"{', '.join(self.track_numbers)}"
            )
        if MN04 in self.track_numbers and isinstance(self.front_end, DescriptorSettings):
            raise BundleError("mn04 is heard beside a network that hears frames, not beside descriptors")
        if self.multi_label and self.conformal is not None:
            raise BundleError("prediction sets are for models that give one genre a piece, not several")
        if (self.windows is None) != isinstance(self.front_end, DescriptorSettings):
            raise BundleError("windows go with a front end of frames, which cannot be without, and with no other")
        if self.windows is not None and not isinstance(self.front_end, DescriptorSettings):
            n_bands = self.front_end.n_bands
            if self.windows.n_frames * n_bands > MAX_WINDOW_NUMBERS:
                raise BundleError(
                    f"windows of {self.windows.n_frames} frames of {n_bands} numbers are larger than any model's (at "
                    f"most {MAX_WINDOW_NUMBERS} numbers)"
                )
        for name in self.files:
            check_file_name(name)

    def to_bytes(self) -> bytes:
        """The manifest as UTF-8 JSON; the same manifest always gives the same bytes."""
        kind = next(kind for kind, cls in FRONT_ENDS.items() if isinstance(self.front_end, cls))
        front_end = {"kind": kind, **self.front_end.to_dict()}
        training = {
            "recipe": dict(self.training.recipe),
            "seed": self.training.seed,
            "dataset": self.training.dataset,
            "split": self.training.split,
            "trained_on": list(self.training.trained_on),
            "stopped_on": list(self.training.stopped_on),
            "genrelens_version": self.training.genrelens_version,
        }
        document = {
            "schema": f"{SCHEMA_NAME}/{SCHEMA_VERSION}",
            "name": self.name,
            "taxonomy": {"names": list(self.taxonomy.names), "aliases": dict(self.taxonomy.aliases)},
            "front_end": front_end,
            "windows": None if self.windows is None else dataclasses.asdict(self.windows),
            "calibration": {"temperature": self.temperature},
            "experimental": list(self.experimental),
            "multi_label": self.multi_label,
            "tags": list(self.tags),
            "styles": None if self.styles is None else dataclasses.asdict(self.styles),
            "outside_styles": self.outside_styles,
            "track_numbers": list(self.track_numbers),
            "conformal": None if self.conformal is None else dataclasses.asdict(self.conformal),
            "abstention": dataclasses.asdict(self.abstention),
            "licence": self.licence,
            "training": training,
            "files": {
                name: {"sha256": record.sha256, "bytes": record.n_bytes} for name, record in sorted(self.files.items())
            },
        }
        return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes, *, where: str) -> Manifest:
        """Read and check a manifest; ``where`` names it in the :class:`BundleError` that any fault raises."""
        if content.count(b"[") + content.count(b"{") > _MAX_TABLES:
            raise BundleError(f"{where}: manifest.json holds more lists and tables than any model's")
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BundleError(f"{where}: manifest.json is not JSON ({error}); the model is damaged") from error
        version = _check_schema(document, where=where)
        table = JsonTable(document, where=where, path="")
        try:
            manifest = cls(
                name=table.text("name"),
                taxonomy=_taxonomy(table.table("taxonomy")),
                front_end=_front_end(table.table("front_end"), version=version),
                windows=None if table.is_null("windows") else _windows(table.table("windows")),
                temperature=_calibration(table.table("calibration")),
                experimental=table.texts("experimental"),
                **(_answers(table, version=version) if version > 2 else {}),
                **(_styles(table) if version > 3 else {}),
                licence=table.text("licence"),
                training=_training(table.table("training")),
                files=_files(table.table("files")),
            )
        except BundleError as error:
            raise error if str(error).startswith(where) else BundleError(f"{where}: {error}") from error
        except GenrelensError as error:
            raise BundleError(f"{where}: {error}") from error
        table.check_nothing_left("schema")
        return manifest

    @staticmethod
    def hash_of(content: bytes) -> str:
        """The short name of a model's exact state: 12 hex digits of SHA-256 over the manifest's bytes."""
        return hashlib.sha256(content).hexdigest()[:12]


_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


def check_file_name(name: str) -> None:
    """Only plain names: nothing in a manifest may point outside its bundle. Raises :class:`BundleError`."""
    if not _PLAIN_NAME.fullmatch(name) or name == "manifest.json":
        raise BundleError(f"the file name {name!r} is not a plain name of letters, digits, '.', '_' and '-'")


def _check_schema(document: Any, *, where: str) -> int:
    schema = document.get("schema") if isinstance(document, dict) else None
    match = re.fullmatch(rf"{re.escape(SCHEMA_NAME)}/(\d{{1,9}})", schema) if isinstance(schema, str) else None
    if match is None:
        raise BundleError(f"{where}: not a genrelens model: manifest.json has the schema {schema!r}")
    version = int(match.group(1))
    if version > SCHEMA_VERSION:
        raise BundleError(
            f"{where}: written by a newer genrelens (schema {version}, this one reads up to "
            f"{SCHEMA_VERSION}): upgrade genrelens (in its checkout: git pull)"
        )
    if version < 1:
        raise BundleError(f"{where}: there is no bundle schema {version}")
    return version


def _taxonomy(table: JsonTable) -> Taxonomy:
    aliases = table.take("aliases", dict)
    if not all(isinstance(name, str) for name in aliases.values()):
        table.fail("aliases", "texts by text", aliases)
    names = table.texts("names")
    # Before each is compared with each.
    for key, texts in (("names", names), ("aliases", (*aliases, *aliases.values()))):
        if len(texts) > 2 * MAX_GENRES or any(len(text) > MAX_NAME_CHARACTERS for text in texts):
            table.fail(key, f"at most {MAX_GENRES} texts of up to {MAX_NAME_CHARACTERS} characters", texts)
    table.check_nothing_left()
    return Taxonomy(names, aliases)


def _front_end(table: JsonTable, *, version: int) -> FrontEnd:
    kind = table.text("kind")
    if kind not in FRONT_ENDS or (kind != "mel" and version < 3):
        raise BundleError(
            f"{table.where}: this genrelens has no front end {kind!r} (it has "
            f"{', '.join(sorted(FRONT_ENDS))}); a newer genrelens may"
        )
    values = {key: value for key, value in table.value.items() if key != "kind"}
    without = {} if version > 1 else {"log_factor": None, "level": None}
    front_end: FrontEnd = FRONT_ENDS[kind].from_dict(values | without)
    return front_end


def _windows(table: JsonTable) -> WindowSettings:
    settings = WindowSettings(table.integer("n_frames"), table.integer("hop_frames"))
    table.check_nothing_left()
    return settings


def _calibration(table: JsonTable) -> float:
    temperature = table.number("temperature")
    table.check_nothing_left()
    return temperature


def _styles(table: JsonTable) -> dict[str, Any]:
    """What schema 4 brought."""
    styles = None
    if not table.is_null("styles"):
        found = table.table("styles")
        entries = found.take("styles", list)
        if len(entries) > MAX_GENRES:
            found.fail("styles", f"at most {MAX_GENRES} styles", entries)
        read = []
        for i, entry in enumerate(entries):
            one = JsonTable({str(i): entry}, where=table.where, path="styles.styles.").table(str(i))
            read.append(Style(one.text("name"), one.text("tag"), one.numbers("logits")))
            one.check_nothing_left()
        styles = Styles(found.numbers("levels"), tuple(read))
        found.check_nothing_left()
    return {
        "styles": styles,
        "outside_styles": table.take("outside_styles", bool),
        "track_numbers": table.texts("track_numbers"),
    }


def _answers(table: JsonTable, *, version: int) -> dict[str, Any]:
    """What schema 3 brought: the ways in which a model answers."""
    abstention = table.table("abstention")
    limits = Abstention(**{limit.name: abstention.maybe_number(limit.name) for limit in dataclasses.fields(Abstention)})
    abstention.check_nothing_left()
    conformal = None
    if not table.is_null("conformal"):
        calibration = table.table("conformal")
        kind = calibration.text("kind") if version > 3 else LEAST_AMBIGUOUS
        conformal = Conformal(calibration.numbers("scores"), calibration.numbers("weights"), kind)
        calibration.check_nothing_left()
    return {
        "multi_label": table.take("multi_label", bool),
        "tags": table.texts("tags"),
        "conformal": conformal,
        "abstention": limits,
    }


def _training(table: JsonTable) -> TrainingRecord:
    record = TrainingRecord(
        recipe=table.take("recipe", dict),
        seed=table.integer("seed"),
        dataset=table.text("dataset"),
        split=table.text("split"),
        trained_on=tuple(map(composed, table.texts("trained_on"))),
        stopped_on=tuple(map(composed, table.texts("stopped_on"))),
        genrelens_version=table.text("genrelens_version"),
    )
    table.check_nothing_left()
    return record


def _files(table: JsonTable) -> dict[str, FileRecord]:
    files = {}
    for name in list(table.value):
        entry = table.table(name)
        sha256 = entry.text("sha256")
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            entry.fail("sha256", "64 hex digits", sha256)
        n_bytes = entry.integer("bytes")
        if n_bytes < 0:
            entry.fail("bytes", "a size of 0 or more", n_bytes)
        entry.check_nothing_left()
        files[name] = FileRecord(sha256, n_bytes)
    return files
