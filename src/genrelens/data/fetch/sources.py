"""Where the public data sets are, and what is known of their archives.

FMA: the addresses and SHA-1 sums that its authors publish (github.com/mdeff/fma, README). GTZAN: its makers' server is
gone, and the mirror publishes no sum; but Hugging Face sends the SHA-256 of what it stores with every download, which
is taken in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Source:
    """An archive: ``folder`` is what it unpacks to, ``sum`` its checksum (algorithm, hex digits) where one is
    published, ``max_bytes`` more than it can unpack to, ``size`` in words, ``licence`` what may be done with it.
    """

    name: str
    url: str
    archive: str
    folder: str
    size: str
    max_bytes: int
    licence: str
    sum: tuple[str, str] | None = None
    elsewhere: str = ""

    def by_hand(self, out: str) -> str:
        """What to do where the source is dead."""
        how = f" and check it ({self.sum[0]}sum: {self.sum[1]})" if self.sum else ""
        return (
            f"By hand: get {self.archive} ({self.size}) with a browser from {self.url}{self.elsewhere}{how}, unpack it "
            f"so that there is a folder {out}/{self.folder}, and run genrelens data check {out}"
        )


_FMA: Final = "https://os.unil.cloud.switch.ch/fma/"
_FMA_LICENCE: Final = (
    "each track is under the Creative Commons licence that its artist chose; metadata CC BY 4.0"
)

SOURCES: Final[Mapping[str, Source]] = {
    source.name: source
    for source in (
        Source(
            name="gtzan",
            url="https://huggingface.co/datasets/marsyas/gtzan/resolve/main/data/genres.tar.gz",
            archive="genres.tar.gz",
            folder="genres",
            size="1.2 GB",
            max_bytes=4 * 10**9,
            licence="none: excerpts of published recordings, for research at home only",
            elsewhere=(
                " (or Kaggle's copy, andradaolteanu/gtzan-dataset-music-genre-classification, which has pictures and "
                "tables too; unpack that as it is)"
            ),
        ),
        Source(
            name="fma_small",
            url=_FMA + "fma_small.zip",
            archive="fma_small.zip",
            folder="fma_small",
            size="7.2 GiB",
            max_bytes=20 * 10**9,
            licence=_FMA_LICENCE,
            sum=("sha1", "ade154f733639d52e35e32f5593efe5be76c6d70"),
        ),
        Source(
            name="fma_metadata",
            url=_FMA + "fma_metadata.zip",
            archive="fma_metadata.zip",
            folder="fma_metadata",
            size="342 MiB",
            max_bytes=8 * 10**9,
            licence=_FMA_LICENCE,
            sum=("sha1", "f0df49ffe5f2a6008d7dc83c6915b31835dfe733"),
        ),
    )
}
"""What can be fetched, by name."""
