"""Make the two models that ship, and every figure in their cards, from real data by one command.

    python tools/ship_base.py --data ../shared/data

1. out-of-fold answers over train + valid of the fault-filtered split, five folds by artist;
2. a model trained on train alone and evaluated on valid, which it has never heard;
3. the model itself, trained on train + valid by the same recipe, with the temperature and the prediction sets of the
   out-of-fold answers;
4. its lighter sibling: the same network over windows side by side.

Cuts of 2 to 3 s of every genre are learnt from beside whole clips, which alone are judged. The detector of what is no
music and the styles stand before: tools/choose_screens.py, tools/fit_styles.py. The cards also tell what
tools/abstention_report.py and tools/lite_report.py measured, as of their last run: run these after this where the head
has changed, and this once more.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import base_card
import numpy as np
from choose_screens import tag_logits
from keep_crossval import write_kept
from numpy.typing import NDArray
from other_music.material import FULL, SPLIT, arguments, cuts_of, thin_cuts, unlabelled, whole_clips

from genrelens import recipe as recipes
from genrelens.bundle import Abstention, Bundle, WindowSettings, read_bundle, write_bundle
from genrelens.bundle.store import PREDICT, TRACK_TERM
from genrelens.bundle.styles import is_outside
from genrelens.data import registry
from genrelens.data.track import Track, classes_of, under_supported
from genrelens.evaluation.build import build_report
from genrelens.evaluation.calibration import judge_calibration
from genrelens.evaluation.evaluate import evaluate
from genrelens.evaluation.report import Report, Subject, TrackRow
from genrelens.features.embedding import mean_rows, spread_rows
from genrelens.features.musicnn import musicnn_windows
from genrelens.files import write_whole
from genrelens.metrics import fit_temperature
from genrelens.models.musicnn import read_weights
from genrelens.models.musicnn_head import N_FRAMES
from genrelens.models.screens import Screens, read_not_music
from genrelens.recipe import TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.calibrate import fold_rows, probabilities_of
from genrelens.training.card import model_card
from genrelens.training.heads import CALIBRATED_ON, N_FOLDS, HeadData, out_of_fold_logits, train_head
from genrelens.training.run import Origin
from genrelens.training.screens import fit_unlikeness, limit_among, out_of_fold_screens, screens_of
from genrelens.training.styles import read_styles

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "src/genrelens/bundle/shipped"
HEAD = ROOT / "docs/results/genrelens-base/head.json"
LITE = "genrelens-lite"
COVERAGES = (0.8, 0.9, 0.95)
CUT_WEIGHT = 0.5
UNLIKE_SHARE = 0.005
HELD_BACK = 0.04
"""Share of GTZAN, out of fold, that may get no answer, all reasons together."""
SEED = 0
OTHER_SEEDS = (1, 2, 3, 4)

FloatArray = NDArray[np.float64]
Windows = Sequence[NDArray[np.float32]]


def main() -> None:
    args = arguments(__doc__).parse_args()
    recipe = recipes.load("genrelens-base")
    assert isinstance(recipe, TabularRecipe)
    shutil.rmtree(SHIPPED / "lite", ignore_errors=True)
    folder = ROOT / "docs/results" / recipe.name
    ship(
        recipe,
        *learnt_from(args.data, args.cache),
        args,
        chosen_by=HEAD,
        more=base_card.held_back(folder / "abstention.json"),
    )
    ship_lite()


def learnt_from(data: Path, cache: Path) -> tuple[tuple[Track, ...], HeadData]:
    """GTZAN's whole clips of train and valid, which come first in what heads learn from, and all of that."""
    clips = whole_clips(data)
    cuts = cuts_of([clip for clip in clips if clip.genre in FULL])
    return clips, head_data((*clips, *thin_cuts(data), *cuts), n_whole=len(clips), cache=cache)


def ship(
    recipe: TabularRecipe,
    clips: Sequence[Track],
    data: HeadData,
    args: argparse.Namespace,
    *,
    chosen_by: Path,
    more: Sequence[str] = (),
) -> None:
    """Measure a recipe's heads over ``clips`` and make the model that ships, its card and its reports.

    ``chosen_by``: what tools/choose_head.py found; ``more``: further paragraphs for the card.
    """
    n, short = len(clips), recipe.name.removeprefix("genrelens-")
    split, taxonomy = registry.split("gtzan", SPLIT), registry.taxonomy("gtzan", clips)
    classes = classes_of(clips, taxonomy=taxonomy)
    by_seed = [out_of_fold_logits(recipe, data, taxonomy=taxonomy, seed=s)[:n] for s in (SEED, *OTHER_SEEDS)]
    calibration = judge_calibration(
        by_seed[0],
        targets=classes,
        groups=[track.group for track in clips],
        folds=folds_of(data.tracks)[:n],
        names=taxonomy.names,
        coverages=COVERAGES,
    )
    pooled, *others = (
        out_of_fold(recipe, clips, logits, taxonomy=taxonomy, seed=seed)
        for seed, logits in zip((SEED, *OTHER_SEEDS), by_seed, strict=True)
    )
    confidence = probabilities_of(by_seed[0], temperature=fit_temperature(by_seed[0], targets=classes)).max(axis=1)
    other_music = [
        musicnn_windows(unlabelled(args.data / folder, kind=folder), cache=args.cache)
        for folder in ("other_music/gtzan_music", "fma/fma_small")
    ]
    limits = limits_among(clips, data.windows[:n], other_music, confidence=confidence)
    print(limits)
    with tempfile.TemporaryDirectory() as work:
        learn = set(split.parts["train"])
        made = train_head(
            recipe,
            part_of(data, [i for i, track in enumerate(data.tracks) if track.whole in learn]),
            Origin(taxonomy, "gtzan", f"{SPLIT}, part train"),
            out=Path(work) / "train-only",
            limits=limits,
            seed=SEED,
        )
        train_only = evaluate(Bundle.load(made), split.part(clips, "valid"), split=split, part="valid")
        made = train_head(
            recipe,
            data,
            Origin(taxonomy, "gtzan", f"{SPLIT}, part train+valid"),
            out=Path(work) / "final",
            limits=limits,
            outside_styles=True,
            seed=SEED,
            figures=[
                base_card.nested(chosen_by),
                base_card.measured(pooled, train_only, [report.full_genres.accuracy.value for report in others]),
                base_card.believed(calibration, pooled, train_only),
                *more,
            ],
        )
        shutil.rmtree(SHIPPED / short, ignore_errors=True)
        shutil.copytree(made, SHIPPED / short)
    folder = ROOT / "docs/results" / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "card.md", Bundle.load(short).card)
    write_whole(folder / "calibration.json", calibration.to_json())
    write_kept(pooled, folder / "crossval.json")
    write_kept(train_only, folder / "valid.json")
    print(pooled.to_text())
    print(train_only.to_text())


def head_data(tracks: tuple[Track, ...], *, n_whole: int, cache: Path) -> HeadData:
    """What the head learns from: whole clips first, which alone are judged, the thin genres' cuts, and the full genres'
    cuts, which count half."""
    windows = musicnn_windows(tracks, cache=cache, n_workers=2)
    order = np.arange(len(tracks))
    cut = np.array([track.segment_of is not None for track in tracks])
    return HeadData(
        tracks,
        mean_rows(tracks, windows),
        windows,
        spread=spread_rows(windows),
        weights=np.where(cut, CUT_WEIGHT, 1.0),
        judged=order < n_whole,
    )


def part_of(data: HeadData, places: list[int]) -> HeadData:
    """The data of the tracks at some places."""
    arrays = {
        name: getattr(data, name)[places]
        for name in ("rows", "spread", "mn04", "weights", "judged")
        if getattr(data, name) is not None
    }
    return dataclasses.replace(
        data, tracks=[data.tracks[i] for i in places], windows=[data.windows[i] for i in places], **arrays
    )


def out_of_fold(
    recipe: TabularRecipe, clips: Sequence[Track], logits: FloatArray, *, taxonomy: Taxonomy, seed: int
) -> Report:
    """The report on answers by models that have not heard an artist."""
    classes = classes_of(clips, taxonomy=taxonomy)
    probabilities = probabilities_of(logits, temperature=fit_temperature(logits, targets=classes))
    return build_report(
        [
            TrackRow.answered(track.id, track.artist, track.genre, p, names=taxonomy.names)
            for track, p in zip(clips, probabilities, strict=True)
        ],
        Subject(
            recipe.name,
            "-",
            dataset="gtzan",
            names=taxonomy.names,
            split=f"{N_FOLDS} folds by artist, seed {seed}",
            part="out of fold, over train+valid",
            experimental=under_supported(taxonomy, clips),
            notes=(
                f"{N_FOLDS} models of the recipe {recipe.name!r}, each answering artists it has not heard",
                "one temperature, fitted on these answers together",
            ),
        ),
    )


def limits_among(
    clips: Sequence[Track], windows: Windows, others: Sequence[Windows], *, confidence: FloatArray
) -> Abstention:
    """When the model abstains: docs/other-music.md. ``others``: music that takes no part in its training, by source."""
    detector = read_not_music()
    own = out_of_fold_screens(clips, windows, seed=SEED)
    strange = Screens(fit_unlikeness(windows))
    unlikeness = [own[:, 1], *(screens_of(strange, source)[:, 1] for source in others)]
    max_unlikeness = limit_among(unlikeness, UNLIKE_SHARE)
    styles, tags, taxonomy = read_styles(), read_weights().tags, registry.taxonomy("gtzan", clips)
    outside = [
        is_outside(
            styles.listed(dict(zip(tags, tag_logits(its).mean(axis=0).tolist(), strict=True))),
            reason=None,
            confidence=float(sure),
            taxonomy=taxonomy,
        )
        for its, sure in zip(windows, confidence, strict=True)
    ]
    refused = (own[:, 0] > detector.limit) | (own[:, 1] > max_unlikeness) | np.array(outside)
    more = max(0, int(HELD_BACK * len(clips)) - int(refused.sum()))
    return Abstention(
        max_not_music=detector.limit,
        max_unlikeness=max_unlikeness,
        min_confidence=float(np.sort(confidence[~refused])[more]),
    )


def folds_of(tracks: Sequence[Track]) -> NDArray[np.int64]:
    """(n,) the fold that answers each track, as in :func:`out_of_fold_logits`."""
    folds = np.zeros(len(tracks), dtype=np.int64)
    for k, (_, answer) in enumerate(fold_rows(tracks, seed=SEED)):
        folds[answer] = k
    return folds


def ship_lite() -> None:
    """The shipped base with windows that do not overlap, as a model of its own."""
    base = read_bundle(SHIPPED / "base")
    manifest = dataclasses.replace(base.manifest, name=LITE, windows=WindowSettings(N_FRAMES, N_FRAMES))
    figures = base_card.lite(ROOT / "docs/results" / LITE / "lite.json")
    card = model_card(manifest, calibrated_on=CALIBRATED_ON, figures=figures, notice=read_weights().notice)
    write_bundle(
        SHIPPED / "lite",
        manifest=manifest,
        predict_onnx=base.files[PREDICT],
        track_term=base.files[TRACK_TERM],
        card=card,
    )


if __name__ == "__main__":
    main()
