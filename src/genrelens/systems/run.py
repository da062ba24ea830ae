"""One system by name: data, training, evaluation, figures, page."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from genrelens.data import registry
from genrelens.errors import DataError
from genrelens.recipe import AnyRecipe
from genrelens.systems.job import Job, Outcome

SYSTEMS: Final[Mapping[str, tuple[str, str]]] = {
    "s0": ("gtzan", "genrelens.systems.s0"),
    "s1": ("gtzan", "genrelens.systems.s1"),
    "s2": ("fma_small", "genrelens.systems.s2"),
    "s3": ("gtzan", "genrelens.systems.s3"),
    "s4": ("gtzan", "genrelens.systems.s4"),
}
"""Name -> the data set that it is of, and its own file, which has ``check(job)`` and ``run(job) -> Outcome``."""

N_SHOWN: Final = 3
_GET: Final = {
    "gtzan": "GTZAN, ten folders of genres with files like blues/blues.00000.wav",
    "fma_small": "FMA small (genrelens data fetch fma_metadata, then genrelens data fetch fma_small; 8 GB)",
}


def reproduce(
    system: str,
    *,
    data: Path | None,
    out: Path,
    cache: Path,
    seed: int = 0,
    command: str = "",
    say: Callable[[str], None] = lambda line: None,
    recipes: Mapping[str, AnyRecipe] | None = None,
    weights: Path | None = None,
    encoder: str | None = None,
    only: str | None = None,
    epochs: int | None = None,
) -> Outcome:
    """Run a system of :data:`SYSTEMS` and write its page to ``out``. The same call goes on with an interrupted run.

    Raises :class:`DataError` on a data set that is not the system's, and where ``out`` holds anything else; what the
    system's own networks start from is checked before any work.
    """
    from genrelens.systems import page

    if system not in SYSTEMS:
        raise DataError(f"unknown system {system!r}; known: {', '.join(SYSTEMS)}")
    wanted, module = SYSTEMS[system]
    loaded = registry.open_dataset(data)
    if loaded.dataset != wanted:
        raise DataError(
            f"{system.upper()} was made on {_GET[wanted]}; {str(data or 'GENRELENS_DATA')!r} is {loaded.dataset}. Give "
            "its folder with --data",
            code="other_dataset",
        )
    faulty = registry.never_train(loaded.dataset)
    job = Job(
        loaded=loaded,
        tracks=tuple(track for track in loaded.tracks if track.id not in faulty),
        out=out,
        cache=cache,
        seed=seed,
        command=command or f"genrelens reproduce {system} --data DIR --out DIR --seed {seed}",
        say=say,
        recipes=recipes or {},
        weights=weights,
        encoder=encoder,
        only=only,
        epochs=epochs,
    )
    own = importlib.import_module(module)
    own.check(job)
    page.FOLDER.claim(out)
    outcome: Outcome = own.run(job)
    more = [*loaded.notes]
    if loaded.left_out:
        some = "; ".join(f"{what}: {why}" for what, why in loaded.left_out[:N_SHOWN])
        more.append(f"Left out, {len(loaded.left_out)} of the files: {some}.")
    if epochs is not None:
        more.append(f"A quick look: each network had {epochs} epochs at most, whatever its recipe says.")
    found = outcome.reproduction
    outcome = Outcome(replace(found, notes=(*found.notes, *more)), outcome.sections)
    say("drawing")
    page.write(outcome, out=out)
    return outcome
