"""Opaque cursors: a position behind base64, bound to the query it belongs to; and the links of a page."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from zlib import crc32

import orjson

from milepost.sandbox.klaviyo.errors import Refusal, invalid

CURSOR = "page[cursor]"
_UNBOUND = (CURSOR, "page[size]", "page_cursor")
_EMPTY_EVERY = 50


def _bad() -> Refusal:
    return invalid("Invalid cursor provided.", parameter="page[cursor]")


def fingerprint(path: str, params: Sequence[tuple[str, str]]) -> int:
    """What a cursor is bound to: the path and every parameter but cursor and page size."""
    kept = sorted(p for p in params if p[0] not in _UNBOUND and not p[0].startswith("fields["))
    return crc32(repr((path, kept)).encode())


def encode(mark: int, key: Sequence[Any], *, after_empty: bool = False) -> str:
    """A cursor that continues after `key`."""
    text = f"next::{mark:08x}::{int(after_empty)}::".encode() + orjson.dumps(list(key))
    return b64encode(text).decode()


def decode(text: str, mark: int) -> tuple[list[Any], bool]:
    """The key behind a cursor and whether it stood on an empty page. Raises 400 for a foreign or damaged one.

    The official SDK writes `page[cursor]==<text>`: a leading equals sign is dropped.
    """
    try:
        raw = b64decode(text.removeprefix("="), validate=True)
        word, bound, empty, key = raw.split(b"::", 3)
        if word != b"next" or int(bound, 16) != mark:
            raise _bad()
        values = orjson.loads(key)
    except (binascii.Error, ValueError) as error:
        raise _bad() from error
    if not isinstance(values, list):
        raise _bad()
    return values, empty == b"1"


def plays_empty(mark: int, key: Sequence[Any]) -> bool:
    """Whether the page after this key is first answered with no rows at all, as the live service does at times."""
    return crc32(repr((mark, list(key))).encode()) % _EMPTY_EVERY == 0


def url(base: str, path: str, params: Sequence[tuple[str, str]], cursor: str | None) -> str:
    """The absolute address of a page."""
    pairs = [p for p in params if p[0] != CURSOR] + ([(CURSOR, cursor)] if cursor is not None else [])
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in pairs)
    return f"{base}{path}/" + (f"?{query}" if query else "")


def links(base: str, path: str, params: Sequence[tuple[str, str]], cursor: str | None) -> dict[str, str | None]:
    """`self`, `next` (null on the last page) and `prev` (always null: nobody pages back)."""
    here = url(base, path, params, dict(params).get(CURSOR))
    return {"self": here, "next": None if cursor is None else url(base, path, params, cursor), "prev": None}
