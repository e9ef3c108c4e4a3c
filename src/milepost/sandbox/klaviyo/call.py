"""One request after the door: its checked parameters, and the account, revision and instant it is answered for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from milepost.sandbox.klaviyo import filters, paging
from milepost.sandbox.klaviyo.attributes import ATTRIBUTES
from milepost.sandbox.klaviyo.endpoints import Endpoint
from milepost.sandbox.klaviyo.errors import invalid
from milepost.sandbox.klaviyo.shade import View
from milepost.sandbox.klaviyo.things import Thing

if TYPE_CHECKING:
    from milepost.sandbox.klaviyo.account import Account

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Query:
    """Checked query parameters. `sort` is (field, descending); `fields` maps a type to the attributes asked for."""

    pairs: Pairs
    node: filters.Node | None
    size: int
    cursor: str | None
    sort: tuple[str, bool] | None
    includes: tuple[str, ...]
    fields: dict[str, tuple[str, ...]]
    additional: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler answers. `body` is the `attributes` object of a POST."""

    account: Account
    endpoint: Endpoint
    query: Query
    revision: str
    base: str
    path: str
    id: str
    view: View
    body: dict[str, Any]
    shape: Callable[[Thing], Thing] | None = None

    def shaped(self, shape: Callable[[Thing], Thing]) -> Call:
        """The same call, with included things passed through `shape`."""
        return replace(self, shape=shape)

    def mark(self) -> int:
        """What this call's cursors are bound to."""
        return paging.fingerprint(self.path, self.query.pairs)

    def key(self) -> tuple[list[Any] | None, bool]:
        """The position to continue after (None: the start) and whether an empty page was already played there."""
        if self.query.cursor is None:
            return None, False
        return paging.decode(self.query.cursor, self.mark())

    def links(self, key: Sequence[Any] | None, *, after_empty: bool = False) -> dict[str, str | None]:
        """Links of a page whose last row has this key; None when it is the last page."""
        cursor = None if key is None else paging.encode(self.mark(), key, after_empty=after_empty)
        return paging.links(self.base, self.path, self.query.pairs, cursor)


def _refuse(detail: str, parameter: str) -> Exception:
    return invalid(detail, parameter=parameter)


def _size(text: str | None, endpoint: Endpoint) -> int:
    default, most = endpoint.page or (0, 0)
    if text is None:
        return default
    if not endpoint.page:
        raise _refuse("'page[size]' is not a valid parameter for this resource.", "page[size]")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise _refuse(f"Page size must be an integer between 1 and {most}", "page[size]")
    return int(text)


def _sort(text: str | None, endpoint: Endpoint) -> tuple[str, bool] | None:
    if text is None:
        return None
    name = text.removeprefix("-")
    if name not in endpoint.sorts:
        raise _refuse(f"'{name}' is not a valid sort field for this resource.", "sort")
    return name, text.startswith("-")


def _includes(text: str | None, endpoint: Endpoint) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))
    for name in wanted:
        if not endpoint.includes:
            raise _refuse("include is not currently supported for the requested operation", "include")
        if name not in endpoint.includes:
            raise _refuse(f"'{name}' is not an allowed include parameter for this resource.", "include")
    return wanted


def _named(key: str, text: str, known: tuple[str, ...], allowed: tuple[str, ...] | None) -> tuple[str, tuple[str, ...]]:
    kind = key[key.index("[") + 1 : -1]
    if kind not in known:
        raise _refuse(f"'{kind}' is not a valid resource type for sparse fieldsets here.", key)
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    attributes = ATTRIBUTES.get(kind) if allowed is None else allowed
    for name in names:
        if attributes is not None and name.split(".", maxsplit=1)[0] not in attributes:
            raise _refuse(f"'{name}' is not a valid field for the resource type '{kind}'.", key)
    return kind, names


def read(pairs: Pairs, endpoint: Endpoint) -> Query:
    """Check the parameters of a request against its endpoint. Raises 400 refusals that name the parameter."""
    single: dict[str, str] = {}
    fields: dict[str, tuple[str, ...]] = {}
    additional: list[str] = []
    for key, text in pairs:
        if key.startswith("fields[") and key.endswith("]"):
            kind, names = _named(key, text, endpoint.fields, None)
            fields[kind] = names
        elif key.startswith("additional-fields[") and key.endswith("]"):
            kinds = (key[len("additional-fields[") : -1],) if endpoint.additional else ()
            additional += _named(key, text, kinds, endpoint.additional)[1]
        else:
            _known(key, endpoint)
            single[key] = text
    node = filters.parse(single["filter"]) if single.get("filter") else None
    if node is not None:
        filters.check(node, endpoint.filters)
    return Query(
        pairs=pairs,
        node=node,
        size=_size(single.get("page[size]"), endpoint),
        cursor=single.get(paging.CURSOR) or None,
        sort=_sort(single.get("sort"), endpoint),
        includes=_includes(single.get("include"), endpoint),
        fields=fields,
        additional=tuple(additional),
    )


def _known(key: str, endpoint: Endpoint) -> None:
    known = {"include", "page_cursor"} if endpoint.method == "POST" else {"include", "page[size]"}
    known |= {paging.CURSOR} if endpoint.cursor else set()
    known |= {"filter"} if endpoint.filters else set()
    known |= {"sort"} if endpoint.sorts else set()
    if key not in known:
        raise _refuse(f"'{key}' is not a valid parameter for this resource.", key)
