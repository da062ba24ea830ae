"""Whether the model's answer depends on how a file was made: docs/results/NAME/robustness.json and docs/robustness.md.

    python tools/robustness.py --data ../shared/data/gtzan       measure, then write both; about an hour on one core
    python tools/robustness.py --page                            write the page again from the reports
    python tools/robustness.py --check                           exit 1 when the page is not what the reports say

Every clip of train + valid is made into each of ``variants.VARIANTS``, and each variant goes as a file
through ``Bundle.predict``. The shipped head has heard these clips, so its answers are not asked: the embedding that
the prediction carries is answered by a head of the same recipe that has heard neither the clip nor its artist, five
folds. (The genre's logits are linear in the embedding, and a piece's embedding is the mean over its windows.) Rows
that have been made are kept under ``--rows``, by a hash of what they depend on.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import fuzz
import numpy as np
import variants
from numpy.typing import NDArray
from variants import VARIANTS

from genrelens.audio import load
from genrelens.bundle import Bundle
from genrelens.data import registry
from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track, under_supported
from genrelens.files import write_whole
from genrelens.metrics import (
    Interval,
    fit_temperature,
    grouped_bootstrap,
    log_softmax,
    mean_statistic,
    paired_bootstrap,
)
from genrelens.models.musicnn import read_weights
from genrelens.pages.figure_style import percent, percent_interval
from genrelens.parallel import map_each
from genrelens.recipe import TabularRecipe
from genrelens.schema import decode, encode, json_text, parse, read_text
from genrelens.taxonomy import Taxonomy
from genrelens.training.heads import N_FOLDS
from genrelens.training.tabular import fit_tabular

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs/results"
PAGE = ROOT / "docs/robustness.md"
SCHEMA = "genrelens.robustness/1"
SPLIT, PARTS, SEED = "fault-filtered", "train+valid", 0
LIMIT = 0.05
"""Share of labels that may change."""

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """One variant over some of the genres; ``moved`` is the change of the probability that the original's label had."""

    variant: str
    what: str
    genres: str
    n_tracks: int
    n_changed: int
    changed: Interval
    accuracy_before: float
    accuracy_after: float
    difference: Interval
    mean_moved: float
    most_moved: float


@dataclass(frozen=True)
class Robustness:
    """What was measured; ``changes`` has a row for each variant over the full genres, then over all."""

    model: str
    dataset: str
    measured: str
    n_tracks: int
    n_artists: int
    full_genres: tuple[str, ...]
    changes: tuple[Change, ...]

    def to_json(self) -> str:
        return json_text({"schema": SCHEMA, **encode(self)})

    @classmethod
    def read(cls, path: Path) -> Robustness:
        text = read_text(path, what="robustness report")
        robustness: Robustness = decode(cls, parse(text, schema=SCHEMA, source=str(path)), where=str(path))
        return robustness


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of GTZAN")
    parser.add_argument("--model", default="base", help="bundle to ask")
    parser.add_argument("--rows", type=Path, default=Path("runs/robustness"), help="where rows are kept")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--page", action="store_true", help="only write the page")
    parser.add_argument("--check", action="store_true", help="only compare the page")
    args = parser.parse_args()
    if not args.page and not args.check:
        if args.data is None:
            parser.error("--data is needed to measure")
        measured = measure(args.model, args.data, kept=args.rows, n_workers=args.workers)
        folder = RESULTS / measured.model
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "robustness.json", measured.to_json())
    if not args.check:
        write_page()
    elif PAGE.read_text("utf-8") != page():
        sys.exit(f"{PAGE.name} is not up to date: python tools/robustness.py --page")


def page() -> str:
    """The page as the reports have it, with the section of tools/fuzz.py."""
    reports = [Robustness.read(path) for path in sorted(RESULTS.glob("*/robustness.json"))]
    return "\n".join([*page_lines(reports), *fuzz.section()]) + "\n"


def write_page() -> None:
    write_whole(PAGE, page())


def tracks_of(data: Path) -> tuple[tuple[Track, ...], Taxonomy]:
    """Train and valid of the fault-filtered split, without what may never be learnt from."""
    faulty = registry.never_train("gtzan")
    loaded = tuple(track for track in registry.load(data, dataset="gtzan") if track.id not in faulty)
    return registry.split("gtzan", SPLIT).part(loaded, PARTS), registry.taxonomy("gtzan", loaded)


def measure(model: str, data: Path, *, kept: Path, n_workers: int) -> Robustness:
    bundle = Bundle.load(model)
    recipe = TabularRecipe.from_dict(bundle.manifest.training.recipe, where=f"the bundle {bundle.name}")
    tracks, taxonomy = tracks_of(data)
    rows = {
        name: variant_rows(bundle, tracks, name, kept=kept, n_workers=n_workers) for name in ("original", *VARIANTS)
    }
    classes = np.array([taxonomy.index(track.genre) for track in tracks])
    logits = out_of_fold(recipe, tracks, rows, classes=classes, n_classes=len(taxonomy), seed=SEED)
    temperature = fit_temperature(logits["original"], targets=classes)
    probabilities = {name: np.exp(log_softmax(value / temperature)) for name, value in logits.items()}
    thin = under_supported(taxonomy, tracks)
    full = np.array([track.genre not in thin for track in tracks])
    groups = np.array([track.group for track in tracks])
    return Robustness(
        model=bundle.name,
        dataset="gtzan",
        measured=f"out of fold over {PARTS} of the split {SPLIT}, {N_FOLDS} folds by artist, seed {SEED}",
        n_tracks=len(tracks),
        n_artists=len(set(groups)),
        full_genres=tuple(name for name in taxonomy.names if name not in thin),
        changes=tuple(
            change(name, probabilities, classes=classes, groups=groups, among=among, genres=genres)
            for genres, among in (("full", full), ("all", np.ones_like(full)))
            for name in VARIANTS
        ),
    )


def variant_rows(
    bundle: Bundle, tracks: Sequence[Track], name: str, *, kept: Path, n_workers: int
) -> NDArray[np.float32]:
    """``(n, d)``: what ``Bundle.predict`` gives as the embedding of each track's variant; "original" is the file."""
    depends = hashlib.sha256(Path(variants.__file__).read_bytes())
    for array in read_weights().arrays.values():
        depends.update(np.ascontiguousarray(array).tobytes())
    depends.update(repr((name, bundle.manifest.front_end, bundle.manifest.windows)).encode())
    depends.update("\n".join(track.id for track in tracks).encode())
    path = kept / f"{name}-{depends.hexdigest()[:16]}.npy"
    if not path.exists():
        rows: list[NDArray[np.float32] | None] = [None] * len(tracks)
        one = partial(embedding, bundle, name)
        for i, row in map_each(one, [track.path for track in tracks], n_workers=n_workers, died=died):
            rows[i] = row
            if sys.stderr.isatty():
                print(f"\r{name}: {sum(row is not None for row in rows)}", end="", file=sys.stderr)
        file = io.BytesIO()
        np.save(file, np.stack([row for row in rows if row is not None]), allow_pickle=False)
        kept.mkdir(parents=True, exist_ok=True)
        write_whole(path, file.getvalue())
    made: NDArray[np.float32] = np.load(path, allow_pickle=False)
    return made


def embedding(bundle: Bundle, name: str, path: Path) -> NDArray[np.float32]:
    """One track's variant, as a file's bytes, through the path that users take."""
    if name == "original":
        return bundle.predict(path).embedding
    clip = load(path)
    return bundle.predict(VARIANTS[name].make(clip.samples, clip.sample_rate)).embedding


def died(path: Path) -> NDArray[np.float32]:
    raise RuntimeError(f"a process died over {path}")


def out_of_fold(
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    rows: dict[str, NDArray[np.float32]],
    *,
    classes: NDArray[np.int64],
    n_classes: int,
    seed: int,
) -> dict[str, Rows]:
    """Logits ``(n, c)`` of every set of rows ``(n, d)``, each track by a head that learnt from other folds."""
    place = {track.id: i for i, track in enumerate(tracks)}
    logits = {name: np.zeros((len(tracks), n_classes)) for name in rows}
    originals = rows["original"].astype(np.float64)
    for fold in grouped_folds(tracks, n_folds=N_FOLDS, seed=seed):
        learn = [place[id_] for id_ in fold.ids("train")]
        answer = [place[id_] for id_ in fold.ids("test")]
        head = fit_tabular(
            recipe,
            originals[learn],
            classes=classes[learn],
            stop_rows=originals[:0],
            stop_classes=classes[:0],
            n_classes=n_classes,
            seed=seed,
        )
        for name, values in rows.items():
            logits[name][answer] = head.scores(values[answer].astype(np.float64))
    return logits


def change(
    name: str,
    probabilities: dict[str, Rows],
    *,
    classes: NDArray[np.int64],
    groups: NDArray[np.str_],
    among: NDArray[np.bool_],
    genres: str,
) -> Change:
    """What the variant did to the answers of the tracks where ``among (n,)`` is true."""
    before, after = probabilities["original"][among], probabilities[name][among]
    groups, classes = groups[among], classes[among]
    label, label_after = before.argmax(axis=1), after.argmax(axis=1)
    each = np.arange(len(before))
    moved = np.abs(after[each, label] - before[each, label])
    other = label != label_after
    right, right_after = label == classes, label_after == classes
    return Change(
        variant=name,
        what=VARIANTS[name].what if name in VARIANTS else name,
        genres=genres,
        n_tracks=len(before),
        n_changed=int(other.sum()),
        changed=grouped_bootstrap(mean_statistic(other), groups=groups, seed=0),
        accuracy_before=float(right.mean()),
        accuracy_after=float(right_after.mean()),
        difference=paired_bootstrap(right_after, correct_b=right, groups=groups, seed=0),
        mean_moved=float(moved.mean()),
        most_moved=float(moved.max()),
    )


def page_lines(reports: Sequence[Robustness]) -> list[str]:
    """The page; every number in it is a report's."""
    lines = [
        "# The same music in other files",
        "",
        "Measured with the head before this one (genrelens-base 7cc0145605e9), not again since.",
        "",
        "A genre should not depend on how a file was made. Each clip was made into the files below and asked",
        f"again; the aim is that at most {percent(LIMIT)} of the labels change in each. Written by",
        "`python tools/robustness.py --data GTZAN`; no number is typed by hand.",
    ]
    for report in reports:
        lines += ["", f"## {report.model}", "", *model_lines(report), *mixing_lines(report.model)]
    return lines


def mixing_lines(model: str) -> list[str]:
    """Ways to mix two channels, as ``research/channel_mixing.py`` measured them; nothing where it did not."""
    path = RESULTS / model / "channel_mixing.json"
    if not path.exists():
        return []
    document = parse(path.read_text("utf-8"), schema="genrelens.channel_mixing/1", source=str(path))
    changes = [decode(Change, each, where=str(path)) for each in document["changes"]]
    lines = [
        "",
        "### From two channels to one",
        "",
        "Players play both channels, a model hears one sound. Averaging takes away what the channels hold with",
        "opposite signs or a little apart; so the louder channel is heard alone where averaging would cancel a",
        "tenth of the bands (the rule: `genrelens/audio/downmix.py`). Beside it the plain average, and the average",
        "of the channels' mel power, which cannot cancel and would cost every front end once a channel. Labels",
        f"changed, of the full genres' clips, out of fold; model {document['model_hash']};",
        "`python research/channel_mixing.py --data GTZAN`.",
        "",
        "| channels | plain average | the rule | average of powers |",
        "|---|---|---|---|",
    ]
    by_name = {change.variant: change for change in changes}
    for kind in dict.fromkeys(change.variant.split()[0] for change in changes):
        cells = [by_name[f"{kind} {mix}"] for mix in ("average", "downmix", "power")]
        shown = " | ".join(f"{c.n_changed} of {c.n_tracks}: {percent_interval(c.changed)}" for c in cells)
        lines.append(f"| {kind} | {shown} |")
    return lines


def model_lines(report: Robustness) -> list[str]:
    of: Callable[[str], list[Change]] = lambda genres: [c for c in report.changes if c.genres == genres]  # noqa: E731
    missed = {
        genres: ", ".join(change.variant for change in of(genres) if change.changed.value > LIMIT) or "none"
        for genres in ("full", "all")
    }
    return [
        f"{report.n_tracks} clips of {report.n_artists} artists, {report.measured}:",
        "no clip is answered by a head that has heard it or its artist. First over the",
        f"{len(report.full_genres)} full genres ({', '.join(report.full_genres)}).",
        "",
        f"Over the limit: {missed['full']}. Over all genres: {missed['all']}.",
        "",
        *table(of("full")),
        "",
        "Over all genres:",
        "",
        *table(of("all")),
        "",
        "Brackets: 95 % bootstrap over artists; there is none where nothing changed. *Moved* is the change of the",
        "probability that the original's label had.",
    ]


def table(changes: Sequence[Change]) -> list[str]:
    lines = ["| file | labels changed | accuracy | difference | moved, mean | at most |", "|---|---|---|---|---|---|"]
    if changes:
        lines.append(f"| as it came | | {percent(changes[0].accuracy_before)} | | | |")
    for c in changes:
        lines.append(
            f"| {c.what} | {c.n_changed} of {c.n_tracks}: {percent_interval(c.changed)} | "
            f"{percent(c.accuracy_after)} | {percent_interval(c.difference)} | "
            f"{c.mean_moved:.3f} | {c.most_moved:.3f} |"
        )
    return lines


if __name__ == "__main__":
    main()
