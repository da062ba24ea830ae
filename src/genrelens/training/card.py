"""The model card: what a bundle is, what it was made from, and figures that somebody measured."""

from __future__ import annotations

from collections.abc import Sequence

from genrelens.bundle.manifest import Manifest


def model_card(
    manifest: Manifest,
    *,
    calibrated_on: str = "the tracks that stopped it",
    figures: Sequence[str] = (),
    notice: str = "",
) -> str:
    """Markdown of a bundle's card; ``figures`` are paragraphs or tables made from reports, never typed by hand.

    ``notice``: the licence of weights that are somebody else's.
    """
    training = manifest.training
    experimental = ", ".join(manifest.experimental) or "none"
    measured = "\n\n".join(figures) or "None yet: `genrelens evaluate` measures them."
    stopped = (
        f"{len(training.stopped_on)} other tracks, of other artists"
        if training.stopped_on
        else "nothing: it has no early stopping"
    )
    theirs = f"\n## Notice\n\n{notice}" if notice else ""
    return f"""# {manifest.name}

Names the genre of a piece of music, one of: {", ".join(manifest.taxonomy.names)}.

- **Recipe**: `{manifest.name}` of genrelens {training.genrelens_version}, seed {training.seed}.
- **Trained on**: {len(training.trained_on)} tracks of {training.dataset}, split {training.split}; their ids are in
  `manifest.json`.
- **Stopped on**: {stopped}.
- **Calibrated on**: {calibrated_on} (temperature {manifest.temperature:.3f}).
- **Experimental genres** (too few clips to learn from or to measure, accuracy not measurable yet): {experimental}.
- **Licence**: {manifest.licence}.

## Figures

{measured}

## Limits

It knows the genres above and nothing else, as they were labelled in the data named above. The music is
mostly Western, mostly recorded before 2002. {_others(manifest)}
{theirs}"""


def _others(manifest: Manifest) -> str:
    """What becomes of sounds that are none of the genres."""
    if manifest.abstention.needs_screens:
        return """Speech, noise and music far from what it learnt from should get no
answer but the reason `not_music` or `unlike_training`; music of other kinds that is nearer gets one of these genres."""
    return """Speech, noise and music of other kinds get one of these genres
too, unless the sound is silent or shorter than a second."""
