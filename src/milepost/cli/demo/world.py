"""The demo's outside: look-alikes that run on this machine, and a Milepost that is told about them and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from milepost.cli.demo.plan import CATALOGUE, DATABASE, FORENSIC, LIVE, Plan
from milepost.cli.sandbox_shops import account, variable

if TYPE_CHECKING:
    from milepost.model.ecosystem import Ecosystem
    from milepost.sandbox.klaviyo import Sandbox
    from milepost.settings import Settings
    from milepost.wiring import Wiring

_DSN = "CUSTOMER_DB_DSN"
_WORKERS = "8"
_MEMORY = "700MB"  # for each of the shops that are read at once


@dataclass(frozen=True, slots=True)
class World:
    """The running look-alikes, and the installation that reads them."""

    plan: Plan
    wiring: Wiring
    klaviyo: Sandbox
    dsn: str


@contextmanager
def world(plan: Plan) -> Iterator[World]:
    """Start everything, side by side, without request limits: nobody should wait in a demo; stop it at the end. Raises NotInstalled, SandboxUnavailable."""
    from concurrent.futures import ThreadPoolExecutor

    from milepost.cli.demo.home import write_settings
    from milepost.cli.sandbox_postgres import customer_database
    from milepost.model.starter import starter_text
    from milepost.sandbox.klaviyo import Sandbox

    accounts = [account(shop, plan.orders, plan.start, plan.end, seed) for seed, shop in enumerate(plan.shops, 1)]
    with ExitStack() as stack:
        with ThreadPoolExecutor(1) as pool:
            klaviyo = pool.submit(Sandbox(accounts, limits="off").start)
            dsn, _ = stack.enter_context(customer_database(plan.home / "postgres", DATABASE))
            sandbox = klaviyo.result()
        stack.callback(sandbox.stop)
        variables = {
            "MILEPOST_HOME": ".",
            "MILEPOST_KLAVIYO_URL": sandbox.url,
            "MILEPOST_KLAVIYO_LIMITS": "off",
            "MILEPOST_WORKERS": _WORKERS,
            "MILEPOST_MEMORY_LIMIT": _MEMORY,
            **{variable(one.slug): one.key for one in accounts},
            _DSN: dsn,
        }
        ecosystem = _ecosystem(plan)
        write_settings(plan.home, variables, starter_text(ecosystem))
        wiring = _wiring(plan, variables, ecosystem)
        stack.callback(wiring.close)
        yield World(plan, wiring, sandbox, dsn)


def _ecosystem(plan: Plan) -> Ecosystem:
    from milepost.milestoning import Milestoning
    from milepost.model.ecosystem import (
        DatasetDeclaration,
        Datastore,
        Ecosystem,
        KlaviyoOptions,
        Platform,
        PostgresOptions,
    )

    platforms = (Platform(LIVE, Milestoning.LIVE), Platform(FORENSIC, Milestoning.FORENSIC))
    catalogue = tuple(DatasetDeclaration(name) for name in CATALOGUE)
    clients = (Datastore(shop.slug, KlaviyoOptions(shop.slug), catalogue) for shop in plan.shops)
    return Ecosystem(platforms, (*clients, Datastore(DATABASE, PostgresOptions(_DSN))))


def _wiring(plan: Plan, variables: dict[str, str], ecosystem: Ecosystem) -> Wiring:
    from pydantic import SecretStr

    from milepost.secrets import EnvSecrets
    from milepost.wiring import Wiring

    keys = {shop.slug: SecretStr(variables[variable(shop.slug)]) for shop in plan.shops}
    return Wiring(_settings(plan, variables), ecosystem, EnvSecrets(keys, variables))


def _settings(plan: Plan, variables: dict[str, str]) -> Settings:
    """Settings of the demo's own: no variable and no `.env` of the person's is read."""
    from milepost.settings import Settings

    defaults = {info.alias or name: info.default for name, info in Settings.model_fields.items()}
    given = {name: value for name, value in variables.items() if name in defaults}
    return Settings.model_validate({**defaults, **given, "MILEPOST_HOME": plan.home})
