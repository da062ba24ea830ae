"""The FMA tracks at hand one by one, genre and styles beside FMA's own: docs/fma.md and fma.json in base's results.

    python tools/fma_report.py --data ../shared/data

FMA's genres were mapped to styles and genres before the run (docs/other-music.md). The head and the styles have learnt
nothing from these tracks; the detector of what is no music has.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from other_music.material import arguments

from genrelens.bundle import Bundle
from genrelens.bundle.styles import PARENTS
from genrelens.data import registry
from genrelens.files import write_whole

ROOT: Final = Path(__file__).resolve().parents[1]
FAMILIES: Final = {
    "Hip-Hop": ("hip-hop",),
    "Pop": ("pop",),
    "Folk": ("folk",),
    "Experimental": ("experimental", "ambient", "electronic", "electronica"),
    "Rock": ("rock", "metal"),
    "Electronic": ("electronic",),
}
"""FMA's genre -> styles, or families of styles, that are right; others are not counted."""
GENRES: Final = {"Hip-Hop": ("hiphop",), "Pop": ("pop",), "Rock": ("rock", "metal")}
"""FMA's genre -> genres that are right; for others none of the ten is."""


def right(style: str, fma: str) -> bool:
    """Whether a style, or the wider one that it is a kind of, is right for a genre of FMA's."""
    return style in FAMILIES[fma] or PARENTS.get(style) in FAMILIES[fma]


def main() -> None:
    args = arguments(__doc__).parse_args()
    bundle = Bundle.load("base")
    rows = []
    for track in sorted(registry.load(args.data / "fma", dataset="fma_small"), key=lambda t: (t.genre, t.id)):
        found = bundle.predict(track.path)
        rows.append(
            {
                "id": track.id,
                "fma": track.genre,
                "genre": found.genre,
                "guess": found.guess,
                "confidence": round(found.confidence or 0.0, 3),
                "reason": found.reason,
                "styles": [style for style, _ in found.styles],
            }
        )
    styled = [row for row in rows if row["fma"] in FAMILIES]
    named = [row for row in rows if row["fma"] in GENRES]
    counts = {
        "model": bundle.hash,
        "first style right": sum(bool(row["styles"]) and right(row["styles"][0], row["fma"]) for row in styled),
        "one of the styles right": sum(any(right(style, row["fma"]) for style in row["styles"]) for row in styled),
        "tracks whose genre styles can name": len(styled),
        "answer right": sum(row["genre"] in GENRES[row["fma"]] for row in named),
        "guess right": sum(row["guess"] in GENRES[row["fma"]] for row in named),
        "tracks whose genre is among the ten": len(named),
    }
    write_whole(
        ROOT / "docs/results/genrelens-base/fma.json", json.dumps({"counts": counts, "tracks": rows}, indent=1) + "\n"
    )
    among, styled_by = counts["tracks whose genre is among the ten"], counts["tracks whose genre styles can name"]
    lines = [
        "# FMA's tracks at hand, one by one",
        "",
        f"`genrelens-base` {counts['model']}, {len(rows)} tracks of FMA small. Of {among} with a genre of the ten",
        f"{counts['answer right']} are answered rightly ({counts['guess right']} by the guess). Of {styled_by} whose",
        f"genre styles can name the first style is right for {counts['first style right']}, one of those listed for",
        f"{counts['one of the styles right']}. Written by `python tools/fma_report.py --data DATA`.",
        "",
        "| track | FMA says | answer | guess | reason | styles |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        guess = f"{row['guess']} {100 * row['confidence']:.0f} %"
        lines.append(
            f"| {row['id']} | {row['fma']} | {row['genre'] or '-'} | {guess} | {row['reason'] or ''} | "
            f"{', '.join(row['styles'])} |"
        )
    write_whole(ROOT / "docs/fma.md", "\n".join(lines) + "\n")
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
