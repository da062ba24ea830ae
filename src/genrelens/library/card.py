"""The card of a model that somebody made of their own music."""

from __future__ import annotations

import textwrap

from genrelens.bundle.manifest import Manifest


def own_card(manifest: Manifest, *, figures: str, calibrated_on: str, notice: str) -> str:
    """Markdown; ``figures`` is the text of the learning, set as it is, so that no name in it can become markup."""
    training, n = manifest.training, len(manifest.training.trained_on)
    how = (
        "one-vs-rest logistic regression, several genres a piece"
        if manifest.multi_label
        else "logistic regression, one genre a piece"
    )
    return f"""# A model of somebody's own genres

Made by `genrelens learn` (genrelens {training.genrelens_version}, seed {training.seed}) from {n} tracks of
somebody's own music, labelled by them; the ids are in `manifest.json`. musicnn's trained layers, frozen, and {how} on a
track's mean embedding.

- **Calibrated on**: {calibrated_on} (temperature {manifest.temperature:.3f}).
- **Licence**: {manifest.licence} for what genrelens adds; the music it learnt from is not in it.

## Figures

Answers out of fold: each track by a model that has heard neither it nor its artist, where artists are known. The
model itself has heard all tracks; the figures are those of its siblings, which learnt from some four fifths of them.
The temperature is fitted on the same answers.

{textwrap.indent(figures, "    ")}
## Limits

It knows the genres above and nothing else, as they were labelled where it learnt them. Speech, noise and music far from
what it learnt from should get no answer but the reason `not_music` or `unlike_training`; other music gets one of these
genres, or none where the model is not sure of any.

## Notice

{notice}"""
