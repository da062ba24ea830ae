import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genrelens.errors import TaxonomyError
from genrelens.taxonomy import GTZAN, Taxonomy, fold, words


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
    ("names", "aliases"), [((), {}), (("pop", ""), {}), (("hip hop", "hip-hop"), {}), (("pop",), {"rap": "hiphop"})]
)
def test_refuses_empty_repeated_and_dangling_names(names: tuple[str, ...], aliases: dict[str, str]) -> None:
    with pytest.raises(TaxonomyError):
        Taxonomy(names=names, aliases=aliases)


def test_non_latin_names_are_names() -> None:
    taxonomy = Taxonomy(names=("演歌", "шансон"))
    assert taxonomy.index("Шансон") == 1


@pytest.mark.parametrize("name", ["Électro", "Música clásica", "Çiftetelli", "한국 힙합", "ñandú", "Ångström"])
def test_the_two_unicode_forms_are_one_name(name: str) -> None:
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    assert len(forms) == 2
    taxonomy = Taxonomy(names=("Electro", name), aliases={"x": name})
    assert {taxonomy.index(form) for form in forms} == {1}
    assert len({fold(form.upper()) for form in forms}) == 1
    with pytest.raises(TaxonomyError):
        Taxonomy(names=tuple(forms))


@pytest.mark.parametrize(
    ("one", "other"), [("लोक", "लिक"), ("เพลง", "พลัง"), ("தமிழ்", "தமழ"), ("பாடல்", "படல்"), ("ভাটিয়ালি", "ভাটিয়াল")]
)
def test_vowel_signs_and_other_combining_marks_tell_names_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)
    assert Taxonomy(names=(one, other)).index(one) == 0
    assert words(f"{one} {other}") == [one, other]


@pytest.mark.parametrize(
    ("one", "other"), [("DİSKO", "disko"), ("HALK ŞARKISI", "Halk Şarkısı"), ("STRASSE", "Straße")]
)
def test_case_does_not_matter_where_it_is_hard(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("name", ["", "?!", "🎸", "❤️", " \u0301", "_"])
def test_what_has_no_letter_is_no_name(name: str) -> None:
    assert fold(name) == ""


@given(st.text())
@example("0\u0334.\u03390")
def test_folding_does_not_depend_on_the_form_and_is_done_once(name: str) -> None:
    assert fold(unicodedata.normalize("NFD", name)) == fold(unicodedata.normalize("NFC", name)) == fold(name)
    assert fold(fold(name)) == fold(name)
