"""Every variable Milepost reads, in one table, and the object they become. What a datastore holds is the model's.

The class `Settings` is the table: `.env.example` and docs/reference/settings.md are generated from it (`make golden`).
This module loads pydantic (0.15 s): import it inside the function that needs it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, cast
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from milepost.errors import SettingsInvalid
from milepost.model.faults import did_you_mean

DEFAULT_CLIENT = "default"
CLIENT_PREFIX = "KLAVIYO_API_KEY_"
Client = NewType("Client", str)  # slug of a Klaviyo account: `north-shop` for KLAVIYO_API_KEY_NORTH_SHOP
_OWN = "MILEPOST_"
_FOR_TESTS = frozenset({"MILEPOST_CHINOOK", "MILEPOST_KLAVIYO_OPENAPI"})
_CLIENT_NAME = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)*")
_CLIENT_PURPOSE = (
    "private API key of one of many clients; the rest of the name is the client: "
    "`KLAVIYO_API_KEY_NORTH_SHOP` is `north-shop`"
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: what it is for, an example, the text of its default (None: not set)."""

    name: str
    group: str
    purpose: str
    example: str
    default: str | None
    secret: bool


def _variable(name: str, purpose: str, example: str, default: str | None = None, **checks: Any) -> Any:
    group = "PostgreSQL" if name.startswith("PG_") else "Klaviyo" if "KLAVIYO" in name else "Milepost"
    return Field(
        default, alias=name, description=purpose, examples=[example], json_schema_extra={"group": group}, **checks
    )


def _visible(value: object) -> object:
    """A secret with a space or a line break in it was pasted wrongly, and would break a header."""
    if isinstance(value, str) and not (value.isascii() and value.isprintable() and " " not in value):
        raise ValueError("must have no spaces, line breaks or non-ASCII characters")
    return value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Key = Annotated[SecretStr, BeforeValidator(_visible)]
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]


class Settings(BaseSettings):
    """What the variables say, checked; frozen, and its secrets are masked in `repr`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", case_sensitive=True, env_ignore_empty=True, validate_default=True,
        env_file_encoding="utf-8-sig", hide_input_in_errors=True,
    )  # fmt: skip

    home: Path = _variable("MILEPOST_HOME", "folder of stores, state and exports", "/var/lib/milepost", "milepost-home")
    ecosystem: Path = _variable("MILEPOST_ECOSYSTEM", "the ecosystem file", "shop.yaml", "ecosystem.yaml")
    workers: int = _variable("MILEPOST_WORKERS", "how many requests or tables are read at once", "8", "4", ge=1, le=256)
    memory_limit: str = _variable(
        "MILEPOST_MEMORY_LIMIT", "most memory that a store uses", "4GB", "700MB", pattern=r"^\d+(\.\d+)? ?([KMGT]i?)?B$"
    )
    lock_timeout: float = _variable(
        "MILEPOST_LOCK_TIMEOUT", "seconds to wait for a store that another process uses", "60", "30", ge=0, le=86400
    )
    max_delete_share: float = _variable(
        "MILEPOST_MAX_DELETE_SHARE",
        "a batch that would delete a larger share of a dataset's rows is held for a person; from 0 to 1",
        "0.5",
        "0.3",
        ge=0,
        le=1,
    )
    lookback_days: int = _variable(
        "MILEPOST_LOOKBACK_DAYS", "days that an update reads again, because rows arrive late", "30", "7", ge=0, le=366
    )
    log_level: Level = _variable("MILEPOST_LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", "DEBUG", "INFO")
    log_format: Literal["text", "json"] = _variable(
        "MILEPOST_LOG_FORMAT", "`text` for people, `json` for machines", "json", "text"
    )
    default_timezone: ZoneInfo = _variable(
        "DEFAULT_TIMEZONE", "time zone (IANA) of an account that names none", "Europe/Paris", "UTC"
    )
    klaviyo_api_key: Key | None = _variable(
        "KLAVIYO_API_KEY",
        f"private API key of a single client, which is named `{DEFAULT_CLIENT}`",
        "pk_0123456789abcdef",
    )
    klaviyo_url: str = _variable(
        "MILEPOST_KLAVIYO_URL",
        "address of the API",
        "http://127.0.0.1:8900",
        "https://a.klaviyo.com",
        pattern=r"^https?://[^\s@/?#]+(/[^\s@?#]*)?$",
    )
    klaviyo_revision: str = _variable(
        "MILEPOST_KLAVIYO_REVISION",
        "revision of the API",
        "2026-07-15",
        "2026-07-15",
        pattern=r"^\d{4}-\d\d-\d\d(\.pre)?$",
    )
    klaviyo_limits: Literal["published", "off"] = _variable(
        "MILEPOST_KLAVIYO_LIMITS", "`published` keeps to the API's limits; `off` is for a sandbox", "off", "published"
    )
    pg_host: str | None = _variable("PG_HOST", "server of the database to read", "db.example.com")
    pg_port: int = _variable("PG_PORT", "its port", "5432", "5432", ge=1, le=65535)
    pg_db: str | None = _variable("PG_DB", "its name; the datastore is named after it", "shop")
    pg_user: str | None = _variable("PG_USER", "a user that may read it", "milepost_reader")
    pg_password: SecretStr | None = _variable("PG_PASSWORD", "that user's password", "correct-horse-battery")

    klaviyo_keys: Mapping[Client, SecretStr] = Field(default_factory=dict)
    environment: Mapping[str, str] = Field(default_factory=dict, repr=False)
    """Every variable as it was read, secrets included: where the variable that a datastore names is looked up."""


def variables() -> Iterator[Variable]:
    """The table of variables, in the order of the documentation."""
    for info in (info for info in Settings.model_fields.values() if info.alias):
        extra = cast("dict[str, str]", info.json_schema_extra)
        secret = "SecretStr" in str(info.annotation)
        yield Variable(
            str(info.alias),
            extra["group"],
            str(info.description),
            str((info.examples or [""])[0]),
            info.default,
            secret,
        )
        if info.alias == "KLAVIYO_API_KEY":
            name = f"{CLIENT_PREFIX}<CLIENT>"
            yield Variable(name, extra["group"], _CLIENT_PURPOSE, "pk_0123456789abcdef", None, secret=True)


def env_example() -> str:
    """The text of `.env.example`: every variable, commented out, with its default or an example."""
    lines = ["# Generated from src/milepost/settings.py. Copy to .env and take the # from what you need."]
    group = ""
    for variable in variables():
        lines += ["", f"# --- {variable.group} ---"] if variable.group != group else []
        lines += [f"# {variable.purpose}", f"#{variable.name}={variable.default or variable.example}"]
        group = variable.group
    return "\n".join([*lines, ""])


def load(env_file: Path | None = Path(".env"), *, required: Sequence[str] = ()) -> Settings:
    """The settings from the environment and, where it says nothing, from `env_file` (which need not exist).

    `required` names variables that the command cannot do without; KLAVIYO_API_KEY is met by any client's key.
    Raises one SettingsInvalid with a line for every variable that is missing or wrong.
    """
    in_file = _read(env_file)
    environment = {name: text for name, text in {**in_file, **os.environ}.items() if text}
    faults: dict[str, str] = {}
    keys = _client_keys(environment, faults)
    faults |= _unknown(environment) | _missing(environment, required, keys)
    settings: Settings | None = None
    try:
        settings = cast("Any", Settings)(_env_file=env_file, klaviyo_keys=keys, environment=environment)
    except ValidationError as invalid:
        faults |= {str(error["loc"][0]): _wrong(error, environment) for error in invalid.errors()}
    if faults or settings is None:
        raise _invalid(faults)
    return settings


def _read(env_file: Path | None) -> Mapping[str, str | None]:
    try:
        return {} if env_file is None else dotenv_values(env_file, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise SettingsInvalid(
            f"{env_file} cannot be read: {reason}", hint="save it as UTF-8, readable for you"
        ) from None


def _client_keys(environment: Mapping[str, str], faults: dict[str, str]) -> dict[Client, SecretStr]:
    """The keys by client; what is wrong with one is added to `faults`."""
    keys = {Client(DEFAULT_CLIENT): environment["KLAVIYO_API_KEY"]} if "KLAVIYO_API_KEY" in environment else {}
    for name in sorted(n for n in environment if n.startswith(CLIENT_PREFIX)):
        client = Client(name.removeprefix(CLIENT_PREFIX).lower().replace("_", "-"))
        if not _CLIENT_NAME.fullmatch(name.removeprefix(CLIENT_PREFIX)):
            faults[name] = (
                "does not name a client: write capital letters, digits and single underscores after the prefix"
            )
        elif client in keys:
            faults[name] = "names the client that KLAVIYO_API_KEY stands for: keep one of the two"
        else:
            keys[client] = environment[name]
            try:
                _visible(environment[name])
            except ValueError as wrong:
                faults[name] = str(wrong)
    return {client: SecretStr(key) for client, key in keys.items()}


def _unknown(environment: Mapping[str, str]) -> dict[str, str]:
    known = {variable.name for variable in variables()} | _FOR_TESTS
    own = {name for name in known if name.startswith(_OWN)}
    return {
        name: f"is not a variable of Milepost{did_you_mean(name, own)}"
        for name in environment
        if name.startswith(_OWN) and name not in known
    }


def _missing(
    environment: Mapping[str, str], required: Sequence[str], keys: Mapping[Client, SecretStr]
) -> dict[str, str]:
    needed = list(required)
    if any(name in environment for name in ("PG_HOST", "PG_DB", "PG_USER", "PG_PASSWORD")):
        needed += ["PG_HOST", "PG_DB", "PG_USER"]
    met = {*environment, *(["KLAVIYO_API_KEY"] if keys else [])}
    return {name: "is missing" for name in needed if name not in met}


def _wrong(error: ErrorDetails, environment: Mapping[str, str]) -> str:
    """The fault in words, with the value that was given unless it is, or may hold, a secret."""
    name, given = str(error["loc"][0]), environment.get(str(error["loc"][0]), "")
    said = (
        "has the wrong form"
        if error["type"] == "string_pattern_mismatch"
        else error["msg"].removeprefix("Value error, ")
    )
    secret = "@" in given or any(variable.name == name and variable.secret for variable in variables())
    return f"is wrong: {said[0].lower()}{said[1:]}" + ("" if secret else f" (it is {given!r})")


def _invalid(faults: Mapping[str, str]) -> SettingsInvalid:
    described = {variable.name: variable for variable in variables()}
    lines = []
    for name, fault in sorted(faults.items()):
        about = described.get(name) or (
            described[f"{CLIENT_PREFIX}<CLIENT>"] if name.startswith(CLIENT_PREFIX) else None
        )
        lines.append(
            f"{name} {fault}" + (f"\n    {about.purpose}; for example {name}={about.example}" if about else "")
        )
    count = "one variable is" if len(lines) == 1 else f"{len(lines)} variables are"
    return SettingsInvalid(
        "\n  ".join([f"{count} missing or wrong:", *lines]),
        hint="set them in the environment or in .env; .env.example has every variable",
        variables=sorted(faults),
    )
