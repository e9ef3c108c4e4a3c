"""The catalogue as data: for each dataset where it is read and which JSON pointer fills which column. Reading is in `catalogue`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from milepost.dataset import Dataset, ReadMode
from milepost.schema import Column, Type
from milepost.sources.klaviyo import tiers
from milepost.sources.klaviyo.client import Request
from milepost.sources.klaviyo.tiers import Endpoint

Params = tuple[tuple[str, str], ...]
PARENT = "^"  # the pointer of a column that takes the id of the resource that was asked about


@dataclass(frozen=True, slots=True)
class Stream:
    """One dataset of the catalogue. `pointers[column]` says where in a resource its value is; lists are JSON paths.

    `variants` are parameters that together see everything. `parent` is the dataset whose ids fill `{id}`. `included` is
    (type, relationship): rows are then the included resources of that type, owned by what names them in the relationship.
    """

    dataset: Dataset
    endpoint: Endpoint
    pointers: Mapping[str, str]
    params: Params = ()
    variants: Sequence[Params] = ((),)
    parent: str | None = None
    included: tuple[str, str] | None = None

    def requests(self, parent_id: str = "{id}") -> list[Request]:
        """The first page of each variant."""
        path = self.endpoint.path.replace("{id}", parent_id)
        return [Request(self.endpoint, path, (*self.params, *variant)) for variant in self.variants]


def _stream(
    name: str,
    endpoint: Endpoint,
    columns: str,
    *,
    mode: ReadMode = ReadMode.SNAPSHOT,
    cursor: str | None = None,
    params: Params = (),
    variants: Sequence[Params] = ((),),
    parent: str | None = None,
    included: tuple[str, str] | None = None,
) -> Stream:
    """A stream from lines of `column type pointer [PII]`; id and the raw attributes are always there."""
    rows = [line.split() for line in columns.strip().splitlines()]
    parsed = [Column(row[0], Type.parse(row[1]), classification=row[3] if len(row) > 3 else None) for row in rows]
    personal = "PII" if any(c.classification for c in parsed) else None
    attributes = Column("attributes", Type.parse("json"), classification=personal)
    all_columns = (Column("id", Type.parse("text"), nullable=False), *parsed, attributes)
    pointers = {"id": "/id", **{row[0]: row[2] for row in rows}, "attributes": "/attributes"}
    dataset = Dataset(name, all_columns, ("id",), mode, cursor, origin=str(endpoint))
    return Stream(dataset, endpoint, MappingProxyType(pointers), params, variants, parent, included)


_TAG_IDS = "$.relationships.tags.data[*].id"
# Archived campaigns are left out unless asked for, and each channel has to be asked for.
_CAMPAIGN_PARTS: tuple[Params, ...] = tuple(
    (("filter", f"equals(messages.channel,'{channel}'),equals(archived,{archived})"),)
    for channel in ("email", "sms", "mobile_push")
    for archived in ("false", "true")
)
_CREATED = """
name            text         /attributes/name
created         timestamptz  /attributes/created
updated         timestamptz  /attributes/updated
"""

_ALL = (
    _stream(
        "accounts",
        tiers.ACCOUNTS,
        """
organization    text         /attributes/contact_information/organization_name
website         text         /attributes/contact_information/website_url
industry        text         /attributes/industry
timezone        text         /attributes/timezone
currency        text         /attributes/preferred_currency
public_api_key  text         /attributes/public_api_key
locale          text         /attributes/locale
test_account    boolean      /attributes/test_account
""",
    ),
    _stream(
        "metrics",
        tiers.METRICS,
        _CREATED
        + """integration     text         /attributes/integration/name
integration_id  text         /attributes/integration/id
""",
    ),
    _stream(
        "mapped_metrics",
        tiers.MAPPED_METRICS,
        """
metric_id         text         /relationships/metric/data/id
custom_metric_id  text         /relationships/custom-metric/data/id
updated           timestamptz  /attributes/updated
""",
    ),
    _stream(
        "campaigns",
        tiers.CAMPAIGNS,
        """
name            text         /attributes/name
status          text         /attributes/status
archived        boolean      /attributes/archived
send_method     text         /attributes/send_strategy/method
created_at      timestamptz  /attributes/created_at
scheduled_at    timestamptz  /attributes/scheduled_at
updated_at      timestamptz  /attributes/updated_at
send_time       timestamptz  /attributes/send_time
included_ids    list<text>   $.attributes.audiences.included[*]
excluded_ids    list<text>   $.attributes.audiences.excluded[*]
message_ids     list<text>   $.relationships."campaign-messages".data[*].id
tag_ids         list<text>   $.relationships.tags.data[*].id
""",
        params=(("page[size]", "100"), ("include", "campaign-messages,tags"), ("sort", "updated_at")),
        variants=_CAMPAIGN_PARTS,
    ),
    _stream(
        "campaign_messages",
        tiers.CAMPAIGNS,
        """
campaign_id     text         ^
channel         text         /attributes/definition/channel
label           text         /attributes/definition/label
subject         text         /attributes/definition/content/subject
preview_text    text         /attributes/definition/content/preview_text
from_email      text         /attributes/definition/content/from_email
from_label      text         /attributes/definition/content/from_label
template_id     text         /relationships/template/data/id
created_at      timestamptz  /attributes/created_at
updated_at      timestamptz  /attributes/updated_at
""",
        params=(("page[size]", "100"), ("include", "campaign-messages"), ("sort", "updated_at")),
        variants=_CAMPAIGN_PARTS,
        included=("campaign-message", "campaign-messages"),
    ),
    _stream(
        "flows",
        tiers.FLOWS,
        _CREATED
        + f"""status          text         /attributes/status
archived        boolean      /attributes/archived
trigger_type    text         /attributes/trigger_type
tag_ids         list<text>   {_TAG_IDS}
""",
        params=(("page[size]", "50"), ("include", "tags"), ("sort", "id")),
        variants=((("filter", "equals(archived,false)"),), (("filter", "equals(archived,true)"),)),
    ),
    _stream(
        "flow_actions",
        tiers.FLOW_ACTIONS,
        """
flow_id         text         ^
action_type     text         /attributes/definition/type
status          text         /attributes/definition/data/status
created         timestamptz  /attributes/created
updated         timestamptz  /attributes/updated
""",
        params=(("page[size]", "50"),),
        parent="flows",
    ),
    _stream(
        "flow_messages",
        tiers.FLOW_MESSAGES,
        """
flow_action_id  text         ^
name            text         /attributes/name
channel         text         /attributes/channel
subject         text         /attributes/definition/subject_line
preview_text    text         /attributes/definition/preview_text
from_email      text         /attributes/definition/from_email
from_label      text         /attributes/definition/from_label
template_id     text         /attributes/definition/template_id
transactional   boolean      /attributes/definition/transactional
created         timestamptz  /attributes/created
updated         timestamptz  /attributes/updated
""",
        params=(("page[size]", "50"),),
        parent="flow_actions",
    ),
    _stream(
        "lists",
        tiers.LISTS,
        _CREATED
        + f"""opt_in_process  text         /attributes/opt_in_process
tag_ids         list<text>   {_TAG_IDS}
""",
        params=(("page[size]", "10"), ("include", "tags"), ("sort", "id")),
    ),
    _stream(
        "segments",
        tiers.SEGMENTS,
        _CREATED
        + f"""is_active       boolean      /attributes/is_active
is_processing   boolean      /attributes/is_processing
is_starred      boolean      /attributes/is_starred
tag_ids         list<text>   {_TAG_IDS}
""",
        params=(("page[size]", "10"), ("include", "tags"), ("sort", "id")),
    ),
    _stream("tags", tiers.TAGS, "name text /attributes/name", params=(("sort", "id"),)),
    _stream(
        "profiles",
        tiers.PROFILES,
        """
email            text         /attributes/email            PII
phone_number     text         /attributes/phone_number     PII
external_id      text         /attributes/external_id      PII
first_name       text         /attributes/first_name       PII
last_name        text         /attributes/last_name        PII
organization     text         /attributes/organization     PII
title            text         /attributes/title            PII
locale           text         /attributes/locale
city             text         /attributes/location/city    PII
region           text         /attributes/location/region
country          text         /attributes/location/country
zip              text         /attributes/location/zip     PII
created          timestamptz  /attributes/created
updated          timestamptz  /attributes/updated
last_event_date  timestamptz  /attributes/last_event_date
""",
        mode=ReadMode.INCREMENTAL,
        cursor="updated",
        params=(("page[size]", "100"), ("sort", "updated")),
    ),
)

STREAMS: Mapping[str, Stream] = MappingProxyType({stream.dataset.name: stream for stream in _ALL})
