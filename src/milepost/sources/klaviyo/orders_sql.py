"""Builds the two statements that turn a page of order events into typed rows, from the aliases; it runs nothing.

Each is a chain of projections that name what the one before found: found (all pointers in one pass over the JSON) → raw
(the first alias that holds something) → typed → judged. Rows come out in the order in which they went in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from milepost.sources.klaviyo import aliases


def literal(value: str) -> str:
    """A constant of this code (never a value from outside) as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def pointer_list(pointers: Iterable[str]) -> str:
    """JSON pointers as the list that DuckDB's `json_extract_string` takes."""
    return "[" + ", ".join(literal(pointer) for pointer in pointers) + "]"


class _Pointers:
    """Numbers each pointer once: `v[n]` is what it found."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def one(self, pointer: str) -> str:
        """Where the pointer's text stands in the list `v`; an empty text holds nothing."""
        return f"nullif(v[{self.seen.setdefault(pointer, len(self.seen) + 1)}], '')"

    def first(self, pointers: Sequence[str]) -> str:
        """The first that holds something."""
        return "coalesce(" + ", ".join(self.one(p) for p in pointers) + ")"

    def first_list(self, pointers: Sequence[str]) -> str:
        """The same; an empty list holds nothing either."""
        return "coalesce(" + ", ".join(f"nullif({self.one(p)}, '[]')" for p in pointers) + ")"


def _items(pointers: _Pointers) -> str:
    """The first list of objects if there is one, else whatever came first: names, or something to refuse."""
    places = [pointers.one(p) for p in aliases.ITEMS]
    objects = " ".join(f"WHEN starts_with({place}, '[{{') THEN {place}" for place in places)
    return f"CASE {objects} ELSE {pointers.first_list(aliases.ITEMS)} END"


def _raw(pointers: _Pointers) -> str:
    columns = {n: pointers.first(a) for n, a in {**aliases.TEXT, **aliases.MONEY, **aliases.ADDRESS}.items()}
    columns |= {n: pointers.first_list(a) for n, a in aliases.TEXTS.items()}
    columns |= {f"{n}_lines": pointers.one(p) for n, (p, _) in aliases.MONEY_LINES.items()}
    columns |= {n: pointers.one(f"/{n}") for n in aliases.UTM}
    columns |= {f"inline_{n}": pointers.one(p) for n, p in aliases.INLINE_ATTRIBUTION.items()}
    columns["query"] = f"'&' || translate({pointers.first(aliases.LANDING)}, '?#', '&&')"
    for part in ("name", "value"):
        notes = pointers.one(aliases.NOTES)
        columns[f"note_{part}s"] = (
            f"CASE WHEN starts_with({notes}, '[') AND json_valid({notes}) THEN {notes} ->> '$[*].{part}' END"
        )
    columns["items"] = _items(pointers)
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def _amount(name: str) -> str:
    """An amount, or the sum of the lines where no total is given."""
    if name not in aliases.MONEY_LINES:
        return f"money({name})"
    prices = f"{name}_lines ->> '$[*].{aliases.MONEY_LINES[name][1]}'"
    total = f"TRY_CAST(list_sum(list_transform({prices}, lambda x: money(x))) AS DECIMAL(18,4))"
    return f"CASE WHEN {name} IS NULL AND json_valid({name}_lines) THEN {total} ELSE money({name}) END"


def _utm(name: str) -> str:
    landed = f"nullif(decoded(query_value(query, {literal(f'&{name}=')})), '')"
    return f"coalesce({name}, {landed}, list_extract(note_values, list_position(note_names, {literal(name)})))"


def _typed() -> str:
    columns = {name: _amount(name) for name in aliases.MONEY}
    columns |= {f"{name}_text": name for name in aliases.MONEY}
    columns |= {name: f"texts({name})" for name in aliases.TEXTS}
    columns |= {name: _utm(name) for name in aliases.UTM}
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def _reasons() -> str:
    """One sentence for what cannot be understood; the first that applies. NULL where everything can."""
    cases = [
        "WHEN datetime IS NULL THEN 'no datetime that can be read: ' || coalesce(stamp, 'missing')",
        f"WHEN order_id IS NULL THEN 'no order id under {', '.join(aliases.TEXT['order_id'])}'",
    ]
    for n in aliases.MONEY:
        said = f"{n}_text IS NOT NULL AND {n} IS NULL"
        cases.append(f"WHEN {said} THEN '{n} is not an amount: ' || left({n}_text, 80)")
    cases.append("WHEN shape = 'unknown' THEN 'items of an unknown shape: ' || left(items, 80)")
    return f"CASE {' '.join(cases)} END"


@cache
def orders_statement() -> str:
    """From `event(stamp, seconds, attributions, properties)`: a row for each event, `items` still as JSON, `reason` where refused."""
    pointers = _Pointers()
    raw = _raw(pointers)
    found = f"SELECT stamp, seconds, attributions, json_extract_string(properties, {pointer_list(pointers.seen)}) AS v FROM event"
    moment = "moment(stamp, seconds) AS datetime"
    first = f"SELECT stamp, attributions, {moment}, {raw} FROM ({found})"
    kept = ", ".join([*aliases.TEXT, *aliases.ADDRESS, "inline_message", "inline_flow", "items"])
    second = f"SELECT stamp, attributions, datetime, {kept}, items_shape(items) AS shape, {_typed()} FROM ({first})"
    columns = ", ".join([*aliases.ADDRESS, *aliases.UTM, "shipping", "tax", "subtotal", "email", "phone", "source"])
    return f"""SELECT datetime, attributions[1].id AS attribution_id, order_id, value, currency, TRY_CAST(item_count AS INTEGER) AS item_count, categories, brands,
      coalesce(discount_codes, []) AS discount_codes, CAST(abs(discount_value) AS DECIMAL(18,4)) AS discount_value, {columns},
      inline_message, inline_flow, items, shape, {_reasons()} AS reason FROM ({second})"""


@cache
def items_statement() -> str:
    """From `listed(event_id, items, shape)`: a row for each line; `bad` where a number is none or the line no object."""
    pointers = _Pointers()
    texts = {name: pointers.first(a) for name, a in {**aliases.ITEM_TEXT, **aliases.ITEM_MONEY}.items()}
    texts |= {name: pointers.first_list(a) for name, a in aliases.ITEM_TEXTS.items()}
    texts["name"] = f"CASE WHEN shape = 'names' THEN item ->> '$' ELSE {texts['name']} END"
    lists = "SELECT event_id, shape, json_extract(items, '$[*]') AS l FROM listed"
    lines = f"SELECT event_id, shape, unnest(l) AS item, generate_subscripts(l, 1) AS line FROM ({lists})"
    found = f"SELECT *, json_extract_string(item, {pointer_list(pointers.seen)}) AS v FROM ({lines})"
    raw = f"SELECT event_id, line, shape, item, {', '.join(f'{sql} AS {n}' for n, sql in texts.items())} FROM ({found})"
    typed = [f"money({n}) AS {n}, {n} AS {n}_text" for n in aliases.ITEM_MONEY]
    typed += [f"texts({n}) AS {n}" for n in aliases.ITEM_TEXTS]
    bad = [f"({n}_text IS NOT NULL AND {n} IS NULL)" for n in aliases.ITEM_MONEY]
    bad.append("NOT starts_with(CAST(item AS VARCHAR), CASE WHEN shape = 'names' THEN '\"' ELSE '{' END)")
    return f"""SELECT event_id, CAST(line AS INTEGER) AS line, product_id, sku, name, quantity, price, row_total,
      categories, brand, coalesce({" OR ".join(bad)}, false) AS bad
    FROM (SELECT event_id, line, item, shape, product_id, sku, in_one_language(name) AS name, brand, {", ".join(typed)}
      FROM ({raw}))"""
