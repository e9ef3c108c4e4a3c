"""Reads the cells of a workbook's first sheet from its XML: what Excel would be told, not what a library makes of it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

_NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


class Cell(NamedTuple):
    """`kind`: text, number, bool, formula, or none for an empty cell."""

    kind: str
    value: object


def cells(path: Path) -> list[list[Cell]]:
    """The rows of cells, with empty ones between filled ones."""
    with zipfile.ZipFile(path) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    return [_row(row) for row in sheet.iterfind("m:sheetData/m:row", _NS)]


def _row(row: ET.Element) -> list[Cell]:
    found: list[Cell] = []
    for cell in row.iterfind("m:c", _NS):
        found += [Cell("none", None)] * (_column(cell.get("r", "A")) - len(found) - 1)
        found.append(_cell(cell))
    return found


def _column(reference: str) -> int:
    number = 0
    for letter in filter(str.isalpha, reference):
        number = number * 26 + ord(letter) - 64
    return number


def _cell(cell: ET.Element) -> Cell:
    if cell.find("m:f", _NS) is not None:
        return Cell("formula", cell.findtext("m:f", namespaces=_NS))
    if cell.get("t") == "inlineStr":
        return Cell("text", "".join(cell.find("m:is", _NS).itertext()))
    return Cell({"b": "bool", None: "number"}[cell.get("t")], float(cell.findtext("m:v", namespaces=_NS)))
