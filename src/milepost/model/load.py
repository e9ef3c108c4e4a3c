"""The ecosystem file: YAML to an Ecosystem, with every fault at its file, line and column. Not what the words mean."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from milepost.dataset import ReadMode
from milepost.errors import ModelInvalid
from milepost.milestoning import Milestoning
from milepost.model.ecosystem import (
    DatasetDeclaration,
    Datastore,
    Ecosystem,
    KlaviyoOptions,
    Platform,
    PostgresOptions,
)
from milepost.model.nodes import Nodes

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_NAME_RULE = "must be of letters, digits, - and _, at most 63, because it becomes the name of folders and schemas"
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_REVISION = re.compile(r"\d{4}-\d\d-\d\d(\.pre)?")
_CLIENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OPTIONS = {"postgres": ("dsn_env", "schema"), "klaviyo": ("client", "revision")}
_DATASET = ("columns", "where", "key", "read_mode", "cursor", "deleted_mark", "retired")


def load(path: Path) -> Ecosystem:
    """The ecosystem that the file declares. Raises ModelInvalid with all faults of the file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise ModelInvalid(
            f"{path} cannot be read: {reason}", hint="`milepost init` writes one to start from", faults=[]
        ) from exc
    return parse(text, str(path))


def parse(text: str, file: str = "ecosystem.yaml") -> Ecosystem:
    """The ecosystem that the text declares; `file` is its name in faults. Raises ModelInvalid with all of them."""
    nodes = Nodes(file)
    root = nodes.compose(text)
    ecosystem = Ecosystem((), ())
    if not nodes.faults:
        sections = nodes.fields(root, "an ecosystem", ("platforms", "datastores"))
        ecosystem = Ecosystem(
            tuple(_platform(nodes, *entry) for entry in _named(nodes, sections.get("platforms"), "platform")),
            tuple(_datastore(nodes, *entry) for entry in _named(nodes, sections.get("datastores"), "datastore")),
        )
        for section in ("platforms", "datastores"):
            if not getattr(ecosystem, section) and not nodes.faults:
                nodes.fault(root, f"an ecosystem needs {section}")
    if nodes.faults:
        lines = [str(fault) for fault in sorted(nodes.faults, key=lambda f: (f.line, f.column))]
        count = "one fault" if len(lines) == 1 else f"{len(lines)} faults"
        raise ModelInvalid("\n  ".join([f"{count} in {file}:", *lines]), faults=lines)
    return ecosystem


def _named(nodes: Nodes, section: yaml.Node | None, what: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
    """(name, key node, value node) of the section's entries, whose names differ in more than case."""
    found: dict[str, tuple[str, yaml.Node, yaml.Node]] = {}
    for name, (key, value) in nodes.entries(section, f"{what}s").items():
        if not _NAME.fullmatch(name):
            nodes.fault(key, f"{what} {name!r} {_NAME_RULE}")
        elif name.casefold() in found:
            nodes.fault(key, f"{what} {name!r} differs only in case from {found[name.casefold()][0]!r}")
        else:
            found[name.casefold()] = (name, key, value)
    return list(found.values())


def _platform(nodes: Nodes, name: str, key: yaml.Node, node: yaml.Node) -> Platform:
    what = f"platform {name!r}"
    fields = nodes.fields(node, what, ("milestoning", "store"))
    if "milestoning" not in fields:
        nodes.fault(key, f"{what} needs milestoning: live or forensic")
    milestoning = nodes.choice(fields.get("milestoning"), f"{what}: milestoning", {m.value: m for m in Milestoning})
    nodes.choice(fields.get("store"), f"{what}: store", {"duckdb": "duckdb"})
    return Platform(name, milestoning or Milestoning.LIVE)


def _datastore(nodes: Nodes, name: str, key: yaml.Node, node: yaml.Node) -> Datastore:
    what = f"datastore {name!r}"
    entries = nodes.entries(node, what)
    if "source" not in entries:
        nodes.fault(key, f"{what} needs source: {' or '.join(_OPTIONS)}")
        return Datastore(name, PostgresOptions())
    source = nodes.choice(entries["source"][1], f"{what}: source", {kind: kind for kind in _OPTIONS})
    if source is None:
        return Datastore(name, PostgresOptions())
    fields = nodes.known(entries, what, ("source", *_OPTIONS[source], "datasets"))
    options = _postgres(nodes, what, fields) if source == "postgres" else _klaviyo(nodes, name, key, fields)
    listed = nodes.entries(fields.get("datasets"), f"{what}: datasets")
    declared = tuple(_dataset(nodes, dataset, value, source) for dataset, (_, value) in listed.items())
    return Datastore(name, options, declared)


def _postgres(nodes: Nodes, what: str, fields: dict[str, yaml.Node]) -> PostgresOptions:
    variable = nodes.checked(
        fields.get("dsn_env"),
        f"{what}: dsn_env",
        _VARIABLE.fullmatch,  # the message must not repeat the text: it may be an address with a password
        "must be the name of a variable, such as CUSTOMER_DB_DSN, that holds the address; never the address itself",
    )
    return PostgresOptions(variable, nodes.text(fields.get("schema"), f"{what}: schema") or "public")


def _klaviyo(nodes: Nodes, name: str, key: yaml.Node, fields: dict[str, yaml.Node]) -> KlaviyoOptions:
    what = f"datastore {name!r}"
    slug = name.lower().replace("_", "-")
    client = nodes.checked(
        fields.get("client"),
        f"{what}: client",
        _CLIENT.fullmatch,
        "must be a client's name in small letters, such as north-shop for KLAVIYO_API_KEY_NORTH_SHOP; never the key",
    )
    if "client" not in fields and not _CLIENT.fullmatch(slug):
        nodes.fault(key, f"{what} needs client: its name does not tell which KLAVIYO_API_KEY_… is meant")
    revision = nodes.checked(
        fields.get("revision"), f"{what}: revision", _REVISION.fullmatch, "must be a date, such as 2026-07-15"
    )
    return KlaviyoOptions(client or slug, revision)


def _dataset(nodes: Nodes, name: str, node: yaml.Node, source: str) -> DatasetDeclaration:
    what = f"dataset {name!r}"
    # What Klaviyo serves has fixed keys and modes: there is nothing to declare but its name.
    fields = nodes.fields(node, what, _DATASET if source == "postgres" else ())
    declared = DatasetDeclaration(
        name,
        columns=nodes.texts(fields.get("columns"), f"{what}: columns"),
        where=nodes.text(fields.get("where"), f"{what}: where"),
        key=nodes.texts(fields.get("key"), f"{what}: key"),
        read_mode=nodes.choice(fields.get("read_mode"), f"{what}: read_mode", {m.value: m for m in ReadMode}),
        cursor=nodes.text(fields.get("cursor"), f"{what}: cursor") or None,
        deleted_mark=nodes.text(fields.get("deleted_mark"), f"{what}: deleted_mark") or None,
        retired=nodes.texts(fields.get("retired"), f"{what}: retired"),
    )
    for field, message in _contradictions(declared):
        nodes.fault(fields[field], f"{what}: {message}")
    return declared


def _contradictions(declared: DatasetDeclaration) -> list[tuple[str, str]]:
    """(field, what is wrong) where two fields of a dataset do not go together."""
    found: list[tuple[str, str]] = []
    mode = declared.read_mode
    if mode in {ReadMode.INCREMENTAL, ReadMode.APPEND} and not declared.cursor:
        found.append(("read_mode", f"read_mode {mode.value} needs cursor: the column that says what is new"))
    if declared.cursor and mode not in {ReadMode.INCREMENTAL, ReadMode.APPEND}:
        found.append(("cursor", "cursor is for read_mode incremental or append"))
    if declared.deleted_mark and mode is not ReadMode.INCREMENTAL:
        found.append(("deleted_mark", "deleted_mark is for read_mode incremental: a snapshot sees deletes by itself"))
    if declared.columns:
        needed = {"key": declared.key, "cursor": (declared.cursor,), "deleted_mark": (declared.deleted_mark,)}
        for field, names in needed.items():
            absent = [name for name in names if name and name not in declared.columns]
            found += [(field, f"{field} {name!r} is not among its columns") for name in absent]
        both = [name for name in declared.retired if name in declared.columns]
        found += [("retired", f"column {name!r} cannot be read and retired") for name in both]
    found += [
        ("retired", f"key column {name!r} cannot be retired") for name in declared.retired if name in declared.key
    ]
    return found
