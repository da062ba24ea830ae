"""``genrelens faithfulness``: are a model's explanations true?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli.train import DataOption, DatasetOption, SplitOption

N_SHUFFLED = 20
"""Tracks whose maps are compared with those of the shuffled network."""


def faithfulness(
    bundle: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="A model: a bundle's path, or base.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder for faithfulness.json and the figure.", show_default=False
        ),
    ],
    data: DataOption = None,
    dataset: DatasetOption = None,
    split: SplitOption = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help='Part to sample from; "train+valid" joins two.')
    ] = "valid",
    n: Annotated[int, typer.Option("--tracks", min=5, metavar="N", help="Tracks in the sample.")] = 50,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            metavar="M,M",
            help="Only these methods and controls (default: all that the model can be asked).",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="K", help="Processes (default: one a core).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Judge a model's explanations against maps that explain nothing: chance, loudness, onsets, raw attention.

    Each map's parts are taken out, the highest first, and put in again; what becomes of the class's probability is the
    verdict. A method is judged only by fills that it was not made with. The first method that knows of classes also has
    to point at 5 s of another genre inside a piece, and its maps to change when the weights are shuffled. The sample is
    fixed by its size; intervals are over artists. Needs the extra [train]. Takes some 20 s a track and core for the
    shipped model.

    \b
    Examples:
      genrelens faithfulness base --data ~/gtzan --out faith
      genrelens faithfulness runs/t44/bundle --data ~/gtzan --methods occlusion,attention,random --out faith
    """
    from genrelens import parallel
    from genrelens.bundle import Bundle
    from genrelens.cli.progress import ProgressLine
    from genrelens.cli.tracks import find_split, load_tracks
    from genrelens.data import registry
    from genrelens.explain import faithfulness_report
    from genrelens.explain.faithfulness import check_methods, judge_tracks, methods_of, sample
    from genrelens.explain.methods import GRADIENT_METHODS, OCCLUSION_METHODS
    from genrelens.explain.randomise import agreement, randomised
    from genrelens.explain.splicing import pairs, point
    from genrelens.files import write_whole
    from genrelens.report import faithfulness_figure, figure_style

    model = Bundle.load(bundle)
    asked = methods_of(model) if methods is None else tuple(name.strip() for name in methods.split(","))
    check_methods(asked, bundle=model)
    name, tracks = load_tracks(data, dataset=dataset)
    named_split = find_split(split, dataset=name, tracks=tracks)
    faulty = registry.never_train(name)
    there = [track for track in named_split.part(tracks, part) if track.id not in faulty]
    chosen = sample(there, n=n)
    heard = set(model.manifest.training.trained_on)
    n_heard = sum(track.id in heard for track in chosen)
    out.mkdir(parents=True, exist_ok=True)
    with ProgressLine(total=len(chosen)) as line:
        judged = judge_tracks(
            model,
            chosen,
            methods=asked,
            n_workers=workers or parallel.n_cores(),
            progress=lambda done, total: line.show("judged"),
        )
    checks = None
    # Controls and plain attention know of no class, and the shuffled network has no attention to show.
    first = next((m for m in asked if m in (*OCCLUSION_METHODS, *GRADIENT_METHODS)), None)
    if first is not None:
        spliced = pairs(there, n=n)
        with ProgressLine(total=len(spliced)) as line:
            pointings = point(model, spliced, method=first, progress=lambda done, total: line.show("splices"))
        with tempfile.TemporaryDirectory() as folder:
            shuffled = randomised(model, seed=0, out=Path(folder) / "shuffled")
            agrees = agreement(model, shuffled, chosen[:N_SHUFFLED], method=first)
        checks = faithfulness_report.sanity(
            first,
            pointings,
            agreement=agrees.tolist(),
            groups=[track.group for track in chosen[:N_SHUFFLED]],
        )
    report = faithfulness_report.build(
        judged,
        model=model.name,
        model_hash=model.hash,
        sample=f"{name}, {named_split.name}, {part}, {len(chosen)} of {len(there)}",
        sanity=checks,
        notes=[f"{n_heard} of these tracks were among those that the model learnt from"] if n_heard else [],
    )
    write_whole(out / "faithfulness.json", report.to_json())
    figure_style.save(faithfulness_figure.curves_figure(report), out / "faithfulness.png")
    typer.echo(report.to_json() if as_json else report.to_text())
