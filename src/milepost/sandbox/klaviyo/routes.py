"""From method and path to an endpoint, for each revision; and from endpoint to handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from milepost.sandbox.klaviyo import aggregates, events, persons, reports, revisions, small
from milepost.sandbox.klaviyo.call import Call
from milepost.sandbox.klaviyo.endpoints import ENDPOINTS, OMNI_ENDPOINTS, Endpoint
from milepost.sandbox.klaviyo.errors import gone, method_not_allowed, not_found
from milepost.sandbox.klaviyo.limits import L_BEFORE_2026, L, M

Handler = Callable[[Call], bytes | dict[str, Any]]


HANDLERS: dict[str, Handler] = {
    "events": events.events,
    "event": events.event,
    "profiles": persons.profiles,
    "profile": persons.profile,
    "list_members": persons.list_members,
    "segment_members": persons.segment_members,
    "metric_aggregates": aggregates.metric_aggregates,
    "campaign_values": reports.campaign_values,
    "flow_values": reports.flow_values,
    "flow_series": reports.flow_series,
}
HANDLERS |= {e.handler: getattr(small, e.handler) for e in (*ENDPOINTS, *OMNI_ENDPOINTS) if e.handler not in HANDLERS}


class Routes:
    """The endpoints of one revision."""

    def __init__(self, revision: str) -> None:
        table = {e.label: e for e in ENDPOINTS}
        if revision >= revisions.OMNI:
            table |= {e.label: e for e in OMNI_ENDPOINTS}
        self.exact: dict[str, dict[str, Endpoint]] = {}
        self.nested: dict[tuple[str, str], dict[str, Endpoint]] = {}
        for endpoint in table.values():
            adjusted = _tier(endpoint, revision)
            head, found, tail = endpoint.path.partition("/{id}")
            places = self.nested.setdefault((head, tail), {}) if found else self.exact.setdefault(head, {})
            places[endpoint.method] = adjusted

    def find(self, method: str, path: str) -> tuple[Endpoint, str]:
        """The endpoint and the id in the path. Raises 404, 405, 410."""
        if path.startswith(("/api/v1/", "/api/v2/")):
            raise gone("This version of the API has been retired.")
        methods = self.exact.get(path)
        code = ""
        if methods is None:
            head, code, tail = _split(path)
            methods = self.nested.get((head, tail))
        if methods is None:
            raise not_found(f"The path {path} could not be found.")
        if method not in methods:
            raise method_not_allowed(method, ", ".join(methods))
        return methods[method], code


def _split(path: str) -> tuple[str, str, str]:
    parts = path.split("/", 4)  # "", "api", collection, id, rest
    if len(parts) < 4:
        return path, "", "/"  # matches nothing: collections are found by their exact path
    return "/".join(parts[:3]), parts[3], "/" + parts[4] if len(parts) == 5 else ""


def _tier(endpoint: Endpoint, revision: str) -> Endpoint:
    if endpoint.tier is not L:
        return endpoint
    if endpoint.handler == "templates" and revision < revisions.TEMPLATES_LARGE:
        return replace(endpoint, tier=M)
    return replace(endpoint, tier=L_BEFORE_2026) if revision < revisions.PAGED_EVENTS else endpoint
