"""Feature tables as files: what is written is read back, and what is wrong is named with column and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genrelens.errors import DataError
from genrelens.features import FeatureTable, read_table, table_to_csv, write_table
from genrelens.frontend.descriptors import SETS
from genrelens.taxonomy import GTZAN

COLUMNS = SETS["kaggle57"].columns
KEEP_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def make_table(
    n: int = 3, *, errors: tuple[str, ...] | None = None, labels: tuple[str, ...] | None = None
) -> FeatureTable:
    errors = errors or ("",) * n
    values = np.random.default_rng(0).standard_normal((n, 57))
    values[[bool(error) for error in errors]] = np.nan
    return FeatureTable(
        columns=COLUMNS,
        filenames=tuple(f"blues.{i:05d}.wav" for i in range(n)),
        lengths=np.array([0 if error else 661_794 + i for i, error in enumerate(errors)]),
        values=values,
        labels=labels or ("blues",) * n,
        errors=errors,
    )


def check_same(found: FeatureTable, expected: FeatureTable) -> None:
    assert found.columns == expected.columns
    assert found.filenames == expected.filenames
    assert found.labels == expected.labels
    assert found.errors == expected.errors
    np.testing.assert_array_equal(found.lengths, expected.lengths)
    np.testing.assert_array_equal(found.values, expected.values)


# Round trips

names = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12).filter(
    str.strip
)


@st.composite
def tables(draw: st.DrawFn) -> FeatureTable:
    filenames = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    n = len(filenames)
    errors = tuple(draw(st.lists(st.just("") | names, min_size=n, max_size=n)))
    failed = np.array([bool(error) for error in errors])
    values = draw(hnp.arrays(np.float64, (n, 57), elements=st.floats(allow_nan=False, allow_infinity=False)))
    values[failed] = np.nan
    lengths = draw(hnp.arrays(np.int64, n, elements=st.integers(1, 2**40)))
    lengths[failed] = 0
    labels = tuple(draw(st.lists(st.sampled_from(["", "rock", "böse Musik, laut", '"x"']), min_size=n, max_size=n)))
    return FeatureTable(COLUMNS, tuple(filenames), lengths, values, labels, errors)


@KEEP_FOLDER
@given(table=tables())
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_is_read_back_to_the_last_bit(tmp_path: Path, suffix: str, table: FeatureTable) -> None:
    write_table(table, tmp_path / f"t{suffix}")
    check_same(read_table(tmp_path / f"t{suffix}"), table)


@pytest.mark.parametrize(
    "name", ["\rsong\r.mp3", "\x1b[2J.mp3", "=1+1.mp3", "-x.mp3", "'=x.mp3", "a\nb.mp3", "caf\udce9.mp3"]
)
def test_a_name_that_is_written_otherwise_is_read_back(tmp_path: Path, name: str) -> None:
    table = make_table(1)
    odd = FeatureTable(COLUMNS, (name,), table.lengths, table.values, ("",), ("",))
    write_table(odd, tmp_path / "t.csv")
    written = (tmp_path / "t.csv").read_text("utf-8")
    assert written.count("\n") == 2
    assert not set(written) & set("\r\x1b")
    assert not written.splitlines()[1].startswith(("=", "-"))
    assert read_table(tmp_path / "t.csv").filenames == odd.filenames


def test_a_name_that_is_no_utf8_is_written_to_parquet_so_that_it_can_be_read(tmp_path: Path) -> None:
    table = make_table(1)
    odd = FeatureTable(COLUMNS, ("caf\udce9.mp3",), table.lengths, table.values, ("",), ("",))
    write_table(odd, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").filenames == ("caf\\udce9.mp3",)


def test_the_columns_are_kaggles_and_an_error_has_one_more() -> None:
    header = table_to_csv(make_table()).splitlines()[0].split(",")
    assert header == ["filename", "length", *COLUMNS, "label"]
    failed = table_to_csv(make_table(errors=("", "broken", ""))).splitlines()
    assert failed[0].split(",") == [*header, "error"]
    assert failed[2] == "blues.00001.wav" + "," * 59 + "blues,broken"
    assert failed[1].endswith(",blues,")


def test_rows_that_failed_are_kept_apart() -> None:
    table = make_table(errors=("", "broken", ""))
    assert table.good().filenames == ("blues.00000.wav", "blues.00002.wav")
    assert np.isnan(table.values[1]).all()


@pytest.mark.real_data
def test_kaggles_table_is_written_as_it_was_read_to_the_byte(real_data: Path) -> None:
    for name in ("features_30_sec.csv", "features_3_sec_part.csv"):
        path = real_data / "gtzan" / name
        table = read_table(path, taxonomy=GTZAN)
        assert table_to_csv(table).encode() == path.read_bytes()
        assert len(table.ids) == len(table)


# What is accepted


def edited(change: Callable[[list[list[str]]], object], *, table: FeatureTable | None = None) -> str:
    """The CSV of a table, its cells changed."""
    rows = list(csv.reader(io.StringIO(table_to_csv(table or make_table()))))
    change(rows)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def test_columns_are_known_by_their_names_in_any_order(tmp_path: Path) -> None:
    def turn(rows: list[list[str]]) -> None:
        for row in rows:
            row.reverse()

    (tmp_path / "t.csv").write_text(edited(turn), encoding="utf-8")
    check_same(read_table(tmp_path / "t.csv"), make_table())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_byte_order_marks_line_ends_and_quotes_do_not_matter(tmp_path: Path, encoding: str, line_end: str) -> None:
    text = "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in table_to_csv(make_table()).split())
    (tmp_path / "t.csv").write_bytes(text.replace("\n", line_end).encode(encoding))
    check_same(read_table(tmp_path / "t.csv"), make_table())


def test_labels_come_out_as_the_taxonomy_spells_them(tmp_path: Path) -> None:
    write_table(make_table(labels=("Hip-Hop", "BLUES", "")), tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv", taxonomy=GTZAN).labels == ("hiphop", "blues", "")


def test_a_set_is_found_out_by_its_columns(tmp_path: Path) -> None:
    columns = SETS["fma518"].columns
    table = FeatureTable(columns, ("a.mp3",), np.array([5]), np.ones((1, 518)), ("",), ("",))
    write_table(table, tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").columns == columns
    with pytest.raises(DataError, match="the 57 of kaggle57"):
        read_table(tmp_path / "t.csv", feature_set="kaggle57")


# What is refused


def put(row: int, column: int, cell: str) -> Callable[[list[list[str]]], None]:
    def change(rows: list[list[str]]) -> None:
        rows[row][column] = cell

    return change


def drop_column(rows: list[list[str]]) -> None:
    for row in rows:
        del row[2]


def add_index(rows: list[list[str]]) -> None:
    for i, row in enumerate(rows):
        row.insert(0, str(i) if i else "")


def add_column_twice(rows: list[list[str]]) -> None:
    for row in rows:
        row.insert(5, row[4])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_column, r"line 1: .* missing: 'chroma_stft_mean'"),
        (add_index, r"line 1: .* not known: ''; a column of row numbers is pandas's index"),
        (add_column_twice, r"line 1: .* there twice: 'rms_mean'"),
        (put(0, 4, "RMS_mean"), r"missing: 'rms_mean'; not known: 'RMS_mean'"),
        (put(2, 4, "nan"), r"line 3: column 'rms_mean' should be a finite number, not 'nan'"),
        (put(2, 4, "inf"), r"line 3: column 'rms_mean' should be a finite number, not 'inf'"),
        (put(2, 4, ""), r"line 3: column 'rms_mean' should be a finite number, not nothing"),
        (put(2, 4, "0,5"), r"line 3: column 'rms_mean' should be a finite number, not '0,5'"),
        (put(2, 4, "1_0"), r"line 3: column 'rms_mean'"),
        (put(2, 4, "1e999"), r"line 3: column 'rms_mean'"),
        (put(1, 1, "3.5"), r"line 2: column 'length' should be a whole number"),
        (put(1, 1, "0"), r"line 2: column 'length' should be a whole number"),
        (put(1, 1, "-5"), r"line 2: column 'length'"),
        (put(1, 1, "1e300"), r"line 2: column 'length'"),
        (put(1, 0, " "), r"line 2: column 'filename' is empty"),
        (put(3, 0, "blues.00000.wav"), r"line 4: 'blues.00000.wav' stands twice, in line 2 as well"),
        (put(3, 59, "Blues"), r"line 4: column 'label' is 'Blues', but 'blues' in line 2"),
        (lambda rows: rows[1].pop(), r"line 2: expected 60 cells, as many as the header has, there are 59"),
        (lambda rows: rows[1].append(""), r"line 2: expected 60 cells, .* there are 61"),
        (lambda rows: rows.__delitem__(slice(1, None)), r"has no rows below its header"),
        (lambda rows: rows.clear(), r"is empty"),
        (put(0, 0, "name"), r"missing: 'filename'; not known: 'name'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, change: Callable[[list[list[str]]], object], message: str
) -> None:
    (tmp_path / "t.csv").write_text(edited(change), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / "t.csv")


def test_a_row_has_numbers_or_an_error(tmp_path: Path) -> None:
    text = edited(put(2, 4, "0.5"), table=make_table(errors=("", "broken", "")))
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="line 3: this row says why it has no numbers"):
        read_table(tmp_path / "t.csv")


def test_a_genre_nobody_knows_is_named(tmp_path: Path) -> None:
    write_table(make_table(labels=("blues", "polka", "blues")), tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"line 3: column 'label' is 'polka', an unknown genre; known genres: blues"):
        read_table(tmp_path / "t.csv", taxonomy=GTZAN)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (table_to_csv(make_table(labels=("blües",) * 3)).encode("latin-1"), "expected UTF-8 text, but byte 0xfc"),
        (b"path,genre\na,b\n", "expected a table of descriptors with the columns 'filename', 'length'"),
        (b'filename,"length\n', "not a comma-separated table"),
        (b"\x00\x01\x02", "bad|table|expected"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet", "table.txt", "table"])
def test_files_that_are_not_there_or_something_else_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError):
        read_table(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(DataError):
        read_table(tmp_path / name)


@KEEP_FOLDER
@given(data=st.data())
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_damage_is_a_data_error_or_nothing(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    path = tmp_path / f"t{suffix}"
    write_table(make_table(errors=("", "broken", "")), path)
    content = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(content)))
    end = min(len(content), start + data.draw(st.integers(0, 40)))
    content[start:end] = data.draw(st.binary(max_size=40))
    path.write_bytes(content)
    try:
        found = read_table(path, taxonomy=GTZAN)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert np.isfinite(found.good().values).all()


def test_parquet_of_other_types_is_refused_with_the_column(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    write_table(make_table(), tmp_path / "t.parquet")
    good = pq.read_table(tmp_path / "t.parquet")

    def complaint(name: str, values: list[object]) -> str:
        i = good.column_names.index(name)
        pq.write_table(good.set_column(i, name, pa.array(values)), tmp_path / "bad.parquet")
        with pytest.raises(DataError) as caught:
            read_table(tmp_path / "bad.parquet")
        return str(caught.value)

    assert "column 'rms_mean' should hold numbers, not string" in complaint("rms_mean", ["1", "2", "3"])
    assert "row 2: column 'rms_mean' should be a finite number" in complaint("rms_mean", [1.0, None, 2.0])
    assert "row 1: column 'rms_mean' should be a finite number" in complaint("rms_mean", [float("inf"), 1.0, 2.0])
    assert "row 1: column 'label' should be text, not 1" in complaint("label", [1, 2, 3])
    assert "row 3: column 'length' should be a whole number" in complaint("length", [1, 2, 0])


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from genrelens.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match="writing Parquet tables needs"):
        write_table(make_table(), tmp_path / "t.parquet")


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        write_table(make_table(), tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == [tmp_path / "t.csv"]


# Tables in memory


def test_a_table_of_nan_or_twice_the_same_row_is_refused() -> None:
    table = make_table()
    values = table.values.copy()
    values[1, 2] = np.nan
    with pytest.raises(DataError, match=r"column 'rms_mean' of 'blues.00001.wav' \(row 2\) is nan"):
        FeatureTable(COLUMNS, table.filenames, table.lengths, values, table.labels, table.errors)
    with pytest.raises(DataError, match="'a' stands twice in the feature table, in rows 1 and 3"):
        FeatureTable(COLUMNS, ("a", "b", "a"), table.lengths, table.values, table.labels, table.errors)
    with pytest.raises(DataError, match="takes float64 values of that shape"):
        FeatureTable(COLUMNS[1:], table.filenames, table.lengths, table.values, table.labels, table.errors)
