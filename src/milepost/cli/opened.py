"""Opens an installation for a verb, and gives it back. What is composed, and of what, is `milepost.wiring`'s."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from milepost.cli.call import Call
from milepost.errors import UnknownName

if TYPE_CHECKING:
    from milepost.batch import Pipeline
    from milepost.model.ecosystem import Ecosystem
    from milepost.settings import Settings
    from milepost.wiring import Wiring


@contextmanager
def opened(call: Call) -> Iterator[Wiring]:
    """The installation of the call's settings and ecosystem. Raises SettingsInvalid, ModelInvalid."""
    from milepost.secrets import EnvSecrets
    from milepost.wiring import Wiring

    settings = call.settings
    secrets = EnvSecrets(dict(settings.klaviyo_keys.items()), settings.environment)
    wiring = Wiring(settings, ecosystem(settings), secrets)
    try:
        yield wiring
    finally:
        wiring.close()


@contextmanager
def opened_with_data(call: Call) -> Iterator[Wiring]:
    """The installation, for a verb that only looks. Raises UnknownName where nothing was ever read into it."""
    with opened(call) as wiring:
        if not wiring.store.path.exists():
            raise UnknownName(
                f"there is no data yet: {wiring.store.path} does not exist",
                hint="read some with `milepost ingest` or `milepost backfill start`, or name another folder with --home",
            )
        yield wiring


def ecosystem(settings: Settings) -> Ecosystem:
    """What the ecosystem file declares; where there is none and none was named, what the settings imply."""
    from milepost.model.load import load
    from milepost.model.starter import default_ecosystem

    if settings.ecosystem.exists() or "MILEPOST_ECOSYSTEM" in settings.environment:
        return load(settings.ecosystem)
    return default_ecosystem(settings.klaviyo_keys, settings.pg_db)


def split_dataset(text: str) -> tuple[str, str]:
    """DATASTORE.DATASET in its two names. Raises UsageFault."""
    from milepost.errors import UsageFault

    datastore, dot, name = text.partition(".")
    if not (datastore and dot and name):
        raise UsageFault(f"{text!r} is not DATASTORE.DATASET", hint="write it like customer_db.customers")
    return datastore, name


def pipeline(found: Ecosystem, datastore: str, platform: str | None) -> Pipeline:
    """The datastore on a platform: the one named, or the only one there is. Raises UnknownName, UsageFault."""
    from milepost.batch import Pipeline
    from milepost.errors import UsageFault

    source = found.datastore(datastore).name
    if platform is not None:
        return Pipeline(found.platform(platform).name, source)
    names = [one.name for one in found.platforms]
    if len(names) > 1:
        raise UsageFault(
            f"--platform is needed: there are {', '.join(names)}", hint=f"for example --platform {names[0]}"
        )
    return Pipeline(names[0], source)
