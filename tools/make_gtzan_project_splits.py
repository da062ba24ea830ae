"""Write the splits of GTZAN that two public projects used, s3 and s1-segments, into the package.

    python tools/make_gtzan_project_splits.py

s3: the project's own list, ``data_split.txt`` at its commit b4c230c5a0d5: 700/200/99 clips. Its dev and test parts are
below; every other clip is in its train part, but for jazz.00054, which stands in none.
s1-segments: made again as the project made it, with the pseudo-random numbers of NumPy's RandomState and of
scikit-learn, from the 9,990 row names of Kaggle's ``features_3_sec.csv``. Needs the extra [train].
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from genrelens.data.gtzan import all_ids, segment_ids
from genrelens.data.splits.split import Split
from genrelens.taxonomy import GTZAN

PACKAGE_DATA = Path(__file__).resolve().parent.parent / "src" / "genrelens" / "data" / "gtzan"

S3_DEV = """
pop 24 95 31 22 61 93 8 7 45 10 49 3 60 99 98 91 57 90 68 2
metal 19 46 92 93 77 10 32 43 87 41 70 86 69 99 60 26 23 18 47 53
disco 88 97 60 64 53 0 70 87 35 55 28 84 66 58 25 49 22 23 26 89
blues 49 51 32 93 71 20 40 95 30 54 31 14 7 57 39 33 47 46 10 13
reggae 90 83 16 31 37 44 64 4 20 71 96 50 62 81 74 91 49 45 59 2
classical 17 94 89 31 87 56 4 12 46 14 57 30 51 5 52 22 24 81 59 53
rock 89 40 94 46 70 4 65 37 91 92 51 83 88 35 19 42 20 32 93 18
hiphop 8 78 36 15 11 54 22 76 67 43 96 27 50 93 32 40 25 1 29 52
country 51 74 50 48 70 84 26 23 79 90 72 68 45 55 40 18 19 95 20 88
jazz 62 83 40 36 91 31 71 5 64 97 63 20 73 69 4 65 52 38 57 84
"""
S3_TEST = """
pop 15 5 96 72 82 75 42 77 80 78
metal 39 88 75 62 4 35 73 48 7 91
disco 1 3 18 24 56 75 99 9 78 40
blues 59 26 63 2 80 89 64 18 79 12
reggae 38 34 67 70 56 86 30 57 27 88
classical 11 29 40 42 88 37 38 74 84 62
rock 30 43 56 73 12 66 57 17 86 64
hiphop 10 87 59 60 18 24 12 39 61 57
country 93 1 91 54 73 36 81 60 77 27
jazz 6 74 11 37 95 46 47 7 78
"""
S3_LEFT_OUT = "jazz.00054"
S1_SEED = 0


def ids(text: str) -> tuple[str, ...]:
    """``"pop 24 95"`` a line -> ids, in order."""
    rows = [line.split() for line in text.split("\n") if line]
    return tuple(sorted(f"{genre}.{int(number):05d}" for genre, *numbers in rows for number in numbers))


def s3() -> Split:
    valid, test = ids(S3_DEV), ids(S3_TEST)
    elsewhere = {*valid, *test, S3_LEFT_OUT}
    return Split(
        name="s3",
        version=1,
        parts={"train": tuple(clip for clip in all_ids() if clip not in elsewhere), "valid": valid, "test": test},
        leaks=frozenset({"artists", "duplicates"}),
        provenance=(
            "S3's own list (its data_split.txt at commit b4c230c5a0d5, read as a fact): 700/200/99 clips, 70/20/10 of "
            "each genre by clip; jazz.00054, unreadable in Kaggle's copy, is in no part. For comparison only: it "
            "leaks artists and repeats (disco.00098 trains and disco.00099 tests, and they are one recording), and "
            "takes in the clips that the fault-filtered split leaves out and clips of that split's test part: no model "
            "that is to be trusted is trained on it."
        ),
    )


def s1_segments() -> Split:
    from sklearn.model_selection import train_test_split

    rows = np.array([row for clip in all_ids() for row in segment_ids(clip)])
    # pandas: df.sample(frac=1, random_state=0) draws with RandomState(0).choice without replacement
    shuffled = rows[np.random.RandomState(S1_SEED).choice(len(rows), size=len(rows), replace=False)]

    def cut(names: np.ndarray) -> list[np.ndarray]:
        genres = [GTZAN.names.index(name.split(".")[0]) for name in names]
        halves: list[np.ndarray] = train_test_split(names, train_size=0.75, random_state=S1_SEED, stratify=genres)
        return halves

    train, rest = cut(shuffled)
    valid, test = cut(rest)
    return Split(
        name="s1-segments",
        version=1,
        parts={
            "train": tuple(sorted(train.tolist())),
            "valid": tuple(sorted(valid.tolist())),
            "test": tuple(sorted(test.tolist())),
        },
        leaks=frozenset({"segments", "artists", "duplicates"}),
        provenance=(
            "S1's split of the 9,990 rows of 3 s of Kaggle's features_3_sec.csv, made again by its own procedure: rows "
            "shuffled (random_state 0), then cut twice by scikit-learn's train_test_split (train_size 0.75, "
            "random_state 0, stratified): 7,492/1,873/625 rows. For comparison only: nearly every test row has other "
            "rows of the same clip in training, so it measures memory for clips; artists and repeats leak as well. "
            "That ten clips have nine rows is known from their lengths (at most 661,500 samples)."
        ),
    )


def documents() -> dict[str, str]:
    """File name -> text of everything that this script writes."""
    return {"s3.json": s3().to_json(), "s1-segments.json": s1_segments().to_json()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the splits of two public projects.")
    parser.add_argument("--out", type=Path, default=PACKAGE_DATA)
    arguments = parser.parse_args()
    for name, text in documents().items():
        (arguments.out / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {len(text):,} characters")


if __name__ == "__main__":
    main()
