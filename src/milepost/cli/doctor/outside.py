"""Checks of what an installation works with: ecosystem, control store, store, Klaviyo keys, databases. Changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from milepost.cli import numbers
from milepost.cli.doctor.finding import Check, Finding, State
from milepost.errors import Stopped

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from milepost.model.ecosystem import Datastore
    from milepost.wiring import Wiring

_PATIENCE = 10.0  # seconds for an answer: a doctor does not wait as long as a backfill


class _Identity(Protocol):
    """Who a Klaviyo key belongs to."""

    name: str
    zone: ZoneInfo
    currency: str
    missing_scopes: Sequence[str]


class _Account(Protocol):
    def identity(self) -> _Identity: ...


def checks(wiring: Wiring) -> list[tuple[str, Check]]:
    """The checks of this installation, by what they look at."""
    found: list[tuple[str, Check]] = [
        ("ecosystem", partial(ecosystem, wiring)),
        ("control store", partial(control_store, wiring)),
        ("store", partial(store, wiring)),
    ]
    for datastore in wiring.ecosystem.datastores:
        look = klaviyo if datastore.source == "klaviyo" else database
        found.append((datastore.name, partial(look, wiring, datastore)))
    return found


def ecosystem(wiring: Wiring) -> Iterator[Finding]:
    """What is declared, and keys that nothing uses."""
    declared, path = wiring.ecosystem, wiring.settings.ecosystem
    where = str(path) if path.exists() else "implied by the settings (no file)"
    counted = f"{numbers.plural(len(declared.datastores), 'datastore')} on {numbers.plural(len(declared.platforms), 'platform')}"
    none = not declared.datastores
    todo = "put a KLAVIYO_API_KEY or PG_HOST, PG_DB, PG_USER into .env" if none else ""
    yield Finding("ecosystem", State.WARN if none else State.OK, f"{where}: {counted}", todo)
    used = {getattr(datastore.options, "client", None) for datastore in declared.datastores}
    for client in sorted(set(wiring.settings.klaviyo_keys) - used):
        todo = f"add a datastore to {path}: source: klaviyo, client: {client}"
        yield Finding("ecosystem", State.WARN, f"there is a key for client {client!r} but no datastore", todo)


def control_store(wiring: Wiring) -> Iterator[Finding]:
    """Whether the control store opens; it is not made here."""
    path = wiring.settings.home / "state.sqlite"
    if not path.exists():
        yield Finding("control store", State.OK, f"{path} is made when first needed")
        return
    latest = [wiring.runtime.batches.latest(pipeline) for pipeline in wiring.ecosystem.pipelines()]
    yield Finding(
        "control store",
        State.OK,
        f"{path} opens; {numbers.plural(sum(a is not None for a in latest), 'pipeline')} known",
    )
    for attempt in latest:
        if attempt is not None and attempt.state.value in {"held", "failed"}:
            said = f"batch {attempt.number} of {attempt.pipeline} is {attempt.state.value}: {attempt.error}"
            yield Finding("last batch", State.WARN, said, "milepost status shows it; run its command again")


def store(wiring: Wiring) -> Iterator[Finding]:
    """Whether the store opens for reading; it is not made here."""
    path = wiring.store.path
    if not path.exists():
        yield Finding("store", State.OK, f"{path} is made when first needed")
        return
    with wiring.store.query("SELECT 1"):
        yield Finding("store", State.OK, f"{path} opens; {numbers.size(path.stat().st_size)}")


def klaviyo(wiring: Wiring, datastore: Datastore) -> Iterator[Finding]:
    """Whether the client's key is accepted, whose it is, and which scopes it lacks."""
    stop = threading.Event()
    timer = threading.Timer(_PATIENCE, stop.set)
    timer.daemon = True
    source = wiring.klaviyo(datastore, stop)
    timer.start()
    try:
        identity = cast("_Account", source).identity()
    except Stopped:
        said = f"{wiring.settings.klaviyo_url} gave no usable answer within {_PATIENCE:.0f} seconds"
        yield Finding(datastore.name, State.FAIL, said, "look at the network, a proxy, and MILEPOST_KLAVIYO_URL")
        return
    finally:
        timer.cancel()
        source.close()
    said = f"the key is accepted: {identity.name}, {identity.zone.key}, {identity.currency}"
    if identity.missing_scopes:
        lacks = f"; it lacks {', '.join(identity.missing_scopes)}"
        yield Finding(datastore.name, State.WARN, said + lacks, "make a key with these scopes in Klaviyo's settings")
    else:
        yield Finding(datastore.name, State.OK, said)


def database(wiring: Wiring, datastore: Datastore) -> Iterator[Finding]:
    """Whether the database answers, and how many tables can be read."""
    source = wiring.source(datastore)
    try:
        tables = source.datasets()
    finally:
        source.close()
    said = f"the database answers; {numbers.plural(len(tables), 'table')} can be read"
    todo = "" if tables else "look at the schema of the datastore, and at the user's rights"
    yield Finding(datastore.name, State.OK if tables else State.WARN, said, todo)
