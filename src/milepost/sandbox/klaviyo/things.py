"""Resources as values: attributes, relationships and the facts that filters and sorts look at; and their JSON form."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from milepost.sandbox.klaviyo.names import BASE

Links = tuple[str, list[str] | str | None]


@dataclass(frozen=True, slots=True)
class Thing:
    """One resource. `rels` maps a name to (type, id or ids); `facts` maps filterable fields to plain values."""

    type: str
    id: str
    attributes: dict[str, Any]
    rels: dict[str, Links] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def stamp(second: int | None) -> str | None:
    """An epoch second as `YYYY-MM-DDTHH:MM:SS+00:00`."""
    return None if second is None else datetime.fromtimestamp(second, UTC).isoformat()


def collection_path(kind: str) -> str:
    """`campaigns` for `campaign`."""
    return f"{kind}s"


def _pick(attributes: dict[str, Any], wanted: tuple[str, ...] | None) -> dict[str, Any]:
    if wanted is None:
        return attributes
    out: dict[str, Any] = {}
    for name in wanted:
        head, _, rest = name.partition(".")
        if head not in attributes:
            continue
        inner = attributes[head]
        if rest and isinstance(inner, dict):
            out[head] = out.get(head, {}) | _pick(inner, (rest,))
        else:
            out[head] = inner
    return out


def render(thing: Thing, fields: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """The resource object, with only the attributes of its sparse fieldset if there is one."""
    path = f"{BASE}/api/{collection_path(thing.type)}/{thing.id}/"
    out: dict[str, Any] = {"type": thing.type, "id": thing.id}
    out["attributes"] = _pick(thing.attributes, fields.get(thing.type))
    if thing.rels:
        out["relationships"] = {name: _relationship(path, name, rel) for name, rel in thing.rels.items()}
    out["links"] = {"self": path}
    return out


def _relationship(path: str, name: str, rel: Links) -> dict[str, Any]:
    kind, target = rel
    links = {"self": f"{path}relationships/{name}/", "related": f"{path}{name}/"}
    if target is None:
        return {"links": links}
    data = [{"type": kind, "id": i} for i in target] if isinstance(target, list) else {"type": kind, "id": target}
    return {"data": data, "links": links}


def targets(thing: Thing, name: str) -> list[tuple[str, str]]:
    """(type, id) of everything a relationship points to."""
    kind, target = thing.rels.get(name, ("", None))
    ids = target if isinstance(target, list) else [target] if target else []
    return [(kind, i) for i in ids]
