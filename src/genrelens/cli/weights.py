"""``genrelens weights``: others' weights, made into what is read: VGGish's, and mn04's for the model plus."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import option
from genrelens.cli.terminal import Progress, line, wrote


class Model(StrEnum):
    """Models whose weights can be fetched."""

    plus = "plus"


def fetch(
    model: Annotated[Model, options.argument("MODEL", "plus.")],
    released: Annotated[
        Path | None, options.argument("FILE", "The released file, mn04_as_mAP_432.pt; without it, it is downloaded.")
    ] = None,
) -> None:
    """Get the weights that the model plus needs and does not bring: EfficientAT's mn04, 4 MB, MIT licence.

    The released file is downloaded or given, its SHA-256 has to be the published one, and no code in it is run. It is
    made, once, into a graph in the folder that the system has for a user's data (XDG_DATA_HOME), which takes the extra
    'pretrained'; afterwards nothing of that is needed.

    \b
    Examples:
      genrelens weights fetch plus
      genrelens weights fetch plus mn04_as_mAP_432.pt
      genrelens predict song.mp3 --model plus
    """
    from genrelens.training.mn04 import fetch_mn04

    with Progress("downloading", unit="bytes") as progress:
        made = fetch_mn04(released, progress=lambda stage, done, total: progress.show(done, total, what=stage))
    wrote(made, then="genrelens predict song.mp3 --model plus", for_scripts=True)


def vggish(
    out: Annotated[Path, option("--out", "FILE", "File that the weights go to (.safetensors).")],
    released: Annotated[Path | None, options.argument("FILE", "The released file, vggish-10086976.pth.")] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Get the released file first (275 MB), beside --out.")
    ] = False,
    random: Annotated[
        bool, typer.Option("--random", help="Make weights that know nothing, to try things with.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Seed of random weights.")] = 0,
) -> None:
    """Convert the released weights of VGGish to safetensors, the one form that is read afterwards.

    The file is that of torchvggish, a port of Google's. Its SHA-256 has to begin with the digits in its name, all of
    its tensors have to have VGGish's shapes, and no code in it is run. The whole SHA-256 is printed, and kept in the
    new file. What is made of --random weights says so: in its name, its card and its reports.

    \b
    Examples:
      genrelens weights vggish --download --out vggish.safetensors
      genrelens weights vggish vggish-10086976.pth --out vggish.safetensors
      genrelens weights vggish --random --seed 0 --out random.safetensors
      genrelens train vggish-svm --weights vggish.safetensors --data ~/fma_small --out runs/vggish
    """
    if (released is not None) + download + random != 1:
        raise typer.BadParameter(
            "give one of: the released file, --download to get it first, or --random for weights that know nothing"
        )
    if seed and not random:
        raise typer.BadParameter("--seed goes with --random")
    network, files = _network()
    if random:
        files.write_weights(out, network.random_weights(seed=seed), origin=f"{files.RANDOM}, seed {seed}")
    else:
        source = released or _downloaded(files, out.parent / files.RELEASE_NAME)
        sha256 = files.convert(source, out, shapes=network.shapes())
        line(f"{source}: SHA-256 {sha256}")
    wrote(out, then=f"genrelens train vggish-svm --weights {out} --out RUN", for_scripts=True)


def _network() -> tuple[ModuleType, ModuleType]:
    """The modules of VGGish and of its weights, or one line that says what to install."""
    from genrelens.errors import check_extra

    check_extra("torch", needed_for="VGGish")
    from genrelens.models import vggish, vggish_weights

    return vggish, vggish_weights


def _downloaded(files: ModuleType, target: Path) -> Path:
    """The released file beside ``--out``, got if it is not there or is damaged; it stays, for another time."""
    if target.exists() and not files.is_released(target):
        line(f"note: {target} is damaged or another file; it is got again")
    if not files.is_released(target):
        from genrelens.data.fetch import download

        by_hand = f"Get it by other means and give its path: genrelens weights vggish {target.name} --out FILE"
        with Progress("downloading", unit="bytes") as progress:
            download(
                files.RELEASE_URL,
                target,
                by_hand=by_hand,
                progress=lambda stage, done, total: progress.show(done, total, what=stage),
            )
    return target
