"""Write docs/fingerprint.md from what ``genrelens fingerprint`` wrote: docs/fingerprint/NAME/.

    python tools/fingerprint_page.py --take runs/fingerprint base-train     copy a run's files, then write the page
    python tools/fingerprint_page.py                                        write the page again
    python tools/fingerprint_page.py --check                                exit 1 when the page is not what they say

No number on the page is typed: notes.md, with which it begins, has none, and the rest are the
command's own sentences.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/fingerprint"
PAGE = ROOT / "docs/fingerprint.md"
NOTES = FOLDER / "notes.md"
KEPT = ("fingerprint.json", "fingerprint.md", "*.png")

TITLES = {
    "base-train": "The shipped model's twin",
    "transformer-2x4": "A transformer on mel spectrograms (S4, two layers of four heads)",
}
SECTIONS = {
    "transformer-2x4": (
        "Which frequencies speak for a genre",
        "What differs",
        "Is the map's axis the voice?",
        "Against the beat",
        "Heads that specialise",
    )
}
"""Of which models only these sections stand on the page; of the others all but the tracks' tables."""
LEFT_OUT = ("The most typical tracks",)
RUN = "genrelens fingerprint runs/{} --data ~/gtzan --per-genre {} --out runs/{}"
COMMANDS = {
    "base-train": RUN.format("base-train", 25, "fingerprint"),
    "transformer-2x4": RUN.format("transformer-2x4", 8, "fingerprint-2x4"),
}


def page() -> str:
    """The page as it should be."""
    parts = [NOTES.read_text("utf-8")]
    for folder in sorted(path for path in FOLDER.iterdir() if path.is_dir()):
        name = folder.name
        parts.append(f"## {TITLES.get(name, name)}\n\n```\n{COMMANDS.get(name, '')}\n```\n")
        text = (folder / "fingerprint.md").read_text("utf-8").replace("](", f"](fingerprint/{name}/")
        lead, *sections = text.split("\n## ")
        parts.append(lead.strip() + "\n")
        for section in sections:
            title = section.partition("\n")[0]
            if title in LEFT_OUT or title not in SECTIONS.get(name, (title,)):
                continue
            parts.append(f"### {section.strip()}\n")
        parts.append(
            f"Every finding: [fingerprint.json](fingerprint/{name}/fingerprint.json). The command also writes "
            "every test.\n"
        )
    return "\n".join(parts)


def take(run: Path, name: str) -> None:
    """Copy what is kept of a run."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in KEPT:
        for path in run.glob(pattern):
            shutil.copyfile(path, folder / path.name)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--take", nargs=2, metavar=("RUN", "NAME"))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.take:
        take(Path(options.take[0]), options.take[1])
    made = page()
    if options.check:
        if not PAGE.is_file() or PAGE.read_text("utf-8") != made:
            print(f"{PAGE.name} not up to date: python tools/fingerprint_page.py", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(made, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
