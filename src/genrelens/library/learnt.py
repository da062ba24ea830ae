"""What a learning gave: the model, how well it will do, and what it cannot do."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genrelens.bundle.manifest import Manifest
from genrelens.evaluation.multi_label import MultiLabelReport
from genrelens.evaluation.report import Report
from genrelens.evaluation.report_text import WIDTH, counted, percent
from genrelens.library.pairs import OFTEN, Pair
from genrelens.metrics import Interval
from genrelens.schema import encode, json_text

SCHEMA: Final = "genrelens.learn/1"
N_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Learned:
    """The model at ``bundle``, ``report`` of its siblings' out-of-fold answers, ``chance`` the figure of knowing
    nothing.

    ``chance`` is the share of the most frequent genre, which always naming it would get right; for several genres a
    track the mean of the genres' shares, the mean average precision of a coin. ``left_out`` are ids and reasons of
    files that could not be heard, ``pairs`` those that are not shown to be told apart or are often mistaken.
    """

    bundle: Path
    name: str
    hash: str
    multi_label: bool
    n_folds: int
    seed: int
    report: Report | MultiLabelReport
    chance: float
    commonest: str
    n_unknown_artists: int
    pairs: tuple[Pair, ...]
    left_out: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """How well it will do, in a sentence or two."""
        return _verdict(self)

    def to_json(self) -> str:
        """One JSON document, ``"schema": "genrelens.learn/1"``; the report stands in it as it does alone."""
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "bundle": str(self.bundle),
            "name": self.name,
            "hash": self.hash,
            "multi_label": self.multi_label,
            "genres": list(self.report.names),
            "n_folds": self.n_folds,
            "seed": self.seed,
            "verdict": self.verdict,
            "chance": self.chance,
            "commonest": self.commonest,
            "n_unknown_artists": self.n_unknown_artists,
            "poor_pairs": [encode(pair) for pair in self.pairs],
            "left_out": [{"id": id_, "reason": why} for id_, why in self.left_out],
            "warnings": list(self.warnings),
            "report": json.loads(self.report.to_json()),
        }
        return json_text(document)

    def figures_text(self) -> str:
        """Verdict, figures, pairs and warnings as plain text: what the card holds, too."""
        parts = [_filled(self.verdict), self.report.to_text().rstrip(), _pairs(self)]
        if self.warnings:
            parts.append("Warnings\n" + "\n".join(_item(warning) for warning in self.warnings))
        return "\n\n".join(parts) + "\n"

    def to_text(self) -> str:
        """The above with the files that were left out and where the model is, for a terminal or a pipe."""
        parts = [self.figures_text().rstrip()]
        if self.left_out:
            lines = [f"Not learnt from ({len(self.left_out)})"]
            lines += [_item(f"{id_}: {why}") for id_, why in self.left_out[:N_SHOWN]]
            if len(self.left_out) > N_SHOWN:
                lines.append(_item(f"... and {len(self.left_out) - N_SHOWN} more (the JSON has them all)"))
            parts.append("\n".join(lines))
        parts.append(f"The model: {self.bundle} ({self.hash})")
        return "\n\n".join(parts) + "\n"


def _verdict(learned: Learned) -> str:
    report = learned.report
    whom = "artists that it has not heard"
    if 2 * learned.n_unknown_artists > report.n_tracks:
        whom = "tracks that it has not heard (of artists that it may have heard: most are not known)"
    chance = percent(learned.chance)
    if isinstance(report, MultiLabelReport):
        figure = report.mean_average_precision
        claim = (
            f"On {whom} it should say exactly the true genres for about {_of_100(report.subset_accuracy)} tracks of "
            f"100, and none for {percent(report.undecided)}. Genre by genre, its mean average precision is "
            f"{_of_100(figure)} of 100"
        )
        nothing = f"knowing nothing would give {chance}"
    else:
        figure = report.all_genres.accuracy
        claim = f"On {whom} it should name the right genre for about {_of_100(figure)} tracks of 100"
        nothing = f"always saying {learned.commonest!r}, the commonest, would be right for {chance}"
    if figure.value <= learned.chance or figure.low <= learned.chance:
        return (
            f"It is not shown to be better than chance: {_of_100(figure)} of 100, where {nothing}. It needs more "
            "tracks of more artists before it is of use, or genres that differ more in sound."
        )
    return f"{claim}; {nothing}."


def _of_100(interval: Interval) -> str:
    """``"78 (95 % interval 73 to 82)"``."""
    if math.isnan(interval.low):
        return f"{100 * interval.value:.0f} (no interval can be given)"
    level = f"{100 * interval.level:.0f} % interval"
    return f"{100 * interval.value:.0f} ({level} {100 * interval.low:.0f} to {100 * interval.high:.0f})"


def _pairs(learned: Learned) -> str:
    kinds = (
        ("not_told_apart", "Genres that it is not shown to tell apart (the interval includes a coin's 50 %)"),
        ("often_mistaken", f"Genres that it often mistakes ({percent(OFTEN)} % or more of one called the other)"),
        ("never_apart", "Genres that too few artists have apart to measure it"),
    )
    blocks = []
    for verdict, title in kinds:
        pairs = [pair for pair in learned.pairs if pair.verdict == verdict]
        if not pairs:
            continue
        lost = _lost_genres(pairs, n_genres=len(learned.report.names)) if verdict == "not_told_apart" else {}
        lines = [f"{title}: {len(pairs)}"]
        lines += [
            _item(f"{genre} and {len(others)} of the {len(learned.report.names) - 1} others: {', '.join(others)}")
            for genre, others in lost.items()
        ]
        rest = [pair for pair in pairs if pair.a not in lost and pair.b not in lost]
        lines += [_item(_pair_text(pair)) for pair in rest[:N_SHOWN]]
        if len(rest) > N_SHOWN:
            lines.append(_item(f"... and {len(rest) - N_SHOWN} more (the JSON has them all)"))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) if blocks else "It tells every pair of genres apart."


def _lost_genres(pairs: Sequence[Pair], *, n_genres: int) -> dict[str, list[str]]:
    """Genres that are not told from most of the others (three at least), with those: one line says it better."""
    others: dict[str, list[str]] = {}
    for pair in pairs:
        others.setdefault(pair.a, []).append(pair.b)
        others.setdefault(pair.b, []).append(pair.a)
    most = max(3, n_genres // 2)
    return {genre: sorted(names) for genre, names in sorted(others.items()) if len(names) >= most}


def _pair_text(pair: Pair) -> str:
    if pair.verdict == "never_apart":
        return f"{pair.a} and {pair.b}: {pair.n_a} tracks have the first alone, {pair.n_b} the second alone"
    between = f"between the two it is right for {_of_100(pair.accuracy)} of 100"
    return (
        f"{pair.a} and {pair.b}: {between}; {percent(pair.a_as_b)} % of {counted(pair.n_a, 'track')} of {pair.a} "
        f"called {pair.b}, {percent(pair.b_as_a)} % of {pair.n_b} of {pair.b} called {pair.a}"
    )


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), width=WIDTH, break_long_words=False)


def _item(text: str) -> str:
    one_line = " ".join(text.split())
    return textwrap.fill(one_line, width=WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False)


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
