"""Write the facts and splits of GTZAN that genrelens carries, from the index of its clips.

    python tools/make_gtzan_facts.py ../shared/data/gtzan_index.csv

The index has the columns clip, genre, artist, title, fault_filtered_part. Artists and repeats: Sturm (2012,
"An analysis of the GTZAN music genre dataset"; corrected 2014; arXiv 1306.1461). Fault-filtered parts:
Kereliuk, Sturm & Larsen (2015, arXiv 1507.04761). ``tests/data/test_gtzan_facts.py`` runs this again and
compares.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from genrelens.data.splits.split import Split
from genrelens.taxonomy import GTZAN

PACKAGE_DATA = Path(__file__).resolve().parent.parent / "src" / "genrelens" / "data" / "gtzan"

# Bit-identical rows in Kaggle's features_30_sec.csv, so identical audio.
EXACT = """
disco.98/disco.99 hiphop.39/hiphop.45 hiphop.76/hiphop.78 metal.34/metal.94 metal.40/metal.61
metal.41/metal.62 metal.42/metal.63 metal.43/metal.64 metal.44/metal.65 metal.45/metal.66 metal.58/rock.16
pop.54/pop.60 pop.67/pop.71 reggae.81/reggae.82
"""
# Standardised distance of those rows < 1, and the index gives one artist and title for both.
NEAR = """
pop.15/pop.22 pop.47/pop.80 pop.87/pop.90 reggae.73/reggae.74 pop.45/pop.46 jazz.33/jazz.51 jazz.35/jazz.55
jazz.46/jazz.72 pop.56/pop.59 pop.30/pop.31 jazz.39/jazz.65
"""
S4_SEED = 42


def pairs(text: str) -> list[list[str]]:
    return [[_clip(name) for name in pair.split("/")] for pair in text.split()]


def _clip(short: str) -> str:
    genre, number = short.split(".")
    return f"{genre}.{int(number):05d}"


def one_spelling(artists: list[str]) -> dict[str, str]:
    """Spellings differing in case, punctuation, "the", "and" and "&" are one artist; the commonest stays."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for artist in artists:
        words = [word for word in re.findall(r"\w+", artist.casefold()) if word not in ("the", "and")]
        spellings[" ".join(words)][artist] += 1
    return {
        artist: min(counts, key=lambda name: (-counts[name], name))
        for counts in spellings.values()
        for artist in counts
    }


def facts(rows: list[dict[str, str]]) -> dict[str, object]:
    names = one_spelling([row["artist"] for row in rows if row["artist"]])
    return {
        "kind": "genrelens gtzan facts",
        "schema": 1,
        "provenance": "artists: Sturm 2012, corrected 2014; left out: Kereliuk, Sturm & Larsen 2015",
        "artists": {row["clip"]: names[row["artist"]] for row in rows if row["artist"]},
        "left_out": [row["clip"] for row in rows if not row["fault_filtered_part"]],
        "exact_duplicates": pairs(EXACT),
        "near_duplicates": pairs(NEAR),
    }


def fault_filtered(rows: list[dict[str, str]]) -> Split:
    return Split(
        name="fault-filtered",
        version=1,
        parts={
            part: tuple(row["clip"] for row in rows if row["fault_filtered_part"] == part)
            for part in ("train", "valid", "test")
        },
        provenance=(
            "The fault-filtered split of Kereliuk, Sturm & Larsen 2015 (arXiv 1507.04761): 443/197/290 "
            "clips, no artist in two parts, 70 repeated, distorted or mislabelled clips left out. Artists "
            "are compared as credited: a guest's own clips may stand in another part (Donna Summer with "
            "Barbra Streisand, Shania Twain among five, Bob Marley with Lauryn Hill), and so may clips "
            "whose artist is unknown."
        ),
    )


def s4(clips: list[str]) -> Split:
    rng = np.random.default_rng(S4_SEED)
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for genre in GTZAN.names:
        of_genre = sorted(clip for clip in clips if clip.startswith(genre + "."))
        shuffled = [of_genre[i] for i in rng.permutation(len(of_genre))]
        for part, ids in zip(parts, (shuffled[:64], shuffled[64:80], shuffled[80:]), strict=True):
            parts[part] += sorted(ids)
    return Split(
        name="s4",
        version=1,
        parts={part: tuple(ids) for part, ids in parts.items()},
        leaks=frozenset({"artists", "duplicates"}),
        provenance=(
            "The usual way to split GTZAN, for comparison only: 64/16/20 of the 100 clips of each genre at "
            f"random, by clip. S4's proportions and its seed {S4_SEED} from a sorted list, drawn by NumPy's "
            "PCG64 and so not scikit-learn's permutation. It leaks artists and repeats, and takes in the "
            "clips that the fault-filtered split leaves out and clips of that split's test part: no model "
            "that is to be trusted is trained on it."
        ),
    )


def documents(index: Path) -> dict[str, str]:
    """File name -> text of everything that this script writes."""
    with index.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["clip"])
    return {
        "facts.json": json.dumps(facts(rows), indent=1, ensure_ascii=False) + "\n",
        "fault-filtered.json": fault_filtered(rows).to_json(),
        "s4.json": s4([row["clip"] for row in rows]).to_json(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the package data about GTZAN.")
    parser.add_argument("index", type=Path, help="gtzan_index.csv")
    parser.add_argument("--out", type=Path, default=PACKAGE_DATA)
    arguments = parser.parse_args()
    for name, text in documents(arguments.index).items():
        (arguments.out / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {len(text):,} characters")


if __name__ == "__main__":
    main()
