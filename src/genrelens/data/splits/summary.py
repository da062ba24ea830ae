"""What a split is, in a few numbers: sizes, how much of each part is here, what leaks, where it comes from."""

from __future__ import annotations

import textwrap
from typing import Any

from genrelens.data.splits.split import Split
from genrelens.data.track import Track


def summary(split: Split, tracks: tuple[Track, ...]) -> dict[str, Any]:
    """The numbers as JSON values; ``n_here`` counts the ids of a part that are ``tracks``, or segments of them."""
    here = {track.id for track in tracks}
    wholes = {track.whole for track in tracks}
    of_segments = "segments" in split.leaks
    return {
        "name": split.name,
        "version": split.version,
        "parts": {
            part: {
                "n": len(ids),
                "n_here": sum((id_.rpartition(".")[0] in wholes) if of_segments else (id_ in here) for id_ in ids),
            }
            for part, ids in split.parts.items()
        },
        "leaks": sorted(split.leaks),
        "provenance": split.provenance,
    }


def summary_text(row: dict[str, Any]) -> str:
    """The same for people."""
    parts = ", ".join(f"{part} {size['n_here']:,} of {size['n']:,}" for part, size in row["parts"].items())
    leaks = f"LEAKS {', '.join(row['leaks'])}" if row["leaks"] else "leaks nothing that is known"
    about = textwrap.fill(row["provenance"], 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return f"{row['name']} (version {row['version']}), {leaks}\n  here: {parts}\n{about}"
