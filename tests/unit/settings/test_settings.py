"""Settings: what is read, from where, and one message for everything that is missing or wrong."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from milepost import settings
from milepost.errors import SettingsInvalid

SECRET = "pk_do-not-show-0123456789"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)

    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


def faults(**load) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as caught:
        settings.load(**load)
    return caught.value


def test_defaults_need_nothing(env) -> None:
    loaded = settings.load()
    assert loaded.home == Path("milepost-home")
    assert loaded.ecosystem == Path("ecosystem.yaml")
    assert loaded.default_timezone == ZoneInfo("UTC")
    assert (loaded.max_delete_share, loaded.lookback_days, loaded.workers) == (0.3, 7, 4)
    assert loaded.klaviyo_limits == "published"
    assert loaded.klaviyo_keys == {}
    assert loaded.pg_db is None


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("MILEPOST_HOME", "/x y/ü", "home", Path("/x y/ü")),
        ("MILEPOST_WORKERS", "1", "workers", 1),
        ("MILEPOST_MEMORY_LIMIT", "1.5 GiB", "memory_limit", "1.5 GiB"),
        ("MILEPOST_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("MILEPOST_MAX_DELETE_SHARE", "0", "max_delete_share", 0.0),
        ("MILEPOST_MAX_DELETE_SHARE", "1", "max_delete_share", 1.0),
        ("DEFAULT_TIMEZONE", "America/New_York", "default_timezone", ZoneInfo("America/New_York")),
        ("MILEPOST_KLAVIYO_URL", "http://127.0.0.1:8900/x", "klaviyo_url", "http://127.0.0.1:8900/x"),
        ("MILEPOST_KLAVIYO_REVISION", "2026-10-15.pre", "klaviyo_revision", "2026-10-15.pre"),
        ("MILEPOST_WORKERS", "", "workers", 4),
    ],
)
def test_value_is_read(env, name: str, text: str, field: str, value: object) -> None:
    env(**{name: text})
    assert getattr(settings.load(), field) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MILEPOST_WORKERS", "many"),
        ("MILEPOST_WORKERS", "0"),
        ("MILEPOST_MEMORY_LIMIT", "lots"),
        ("MILEPOST_LOCK_TIMEOUT", "-1"),
        ("MILEPOST_LOCK_TIMEOUT", "nan"),
        ("MILEPOST_MAX_DELETE_SHARE", "1.01"),
        ("MILEPOST_MAX_DELETE_SHARE", "nan"),
        ("MILEPOST_LOOKBACK_DAYS", "7.5"),
        ("MILEPOST_LOG_LEVEL", "LOUD"),
        ("MILEPOST_LOG_FORMAT", "xml"),
        ("DEFAULT_TIMEZONE", "Mars/Olympus"),
        ("MILEPOST_KLAVIYO_URL", "ftp://example.com"),
        ("MILEPOST_KLAVIYO_REVISION", "latest"),
        ("MILEPOST_KLAVIYO_LIMITS", "none"),
    ],
)
def test_wrong_value_is_named_with_value_purpose_and_example(env, name: str, text: str) -> None:
    env(**{name: text})
    fault = faults()
    about = next(v for v in settings.variables() if v.name == name)
    assert fault.fields["variables"] == [name]
    assert repr(text) in fault.what
    assert f"{about.purpose}; for example {name}={about.example}" in fault.what


def test_all_faults_come_at_once(env) -> None:
    env(MILEPOST_WORKERS="x", MILEPOST_WORKRS="4", PG_DB="shop", KLAVIYO_API_KEY_="pk_1")
    fault = faults(required=["KLAVIYO_API_KEY"])
    assert fault.fields["variables"] == [
        "KLAVIYO_API_KEY",
        "KLAVIYO_API_KEY_",
        "MILEPOST_WORKERS",
        "MILEPOST_WORKRS",
        "PG_HOST",
        "PG_USER",
    ]
    assert fault.what.startswith("6 variables are missing or wrong:")
    assert "did you mean 'MILEPOST_WORKERS'?" in fault.what
    assert fault.exit_code == 2


def test_clients_by_slug(env) -> None:
    env(KLAVIYO_API_KEY="pk_1", KLAVIYO_API_KEY_NORTH_SHOP="pk_2", KLAVIYO_API_KEY_4U="pk_3")
    loaded = settings.load(required=["KLAVIYO_API_KEY"])
    assert {client: key.get_secret_value() for client, key in loaded.klaviyo_keys.items()} == {
        "default": "pk_1", "north-shop": "pk_2", "4u": "pk_3",
    }  # fmt: skip


def test_any_client_key_meets_the_requirement(env) -> None:
    env(KLAVIYO_API_KEY_A="pk_2")
    assert set(settings.load(required=["KLAVIYO_API_KEY"]).klaviyo_keys) == {"a"}


@pytest.mark.parametrize(
    "name", ["KLAVIYO_API_KEY_a", "KLAVIYO_API_KEY_A__B", "KLAVIYO_API_KEY_A_", "KLAVIYO_API_KEY_A-B"]
)
def test_client_name_that_is_no_slug(env, name: str) -> None:
    env(**{name: SECRET})
    assert faults().fields["variables"] == [name]


def test_default_client_named_twice(env) -> None:
    env(KLAVIYO_API_KEY=SECRET, KLAVIYO_API_KEY_DEFAULT="pk_2")
    assert "keep one" in str(faults())


@pytest.mark.parametrize("name", ["KLAVIYO_API_KEY", "KLAVIYO_API_KEY_A"])
@pytest.mark.parametrize("bad", [f"{SECRET} x", f"{SECRET}\n", f"{SECRET}é"])
def test_mispasted_key_is_refused_and_not_shown(env, name: str, bad: str) -> None:
    env(**{name: bad})
    fault = faults()
    assert fault.fields["variables"] == [name]
    assert "do-not-show" not in f"{fault} {fault.as_dict()} {fault.__cause__!r} {fault.__context__!r}"


def test_secret_in_an_address_is_not_shown(env) -> None:
    env(MILEPOST_KLAVIYO_URL=f"http://me:{SECRET}@example.com")
    assert "do-not-show" not in str(faults())


def test_secrets_are_not_in_repr(env) -> None:
    env(KLAVIYO_API_KEY=SECRET, KLAVIYO_API_KEY_A=SECRET, PG_HOST="h", PG_DB="d", PG_USER="u", PG_PASSWORD=SECRET)
    loaded = settings.load()
    assert "do-not-show" not in f"{loaded!r} {loaded}"
    assert loaded.pg_password is not None
    assert loaded.pg_password.get_secret_value() == SECRET


def test_frozen(env) -> None:
    with pytest.raises(ValidationError):
        settings.load().workers = 5


def test_env_file_is_read_and_the_environment_wins(env, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "\ufeffMILEPOST_WORKERS=2\nMILEPOST_LOOKBACK_DAYS=3\nKLAVIYO_API_KEY_B='pk_b'\n", encoding="utf-8"
    )
    env(MILEPOST_WORKERS="8")
    loaded = settings.load()
    assert (loaded.workers, loaded.lookback_days, set(loaded.klaviyo_keys)) == (8, 3, {"b"})
    assert settings.load(None).lookback_days == 7


def test_unknown_variable_in_env_file(env, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MILEPOST_HOM=x\n")
    assert "did you mean 'MILEPOST_HOME'?" in str(faults())


def test_variables_for_tests_are_no_fault(env) -> None:
    env(MILEPOST_CHINOOK="x", MILEPOST_KLAVIYO_OPENAPI="y")
    assert settings.load().environment["MILEPOST_CHINOOK"] == "x"


def test_env_file_that_is_no_text(env, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"KLAVIYO_API_KEY=pk_do-not-show\xe9")
    fault = faults()
    assert "cannot be read: it is not UTF-8 text" in fault.what
    assert "do-not-show" not in f"{fault} {fault.__cause__!r}"
