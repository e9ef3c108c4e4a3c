"""From the bytes of a page of order events to typed tables; how a value is read is in `orders_sql`, `macros`, `aliases`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from milepost.cursor import Window
from milepost.errors import SourceChanged
from milepost.ports import Chunk, Refusal
from milepost.sources.klaviyo.order_datasets import EVENTS, ORDER_ITEMS, ORDERS
from milepost.sources.klaviyo.orders_sql import items_statement, literal, orders_statement
from milepost.sources.klaviyo.worker import Worker, page_table

if TYPE_CHECKING:
    import pyarrow as pa

_ID = '{"data":{"id":"VARCHAR"}}'
_EVENT = (
    '{"id":"VARCHAR","attributes":{"datetime":"VARCHAR","timestamp":"VARCHAR","uuid":"VARCHAR","event_properties":"JSON"},'
    f'"relationships":{{"profile":{_ID},"metric":{_ID},"attributions":{{"data":[{{"id":"VARCHAR"}}]}}}}}}'
)
_INCLUDED = (
    '{"type":"VARCHAR","id":"VARCHAR","attributes":{"email":"VARCHAR","phone_number":"VARCHAR"},"relationships":'
    f'{{"campaign":{_ID},"campaign-message":{_ID},"flow":{_ID},"flow-message":{_ID}}}}}'
)
_PAGE = f'{{"data":[{_EVENT}],"included":[{_INCLUDED}],"links":{{"next":"VARCHAR"}}}}'
_MOST_UNITS = Decimal(2**31)
_ENVELOPE = f"SELECT from_json(body, {literal(_PAGE)}) AS page FROM page"


@dataclass(frozen=True, slots=True)
class Shop:
    """What an order takes from its account: whose day it is, and the currency where the order names none."""

    zone: ZoneInfo
    currency: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page taken apart: its events and what came with them, and the address of the next page."""

    events: Any
    included: Any
    next: str | None
    bytes: int


def read_page(worker: Worker, body: bytes) -> Page:
    """Take a page apart. Raises SourceUnavailable for broken JSON, SourceChanged for a shape that is not a page of events."""
    page = worker.run(_ENVELOPE, {"page": page_table(body)}).column("page").chunk(0)
    data, links = page.field("data"), page.field("links")
    if page.null_count or data.null_count or links.null_count:
        raise SourceChanged(
            f"GET /api/events answered {len(body)} bytes without a list `data` and `links`",
            hint="the API may have changed: see the revision",
        )
    events = data.flatten()
    if events.null_count or events.field("id").null_count:
        raise SourceChanged("GET /api/events answered an event without an id")
    return Page(events, page.field("included").flatten(), links.field("next")[0].as_py(), len(body))


def read_orders(worker: Worker, page: Page, shop: Shop) -> Chunk:
    """The page's rows: `events` all of them, `orders` and `order_items` those that were understood; the rest refused."""
    events = _events(page)
    orders = worker.run(orders_statement(), {"event": events}).append_column("event_id", events["event_id"])
    orders = _add(orders, "date", _days(orders["datetime"], shop.zone))
    orders = _attributed(orders.append_column("profile_id", events["profile_id"]), page)
    items = _items(worker, orders)
    orders = _judged(orders, items)
    good = orders.filter(_equal_null(orders["reason"]))
    kept_items = _dated(items, good)
    rows = {
        EVENTS.name: _raw(events, orders),
        ORDERS.name: _shaped(_completed(good, kept_items, shop.currency), ORDERS),
        ORDER_ITEMS.name: _shaped(kept_items, ORDER_ITEMS),
    }
    return Chunk(rows, _refusals(events, orders), page.bytes)


def within(chunk: Chunk, window: Window) -> Chunk:
    """Only the rows of the window; those without a datetime stay, because nobody else would bring them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    start, end = (pa.scalar(edge, pa.timestamp("us", tz="UTC")) for edge in (window.start, window.end))

    def kept(rows: Any) -> pa.Table:
        at = rows["datetime"]
        return rows.filter(pc.fill_null(pc.and_(pc.greater_equal(at, start), pc.less(at, end)), fill_value=True))

    return Chunk({name: kept(rows) for name, rows in chunk.rows.items()}, chunk.refused, chunk.bytes)


def _events(page: Page) -> pa.Table:
    import pyarrow as pa

    attributes, relations = page.events.field("attributes"), page.events.field("relationships")
    return pa.table(
        {
            "event_id": page.events.field("id"),
            "metric_id": relations.field("metric").field("data").field("id"),
            "profile_id": relations.field("profile").field("data").field("id"),
            "stamp": attributes.field("datetime"),
            "seconds": attributes.field("timestamp"),
            "uuid": attributes.field("uuid"),
            "attributions": relations.field("attributions").field("data"),
            "properties": attributes.field("event_properties").cast(pa.string()),
        }
    )


def _raw(events: pa.Table, orders: pa.Table) -> pa.Table:
    import pyarrow as pa

    columns = {name: events[name] for name in ("event_id", "metric_id", "profile_id", "uuid", "properties")}
    columns |= {"datetime": orders["datetime"], "day": orders["date"]}
    names = ("attribution_id", "attributed_campaign_id", "attributed_flow_id", "attributed_message_id")
    return pa.table(columns | {name: orders[name] for name in names})


def _days(moments: pa.ChunkedArray, zone: ZoneInfo) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.local_timestamp(moments.cast(pa.timestamp("us", tz=zone.key))).cast(pa.date32())


def _equal_null(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.is_null(column)


def _add(table: pa.Table, name: str, column: Any) -> pa.Table:
    """The table with that column, in the place of one of the same name."""
    at = table.schema.get_field_index(name)
    return table.append_column(name, column) if at < 0 else table.set_column(at, name, column)


def _attributed(orders: pa.Table, page: Page) -> pa.Table:
    """With what came along: who the profile is, and what the attribution points to."""
    import pyarrow.compute as pc

    kind = page.included.field("type")
    profiles = page.included.filter(pc.equal(kind, "profile"))
    causes = page.included.filter(pc.equal(kind, "attribution"))
    who = pc.index_in(orders["profile_id"], value_set=profiles.field("id"))
    why = pc.index_in(orders["attribution_id"], value_set=causes.field("id"))

    def cause(name: str) -> Any:
        return causes.field("relationships").field(name).field("data").field("id").take(why)

    message = pc.coalesce(cause("campaign-message"), cause("flow-message"), orders["inline_message"])
    orders = _add(orders, "attributed_campaign_id", cause("campaign"))
    orders = _add(orders, "attributed_flow_id", pc.coalesce(cause("flow"), orders["inline_flow"]))
    orders = _add(orders, "attributed_message_id", message)
    for name, known in (("email", "email"), ("phone", "phone_number")):
        found = profiles.field("attributes").field(known).take(who)
        orders = _add(orders, name, pc.coalesce(found, orders[name]))
    return orders


def _items(worker: Worker, orders: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    listed = orders.select(["event_id", "items", "shape"])
    return worker.run(
        items_statement(), {"listed": listed.filter(pc.is_in(listed["shape"], pa.array(["objects", "names"])))}
    )


def _judged(orders: pa.Table, items: pa.Table) -> pa.Table:
    """With the reason of orders of which one line could not be understood."""
    import pyarrow.compute as pc

    bad = items.filter(items["bad"])
    if not bad.num_rows:
        return orders
    hit = pc.and_(
        pc.is_in(orders["event_id"], value_set=bad["event_id"].combine_chunks()), pc.is_null(orders["reason"])
    )
    said = "an item is no object, or its quantity, price or total is not a number"
    return _add(orders, "reason", pc.if_else(hit, said, orders["reason"]))


def _dated(items: pa.Table, good: pa.Table) -> pa.Table:
    """The lines of orders that were understood, with the order's instant and day."""
    import pyarrow.compute as pc

    at = pc.index_in(items["event_id"], value_set=good["event_id"].combine_chunks())
    kept = items.filter(pc.is_valid(at))
    at = at.drop_null()
    return _add(_add(kept, "datetime", good["datetime"].take(at)), "date", good["date"].take(at))


def _completed(orders: pa.Table, items: pa.Table, currency: str) -> pa.Table:
    """With what the lines tell where the order is silent: categories, brands, units; and the account's currency."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pa.scalar([], pa.list_(pa.string()))
    orders = _add(orders, "currency", pc.fill_null(orders["currency"], currency))
    for name, column in (("categories", "categories"), ("brands", "brand")):
        if orders[name].null_count:
            told = pc.coalesce(orders[name].cast(nothing.type), _gathered(items, column, orders["event_id"]), nothing)
            orders = _add(orders, name, told)
    if orders["item_count"].null_count:
        units = items.group_by("event_id", use_threads=False).aggregate([("quantity", "sum")])
        at = pc.index_in(orders["event_id"], value_set=units["event_id"].combine_chunks())
        whole = pc.floor(units["quantity_sum"])
        whole = pc.if_else(pc.less(whole, _MOST_UNITS), whole, None).cast(pa.decimal128(38, 0)).cast(pa.int32())
        orders = _add(orders, "item_count", pc.coalesce(orders["item_count"], whole.take(at)))
    return orders


def _gathered(items: pa.Table, column: str, event_ids: pa.ChunkedArray) -> Any:
    """For each event the distinct values of its lines, in the order of the lines."""
    import pyarrow as pa
    import pyarrow.compute as pc

    items = items.sort_by([("event_id", "ascending"), ("line", "ascending")])
    ids, values = items["event_id"].combine_chunks(), items[column].combine_chunks()
    if pa.types.is_list(values.type):
        ids, values = ids.take(pc.list_parent_indices(values)), values.flatten()
    told = pc.is_valid(values)
    ids, values = ids.filter(told), values.filter(told)
    pairs = pa.table({"event_id": ids, "value": values, "row": pa.array(range(len(ids)), pa.int64())})
    # Groups come in an order that depends on what else is on the page, and an order must not change with its page.
    first = pairs.group_by(["event_id", "value"], use_threads=False).aggregate([("row", "min")]).sort_by("row_min")
    groups = first.group_by("event_id", use_threads=False).aggregate([("value", "list")])
    at = pc.index_in(event_ids, value_set=groups["event_id"].combine_chunks())
    return groups["value_list"].take(at).cast(pa.list_(pa.string()))


def _shaped(table: pa.Table, dataset: Any) -> pa.Table:
    return table.select([column.name for column in dataset.columns])


def _refusals(events: pa.Table, orders: pa.Table) -> Sequence[Refusal]:
    import pyarrow.compute as pc

    said = pc.is_valid(orders["reason"])
    if not pc.any(said).as_py():
        return ()
    rows = zip(
        events["event_id"].filter(said).to_pylist(),
        orders["reason"].filter(said).to_pylist(),
        events["properties"].filter(said).to_pylist(),
        strict=True,
    )
    return tuple(Refusal(ORDERS.name, (key,), reason, row or "null") for key, reason, row in rows)
