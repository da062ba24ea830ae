"""Write docs/reproduce.md from the JSON of each reproduction, and copy what a new one made into docs/reproduce.

python tools/reproduce_page.py                              # the page, from docs/reproduce/*/reproduce.json
python tools/reproduce_page.py --take s4=runs/reproduce-s4  # first take a run's JSON and main figures over
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from genrelens.systems.result import Reproduction, to_markdown

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FIGURES = {
    "s0": (
        ("claims", "Accuracy as reported, by a random split and by an honest one"),
        ("attention-judged", "Each map against chance, loudness and occlusion, by deletion and insertion"),
        ("attention-true", "What the answer loses beyond a random fifth without the top fifth of each map"),
        ("attention-heads", "What each head of each layer attends to, over one clip's mel spectrogram"),
        ("attention-genres", "Average attention over time by genre, and the spectrum of what is attended to"),
        ("attention-judged-transformer-2x4", "The same judge on the smaller network's maps"),
        ("attention-true-transformer-2x4", "What the smaller network's answer loses without each map's top fifth"),
        ("confusion", "Confusion matrices by both splits, over all genres (a star: too few to learn from)"),
    ),
    "s1": (
        ("claims", "Accuracies as reported, by its split of rows, and honest"),
        ("comparison", "S1's bar chart with intervals and chance"),
        ("confusion", "Model 4 and the CNN side by side, by their protocol"),
        ("confusion-honest", "Model 4 voted to tracks and the CNN, honest split"),
        ("learning", "Learning curves of the four perceptrons and the CNN"),
        ("correlation", "Correlations of the mean columns"),
        ("tempo", "Tempo by genre, each track once"),
    ),
    "s4": (
        ("claims", "Accuracy by S4's split and by an honest one"),
        ("learning", "Accuracy and loss by epoch"),
        ("confusion", "Confusion matrices by both splits"),
        ("map-embeddings", "t-SNE of the test clips' embeddings"),
    ),
}
INTRO = """\
# The five systems, run again

`genrelens reproduce s0|s1|s2|s3|s4` runs a whole system of others: data, training, evaluation, its own figures.
Everything is done twice: by the system's own protocol on the clips at hand, and on a split that keeps artists
apart. The difference is what the protocol let it claim.

```
genrelens reproduce s4 --data ~/gtzan --out s4
genrelens reproduce s0 --data ~/gtzan --only transformer-2x4 --epochs 13 --out s0      # a quick look, and called one
genrelens reproduce s3 --data ~/gtzan --encoder facebook/wav2vec2-base --out s3
genrelens reproduce s2 --data ~/fma --weights vggish.safetensors --out s2
```

`report.html` in `--out` opens without a network; beside it lie each figure as PNG, the numbers behind it as
CSV, and all of them in `reproduce.json` (`genrelens.reproduce/1`). An interrupted run goes on with the same
command: trainings lie in `--out/runs`, and finished ones are taken as they are. A summary is printed.

- **Their protocol here** is the original's way of cutting, on the clips that are here. Clips known to be faulty
  (repeats, wrong labels, distortions) are left out of both columns, so that part of the originals' leaks is not
  in the figures.
- **The honest split** is GTZAN's fault-filtered one: no artist in two parts. Where nothing of its test part is
  here, its valid part is answered, and the training stops on artists taken out of its train part. FMA's
  official split is honest by itself.
- **One seed, and two test sets.** The two columns answer different tracks. [genrelens leakage](leakage.md) cuts
  the same tracks in every way and shows the cutting alone.
- **S0's attention** is put on trial: what the answer loses without the top fifth of every layer and head, and
  what the checks of [genrelens faithfulness](explain.md) say of its maps. That takes minutes a network, so it is
  kept beside the training (`attention-judged.json`) and done once.
- S2 needs FMA small and S3 a pretrained encoder, which are not here: both run in the tests on miniatures, with
  random weights. Whoever has them has the commands above.
- The [notebook](notebooks/s0.ipynb) walks through S0 on synthetic music.

All that follows is written by `python tools/reproduce_page.py` from the `reproduce.json` of each run; no number
is typed by hand.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--take", action="append", default=[], metavar="SYSTEM=DIR", help="take a run over first")
    for given in parser.parse_args().take:
        system, _, folder = given.partition("=")
        take(system, Path(folder))
    (DOCS / "reproduce.md").write_text(page(), encoding="utf-8")


def take(system: str, run: Path) -> None:
    """Copy a run's JSON and main figures; a figure that it does not have, as of a network not run, goes."""
    target = DOCS / "reproduce" / system
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / "reproduce.json", target / "reproduce.json")
    for name in (f"{key}.png" for key, _ in FIGURES[system]):
        if (run / name).is_file():
            shutil.copyfile(run / name, target / name)
        else:
            (target / name).unlink(missing_ok=True)


def page() -> str:
    """The whole page."""
    parts = [INTRO]
    for system, figures in FIGURES.items():
        folder = DOCS / "reproduce" / system
        if not (folder / "reproduce.json").is_file():
            continue
        found = Reproduction.read(folder / "reproduce.json")
        pictures = [(f"{key}.png", shows) for key, shows in figures if (folder / f"{key}.png").is_file()]
        parts.append(to_markdown(found, folder=f"reproduce/{system}", pictures=pictures))
    return "\n".join(parts)


if __name__ == "__main__":
    main()
