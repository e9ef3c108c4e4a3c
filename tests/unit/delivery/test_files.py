"""Files hold exactly the rows, or are not there: in every format, whatever the values and whatever fails."""

from __future__ import annotations

import csv
import io
import json
import resource
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.delivery import FORMATS, format_of, write
from milepost.errors import SourceUnavailable, StoreUnwritable, UsageFault
from workbook import cells

INSTANT = pa.timestamp("us", tz="Europe/Paris")
ODD = pa.table(
    {
        "money": pa.array([Decimal("12345678901234567890.123400000"), None]),
        "Name": ['=1+1, "quoted"\nü ✓', ""],
        "name": [2**63 - 1, None],
        "double": [1e-7, float("nan")],
        "list": [[1, 2], None],
        "struct": [{"x": "y"}, None],
        "bytes": [b"\x00\xff", None],
        "time": [time(1, 2, 3), None],
        "bool": [True, None],
        "instant": pa.array(
            [datetime(2026, 1, 5, 14, 30, tzinfo=UTC), datetime(2026, 1, 5, 1, 2, 3, 4, tzinfo=UTC)], INSTANT
        ),
        "naive": pa.array([datetime(2026, 1, 5, 14, 30), None]),  # noqa: DTZ001
        "day": pa.array([date(2026, 1, 5), None]),
    }
)


def test_csv(tmp_path: Path) -> None:
    written = write(ODD, tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text(encoding="utf-8")
    assert (written.rows, written.bytes) == (2, len(text.encode()))
    assert list(csv.reader(io.StringIO(text))) == [
        ODD.column_names,
        ["12345678901234567890.123400000", '=1+1, "quoted"\nü ✓', "9223372036854775807", "1e-07", "[1,2]", '{"x":"y"}', "\\x00\\xFF",
         "01:02:03", "true", "2026-01-05T14:30:00Z", "2026-01-05T14:30:00", "2026-01-05"],
        ["", "", "", "nan", "", "", "", "", "", "2026-01-05T01:02:03.000004Z", "", ""],
    ]  # fmt: skip
    assert text.splitlines()[-1].startswith(',"",,'), "a null and an empty text are told apart"


def test_jsonl(tmp_path: Path) -> None:
    write(ODD, tmp_path / "x.jsonl")
    first, second = (
        json.loads(line, parse_float=Decimal)
        for line in (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()
    )
    assert first == {
        "money": Decimal("12345678901234567890.123400000"), "Name": '=1+1, "quoted"\nü ✓', "name": 2**63 - 1,
        "double": Decimal("1E-7"), "list": [1, 2], "struct": {"x": "y"}, "bytes": "\\x00\\xFF", "time": "01:02:03", "bool": True,
        "instant": "2026-01-05T14:30:00Z", "naive": "2026-01-05T14:30:00", "day": "2026-01-05",
    }  # fmt: skip
    assert (second["Name"], second["double"], second["money"], list(second)) == ("", "nan", None, ODD.column_names)


def test_parquet_is_the_same_table(tmp_path: Path) -> None:
    write(ODD.drop_columns(["double"]), tmp_path / "x.parquet")
    assert pq.read_table(tmp_path / "x.parquet").equals(ODD.drop_columns(["double"]))


def test_xlsx(tmp_path: Path) -> None:
    write(ODD, tmp_path / "x.xlsx")
    rows = cells(tmp_path / "x.xlsx")
    assert [cell.value for cell in rows[0]] == ODD.column_names
    kinds = {name: (cell.kind, cell.value) for name, cell in zip(ODD.column_names, rows[1], strict=True)}
    assert kinds == {
        "money": ("text", "12345678901234567890.123400000"), "Name": ("text", '=1+1, "quoted"\nü ✓'),
        "name": ("text", "9223372036854775807"), "double": ("number", 1e-7), "list": ("text", "[1,2]"),
        "struct": ("text", '{"x":"y"}'), "bytes": ("text", "00ff"), "time": ("text", "01:02:03"), "bool": ("bool", 1.0),
        "instant": ("number", pytest.approx(46027 + 14.5 / 24, abs=1e-8)), "naive": ("number", pytest.approx(46027 + 14.5 / 24, abs=1e-8)),
        "day": ("number", 46027.0),
    }  # fmt: skip
    filled = [cell.value for cell in rows[2] if cell.kind != "none"]
    assert filled == ["", "nan", pytest.approx(46027 + 3723 / 86400, abs=1e-8)]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "http://example.com", "{=1}", "12", "true", "\t=1"])
def test_xlsx_text_stays_text(tmp_path: Path, text: str) -> None:
    write(pa.table({text: [text]}), tmp_path / "x.xlsx")
    assert [(cell.kind, cell.value) for row in cells(tmp_path / "x.xlsx") for cell in row] == [("text", text)] * 2


def test_xlsx_days_before_1900_and_numbers_of_more_than_15_digits_are_text(tmp_path: Path) -> None:
    write(
        pa.table({"d": [date(1899, 12, 31)], "n": [10**15 + 1], "m": [Decimal("0.1000000000000001")], "s": [10**18]}),
        tmp_path / "x.xlsx",
    )
    assert [(c.kind, c.value) for c in cells(tmp_path / "x.xlsx")[1]] == [
        ("text", "1899-12-31"), ("text", str(10**15 + 1)), ("text", "0.1000000000000001"), ("number", 1e18),
    ]  # fmt: skip


def test_xlsx_limits_are_said_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milepost.delivery.xlsx.MAX_ROWS", 4)
    write(pa.table({"a": [1, 2, 3]}), tmp_path / "x.xlsx")
    before = (tmp_path / "x.xlsx").read_bytes()
    for table, message in [
        (pa.table({"a": [1, 2, 3, 4]}), "rows do not fit into a sheet"),
        (pa.table({"a": ["ok", "x" * 32768]}), "row 2, 'a': 32,768 characters do not fit"),
        (pa.table({f"c{i}": [1] for i in range(16385)}), "16385 columns do not fit"),
    ]:
        with pytest.raises(UsageFault, match=message):
            write(table, tmp_path / "x.xlsx")
    assert [p.name for p in tmp_path.iterdir()] == ["x.xlsx"]
    assert (tmp_path / "x.xlsx").read_bytes() == before


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("rows", [0, 1, 5000])
def test_any_number_of_rows_from_any_stream(tmp_path: Path, name: str, rows: int) -> None:
    with duckdb.connect() as con:
        written = write(con.sql(f"SELECT i, 'n' || i AS n FROM range({rows}) AS r(i)"), tmp_path / "deep" / "x", name)
    assert (written.rows, written.bytes) == (rows, (tmp_path / "deep" / "x").stat().st_size)


def test_a_null_alone_in_its_row_is_a_row(tmp_path: Path) -> None:
    write(pa.table({"a": ["x", None, "y"]}), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == 'a\nx\n""\ny\n'


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
            st.integers(-(2**63), 2**63 - 1),
        )
    )
)
def test_csv_and_jsonl_bring_back_any_text(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]]
) -> None:
    table = pa.table(
        {"t": pa.array([t for t, _ in rows], pa.string()), "n": pa.array([n for _, n in rows], pa.int64())}
    )
    folder = tmp_path_factory.mktemp("any")
    write(table, folder / "x.csv")
    write(table, folder / "x.jsonl")
    with (folder / "x.csv").open(newline="", encoding="utf-8") as file:
        assert [tuple(row) for row in csv.reader(file)][1:] == [(t, str(n)) for t, n in rows]
    lines = (folder / "x.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    assert [json.loads(line) for line in lines] == [{"t": t, "n": n} for t, n in rows]


@contextmanager
def full_disk(size: int):
    """No file may grow past `size` bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", FORMATS)
def test_full_disk_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"x.{name}"
    path.write_text("before")
    with duckdb.connect() as con:
        table = con.sql("SELECT md5(i::VARCHAR) AS a FROM range(50000) AS r(i)").to_arrow_table()
    with full_disk(20_000), pytest.raises(StoreUnwritable, match="cannot be written") as caught:
        write(table, path, name)
    assert caught.value.__cause__ is not None
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_place_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnwritable, match="cannot be written"):
        write(ODD, tmp_path / "file" / "x.csv")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("error", [SourceUnavailable("gone"), OSError("gone")])
def test_what_the_source_raises_comes_out(tmp_path: Path, name: str, error: Exception) -> None:
    class Broken:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            def batches():
                yield pa.record_batch({"a": [1]})
                raise error

            return pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), batches()).__arrow_c_stream__()

    with pytest.raises(Exception, match="gone") as caught:
        write(Broken(), tmp_path / "x", name)
    assert not isinstance(caught.value, StoreUnwritable)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"), [("a.CSV", "csv"), ("a.b.parquet", "parquet"), ("a.ndjson", "jsonl"), ("a.xlsx", "xlsx")]
)
def test_format_of(name: str, expected: str) -> None:
    assert format_of(Path(name)) == expected


def test_unknown_formats() -> None:
    with pytest.raises(UsageFault, match=r"did you mean '\.xlsx'"):
        format_of(Path("a.xls"))
    with pytest.raises(UsageFault, match="did you mean 'parquet'"):
        write(ODD, Path("never"), "parket")


def test_file_has_the_usual_permissions(tmp_path: Path) -> None:
    write(ODD, tmp_path / "x.csv")
    (tmp_path / "usual").touch()
    assert (tmp_path / "x.csv").stat().st_mode == (tmp_path / "usual").stat().st_mode
