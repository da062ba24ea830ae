import pytest

from genrelens.errors import TaxonomyError
from genrelens.taxonomy import GTZAN, Taxonomy


@pytest.mark.parametrize("name", ["hiphop", "hip-hop", "Hip-Hop", "Hip Hop", "HIP_HOP", "rap"])
def test_case_spaces_hyphens_and_aliases_do_not_matter(name: str) -> None:
    assert GTZAN.canonical(name) == "hiphop"
    assert GTZAN.index(name) == 4
    assert name in GTZAN


def test_names_are_in_class_order_and_alphabetical() -> None:
    assert list(GTZAN.names) == sorted(GTZAN.names)
    assert [GTZAN.index(name) for name in GTZAN.names] == list(range(len(GTZAN))) == list(range(10))


def test_an_unknown_genre_lists_the_known_ones() -> None:
    with pytest.raises(TaxonomyError, match=r"'polka'.*blues, classical"):
        GTZAN.index("polka")
    assert "polka" not in GTZAN
    assert 3 not in GTZAN


@pytest.mark.parametrize(
    ("names", "aliases"),
    [((), {}), (("pop", ""), {}), (("hip hop", "hip-hop"), {}), (("pop",), {"rap": "hiphop"})],
)
def test_refuses_empty_repeated_and_dangling_names(names: tuple[str, ...], aliases: dict[str, str]) -> None:
    with pytest.raises(TaxonomyError):
        Taxonomy(names=names, aliases=aliases)


def test_non_latin_names_are_names() -> None:
    taxonomy = Taxonomy(names=("演歌", "шансон"))
    assert taxonomy.index("Шансон") == 1
