"""What of a data set is there, missing, altered or unreadable.

Known by the record of what was fetched (sizes and SHA-256), the names that a published set has, the lengths in Kaggle's
tables, a picture's own checksums, and by decoding every clip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from genrelens.audio import open_stream
from genrelens.audio.notes import faults
from genrelens.data import registry
from genrelens.data.dataset import Beside
from genrelens.data.fetch import FetchedFile, manifests, read_manifest
from genrelens.data.fetch.downloads import file_digest
from genrelens.data.pictures import png_fault
from genrelens.data.places import data_root
from genrelens.errors import AudioError, DataError
from genrelens.features import read_table
from genrelens.parallel import map_each
from genrelens.taxonomy import Taxonomy

Kind = Literal["missing", "altered", "unreadable"]
KINDS: Final[tuple[Kind, ...]] = ("missing", "altered", "unreadable")
N_SHOWN: Final = 5
"""Problems of one kind that are listed for people."""


@dataclass(frozen=True, slots=True)
class Problem:
    """``thing`` is clip, picture, table or file; ``what`` its id, or its path below the root."""

    kind: Kind
    thing: str
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """``there`` counts what was found by thing, ``decoded`` says whether clips were decoded to their ends,
    ``passed_over`` counts the files that are no sound, by ending.
    """

    root: Path
    dataset: str | None
    there: Mapping[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    decoded: bool
    passed_over: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema": "genrelens.data-check/1",
            "root": str(self.root),
            "dataset": self.dataset,
            "there": dict(self.there),
            "decoded": self.decoded,
            "problems": [asdict(problem) for problem in self.problems],
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        """For people: of each kind of problem the first few."""
        there = ", ".join(f"{n:,} {thing}" for thing, n in self.there.items()) or "nothing"
        how = "every clip decoded" if self.decoded else "clips opened, not decoded"
        lines = [f"{self.dataset or 'fetched files'} in {self.root}: {there}; {how}"]
        groups: dict[tuple[str, str], list[Problem]] = {}
        for problem in self.problems:
            groups.setdefault((problem.kind, problem.thing), []).append(problem)
        for (kind, thing), its in groups.items():
            lines.append(f"{kind}: {len(its):,} {thing}{'' if len(its) == 1 else 's'}")
            lines += [f"  {problem.what}: {problem.message}" for problem in its[:N_SHOWN]]
            if len(its) > N_SHOWN:
                lines.append(f"  and {len(its) - N_SHOWN:,} more (in JSON all are listed)")
        lines += [f"note: {note}" for note in self.notes]
        if not self.problems:
            lines.append("nothing is missing, altered or unreadable")
        return "\n".join(lines)


class _Length(NamedTuple):
    """How long a clip should be: samples at a rate, Hz, and which table says so."""

    n_samples: int
    sample_rate: int
    table: str


@dataclass(frozen=True, slots=True)
class _Job:
    """A file to look at: the SHA-256 that it should have, or its length (both ``None``: any)."""

    thing: str
    what: str
    path: Path
    sha256: str | None = None
    length: _Length | None = None


def check(
    root: Path | str | None = None,
    *,
    dataset: str | None = None,
    quick: bool = False,
    n_workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Look at everything of a data set below ``root`` (``None``: the folder that ``GENRELENS_DATA`` names).

    ``quick`` opens each clip without decoding it to its end, and compares sizes in place of SHA-256. ``progress`` is
    called with files done and files to do. Raises :class:`DataError` when there is neither a data set nor a record of a
    fetched one.
    """
    top = Path(root).expanduser() if root is not None and Path(root).expanduser().is_file() else data_root(root)
    problems: list[Problem] = []
    there: Counter[str] = Counter()
    jobs: list[_Job] = []
    fetched = [file for path in (manifests(top) if top.is_dir() else ()) for file in read_manifest(path)]
    jobs += _fetched_jobs(top, fetched, quick, problems)
    there.update(files=len(fetched) - len(problems))
    name, notes = None, []
    passed_over: Mapping[str, int] = {}
    try:
        loaded = registry.open_dataset(top, dataset=dataset)
    except DataError as error:
        if not fetched:
            raise
        notes.append(str(error))
    else:
        name, passed_over = loaded.dataset, loaded.passed_over
        notes += loaded.notes
        jobs += _clip_jobs(loaded, problems, there, notes)
    look = partial(_look, quick=quick)
    for n_done, (i, found) in enumerate(map_each(look, jobs, n_workers=n_workers, died=_died), start=1):
        if found is not None:
            problems.append(Problem(found[0], jobs[i].thing, jobs[i].what, found[1]))
        if progress is not None:
            progress(n_done, len(jobs))
    ordered = sorted(problems, key=lambda p: (KINDS.index(p.kind), p.thing, p.what))
    return Checked(
        root=top,
        dataset=name,
        there={thing: n for thing, n in there.items() if n},
        problems=tuple(ordered),
        notes=tuple(notes),
        decoded=not quick,
        passed_over=passed_over,
    )


def _clip_jobs(loaded: registry.Loaded, problems: list[Problem], there: Counter[str], notes: list[str]) -> list[_Job]:
    """The clips of a data set to look at; what is missing or left out, or wrong beside them, goes to ``problems``."""
    lengths: dict[str, _Length] = {}
    problems += [Problem("missing", "clip", id_, "it has no file") for id_ in loaded.missing]
    if loaded.left_out_by_all:
        reasons = Counter(why for _, why in loaded.left_out)
        notes += [f"{n} tracks are left out, each because {why}" for why, n in reasons.items()]
    else:
        problems += [Problem("unreadable", "clip", what, why) for what, why in loaded.left_out]
    if (look_beside := registry.DATASETS[loaded.dataset].beside) is not None:
        lengths = _look_beside(look_beside(loaded.root), loaded.taxonomy, problems, there)
    paths = {track.path: track.whole for track in loaded.tracks}
    there.update(clips=len(paths))
    return [_Job("clip", what, path, length=lengths.get(what)) for path, what in paths.items()]


def _fetched_jobs(top: Path, fetched: list[FetchedFile], quick: bool, problems: list[Problem]) -> Iterator[_Job]:
    for name, size, sha256 in fetched:
        path = top / name
        if not path.is_file():
            problems.append(Problem("missing", "file", name, "it was fetched, and is not there"))
        elif path.stat().st_size != size:
            message = f"it has {path.stat().st_size:,} bytes, and had {size:,} when it was fetched"
            problems.append(Problem("altered", "file", name, message))
        elif not quick:
            yield _Job("file", name, path, sha256=sha256)


def _look_beside(
    beside: Beside, taxonomy: Taxonomy, problems: list[Problem], there: Counter[str]
) -> dict[str, _Length]:
    """Look at the pictures and tables beside a published set's clips. Returns the clips' lengths that tables know."""
    there.update(pictures=len(beside.pictures), tables=len(beside.tables))
    for id_, path in beside.pictures.items():
        if (fault := png_fault(path, size_px=beside.size_px)) is not None:
            kind: Kind = "altered" if "pixels" in fault else "unreadable"
            problems.append(Problem(kind, "picture", id_, fault))
    if beside.pictures:
        for id_ in sorted(beside.expected_pictures - beside.pictures.keys()):
            problems.append(Problem("missing", "picture", id_, "it has no file"))
    lengths: dict[str, _Length] = {}
    for name, path in beside.tables.items():
        try:
            table = read_table(path, taxonomy=taxonomy)
        except DataError as error:
            problems.append(Problem("unreadable", "table", path.name, str(error)))
            continue
        if name == beside.lengths_in:
            lengths = {
                id_: _Length(int(n), beside.sample_rate, f"{name}.csv")
                for id_, n in zip(table.wholes, table.lengths, strict=True)
            }
        if wanted := beside.expected_rows.get(name, frozenset()) - set(table.ids):
            message = f"{len(wanted)} of its rows are missing, the first that of {min(wanted)}"
            problems.append(Problem("missing", "table", path.name, message))
    return lengths


def _look(job: _Job, *, quick: bool) -> tuple[Kind, str] | None:
    """What is wrong with a file, in words; ``None`` when nothing is."""
    if job.sha256 is not None:
        try:
            same = file_digest(job.path, "sha256") == job.sha256
        except OSError as error:
            return "unreadable", f"it cannot be read: {error.strerror}"
        return None if same else ("altered", "its content is not that which was fetched")
    try:
        with open_stream(job.path, sample_rate=None) as stream:
            if quick:
                return None
            for _ in stream:
                pass
            if wrong := faults(stream.notes):
                return "unreadable", "; ".join(wrong)
            if job.length is None:
                return None
            n_samples, sample_rate, table = job.length
            if stream.native_sample_rate != sample_rate:
                return "altered", f"its rate is {stream.native_sample_rate} Hz, expected {sample_rate}"
            if stream.n_samples != n_samples:
                return "altered", f"{stream.n_samples:,} samples, but {table} has {n_samples:,}"
    except AudioError as error:
        return "unreadable", str(error)
    return None


def _died(_: _Job) -> tuple[Kind, str]:
    return "unreadable", "the decoder crashed on it; get a new copy"
