"""Secrets from the environment and `.env`, as the settings read them. Managed secret stores come in files of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, unquote, urlsplit

from milepost.errors import SettingsInvalid, UnknownName
from milepost.model.faults import did_you_mean

if TYPE_CHECKING:  # pydantic takes 0.15 s: the command line must not wait for it
    from pydantic import SecretStr

PG_VARIABLES = ("PG_HOST", "PG_PORT", "PG_DB", "PG_USER", "PG_PASSWORD")
_SECRET_VARIABLES = frozenset(
    {"PG_PASSWORD", "SUPERMETRICS_API_KEY", "FIVETRAN_API_KEY", "FIVETRAN_API_SECRET", "AWS_SECRET_ACCESS_KEY"}
)
MASK = "***"
_SHORTEST = 4  # masking every "ab" of a text would tell what the password is


class Secrets(Protocol):
    """What Milepost asks of a place that keeps secrets."""

    def klaviyo_key(self, client: str) -> SecretStr:
        """The private API key of a client, by slug. Raises UnknownName."""
        ...

    def dsn(self, variable: str = "") -> SecretStr:
        """The address of a database: the text of a variable, or built from PG_*. Raises SettingsInvalid."""
        ...

    def known_secrets(self) -> frozenset[str]:
        """Every secret text that this place has handed to Milepost, for redaction."""
        ...


@dataclass(frozen=True, slots=True)
class EnvSecrets:
    """Secrets from `Settings.klaviyo_keys` and `Settings.environment`."""

    keys: Mapping[str, SecretStr]
    environment: Mapping[str, str] = field(repr=False)

    def klaviyo_key(self, client: str) -> SecretStr:
        """The private API key of a client, by slug. Raises UnknownName."""
        if client in self.keys:
            return self.keys[client]
        name = f"KLAVIYO_API_KEY_{client.upper().replace('-', '_')}"
        raise UnknownName(
            f"no Klaviyo key for client {client!r}{did_you_mean(client, self.keys)}",
            hint=f"set {name} in the environment or in .env",
            client=client,
        )

    def dsn(self, variable: str = "") -> SecretStr:
        """The text of `variable`, or `postgresql://…` built from PG_*. Raises SettingsInvalid."""
        from pydantic import SecretStr

        if not variable:
            return SecretStr(self._built_dsn())
        if variable not in self.environment:
            raise SettingsInvalid(
                f"{variable} is missing: the address of a database",
                hint=f"for example {variable}=postgresql://reader:password@db.example.com:5432/shop",
                variables=[variable],
            )
        return SecretStr(self.environment[variable])

    def known_secrets(self) -> frozenset[str]:
        """Keys, passwords, and the passwords inside addresses, plain and as they stand in an address."""
        found = {key.get_secret_value() for key in self.keys.values()}
        found |= {text for name, text in self.environment.items() if _is_secret(name)}
        found |= {password for text in self.environment.values() for password in _passwords(text)}
        return frozenset(found | {quote(text, safe="") for text in found})

    def _built_dsn(self) -> str:
        host, port, database, user, password = (self.environment.get(name, "") for name in PG_VARIABLES)
        missing = [name for name in ("PG_HOST", "PG_DB", "PG_USER") if not self.environment.get(name)]
        if missing:
            raise SettingsInvalid(
                f"{', '.join(missing)} missing: the database to read",
                hint="set them in the environment or in .env; .env.example has an example of each",
                variables=missing,
            )
        who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        # A folder is a Unix socket's: it goes percent-encoded where the host stands.
        place = quote(host, safe="") if host.startswith("/") else f"[{host}]" if ":" in host else host
        return f"postgresql://{who}@{place}:{port or '5432'}/{quote(database, safe='')}"


def _is_secret(name: str) -> bool:
    """Whether Milepost knows the variable to hold a secret. Only those: SOME_TOKEN=true must not mask every "true"."""
    return name in _SECRET_VARIABLES or name.startswith("KLAVIYO_API_KEY")


def _passwords(text: str) -> Iterable[str]:
    """The password of an address, as it stands there and decoded; nothing where `text` is no address."""
    if "://" in text:
        try:
            password = urlsplit(text).password
        except ValueError:
            return
        if password:
            yield from (password, unquote(password))
    elif match := re.search(r"\bpassword\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))", text):
        yield match[1] or match[2]


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` with every secret masked, longest first; those shorter than 4 characters are left alone."""
    for secret in sorted((s for s in secrets if len(s) >= _SHORTEST), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
