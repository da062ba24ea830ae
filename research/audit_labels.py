"""How many planted wrong labels the audit suspects: the table in docs/audit.md.

    python research/audit_labels.py ../shared/data

Takes Kaggle's 57 descriptors of GTZAN's clips (``features_30_sec.csv``) without those known to be faulty, gives one
track in twenty another genre at random, and counts how many of them are among the suspects. Then the clips that the
fault-filtered split leaves out are put back, with the labels that they have.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from genrelens.audit.labels import apart, out_of_fold, suspects
from genrelens.data import Track, gtzan
from genrelens.features import join, read_table

FLIPPED = 0.05
N_SEEDS = 5


def suspected(tracks: Sequence[Track], values: np.ndarray) -> set[str]:
    kept, _ = apart(tracks)
    rows = {track.id: i for i, track in enumerate(tracks)}
    judgement = out_of_fold(kept, values[[rows[track.id] for track in kept]])
    findings, notes = suspects(kept, judgement, path_of={track.id: track.id for track in kept})
    print(*(f"  {note}" for note in notes), sep="\n")
    return {finding.tracks[0] for finding in findings}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    facts = gtzan.facts()
    everything = [
        Track(id_, Path(id_), id_.split(".")[0], facts.artists.get(id_), "gtzan", facts.recordings.get(id_))
        for id_ in gtzan.all_ids()
    ]
    joined = join(read_table(given.data / "gtzan" / "features_30_sec.csv"), everything)
    tracks, values = joined.tracks, joined.table.values
    good = [i for i, track in enumerate(tracks) if track.id not in facts.left_out]
    names = sorted({track.genre for track in tracks})
    shares = []
    for seed in range(N_SEEDS):
        rng = np.random.default_rng(seed)
        flipped = [tracks[i] for i in good]
        wrong = rng.choice(len(flipped), round(FLIPPED * len(flipped)), replace=False)
        for i in wrong:
            others = [name for name in names if name != flipped[i].genre]
            flipped[i] = replace(flipped[i], genre=str(rng.choice(others)))
        found = suspected(flipped, values[good])
        hits = sum(flipped[i].id in found for i in wrong)
        shares.append((hits / len(found), hits / len(wrong)))
        print(f"seed {seed}: {len(wrong)} of {len(flipped)} flipped, {len(found)} suspected, {hits} of them right")
    precision, recall = np.mean(shares, axis=0)
    print(f"mean precision {precision:.2f}, recall {recall:.2f}")
    found = suspected(tracks, values)
    left_out = {track.id for track in tracks if track.id in facts.left_out}
    print(
        f"as they are: {len(found)} of {len(tracks)} suspected, {len(found & left_out)} of the {len(left_out)} that "
        f"the fault-filtered split leaves out among them; {', '.join(sorted(found))}"
    )


if __name__ == "__main__":
    main()
