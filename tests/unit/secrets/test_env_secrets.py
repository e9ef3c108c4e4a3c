"""Secrets from the environment: looked up by client or variable, never shown, known for redaction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from milepost.errors import SettingsInvalid, UnknownName
from milepost.secrets import EnvSecrets, redact

KEY = SecretStr("pk_0123456789")
PG = {"PG_HOST": "db.example.com", "PG_PORT": "5433", "PG_DB": "shop", "PG_USER": "reader", "PG_PASSWORD": "hunter22"}


def test_key_of_a_client() -> None:
    assert EnvSecrets({"north": KEY}, {}).klaviyo_key("north") is KEY


def test_unknown_client_names_the_variable_and_the_client_meant() -> None:
    with pytest.raises(UnknownName, match="did you mean 'north-shop'") as caught:
        EnvSecrets({"north-shop": KEY}, {}).klaviyo_key("nort-shop")
    assert "KLAVIYO_API_KEY_NORT_SHOP" in caught.value.hint


def test_dsn_from_pg_variables() -> None:
    assert EnvSecrets({}, PG).dsn().get_secret_value() == "postgresql://reader:hunter22@db.example.com:5433/shop"


@pytest.mark.parametrize("host", ["localhost", "::1", "/var/run/postgresql"])
@given(text=st.text(st.characters(min_codepoint=33, max_codepoint=255), min_size=1))
def test_dsn_carries_any_name_and_password(host: str, text: str) -> None:
    built = EnvSecrets({}, {**PG, "PG_HOST": host, "PG_PASSWORD": text, "PG_USER": text, "PG_DB": text}).dsn()
    parts = conninfo_to_dict(built.get_secret_value())
    assert (parts["host"], parts["password"], parts["user"], parts["dbname"]) == (host, text, text, text)


def test_dsn_without_a_variable_says_which() -> None:
    with pytest.raises(SettingsInvalid, match="PG_DB, PG_USER missing"):
        EnvSecrets({}, {"PG_HOST": "x"}).dsn()
    with pytest.raises(SettingsInvalid, match="CRM_DSN is missing"):
        EnvSecrets({}, {}).dsn("CRM_DSN")


@pytest.mark.parametrize(
    ("name", "text", "secret"),
    [
        ("PG_PASSWORD", "hunter22", "hunter22"),
        ("PG_PASSWORD", "a/b@c", "a%2Fb%40c"),
        ("CRM_DSN", "postgresql://u:p%40ss@h/d", "p@ss"),
        ("CRM_DSN", "postgresql://u:p%40ss@h/d", "p%40ss"),
        ("CRM_DSN", "host=h password='se cret' dbname=d", "se cret"),
        ("CRM_DSN", "host=h password=plain dbname=d", "plain"),
        ("KLAVIYO_API_KEY_A", "pk_a", "pk_a"),
    ],
)
def test_known_secrets(name: str, text: str, secret: str) -> None:
    assert secret in EnvSecrets({}, {name: text}).known_secrets()


def test_unrelated_variables_are_not_secrets() -> None:
    assert (
        EnvSecrets({}, {"SOME_TOKEN": "true", "PATH": "/bin", "URL": "http://[broken"}).known_secrets() == frozenset()
    )


def test_redact_masks_the_longest_first_and_leaves_short_ones() -> None:
    assert redact("key pk_12345 and pk_123, on", ["pk_123", "pk_12345", "on"]) == "key *** and ***, on"


def test_environment_is_not_in_repr() -> None:
    assert "hunter22" not in repr(EnvSecrets({}, PG))
