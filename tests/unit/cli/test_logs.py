"""Logging: levels, forms, and no secret in any of them."""

from __future__ import annotations

import json
import logging

import pytest

from milepost.cli.call import Call
from milepost.cli.logs import configure


@pytest.fixture(autouse=True)
def _as_before():
    yield
    logging.getLogger("milepost").setLevel(logging.NOTSET)
    logging.getLogger().handlers.clear()


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_replaced_everywhere_in_an_event(form: str, capsys) -> None:
    call = Call(log_level="debug")
    configure(call, form)
    call.protect("pk_secret_1")  # known only after logging was set up, as settings are
    log = logging.getLogger("milepost.x")
    try:
        _fail()
    except ValueError:
        fields = {"url": "http://u:pw12@h/pk_secret_1", "nested": {"pk_secret_1": ["pk_secret_1"]}}
        log.exception("request %s", "pk_secret_1", extra={"fields": fields})
    log.info("object", extra={"fields": {"value": Call}})
    said = capsys.readouterr()
    assert "pk_secret" not in said.err
    assert "pw12" not in said.err
    assert "ValueError" in said.err
    assert said.out == ""


def test_the_level_decides_what_is_written(capsys) -> None:
    configure(Call(log_level="warning"))
    logging.getLogger("milepost").info("quiet")
    logging.getLogger("milepost").warning("loud", extra={"fields": {"rows": 3}})
    said = capsys.readouterr().err
    assert "quiet" not in said
    assert "loud" in said
    assert "rows=3" in said


def test_vendor_loggers_share_the_form(capsys) -> None:
    call = Call(json=True)
    configure(call)
    call.protect("pk_secret_1")
    logging.getLogger("urllib3").warning("retry %s", "pk_secret_1")
    event = json.loads(capsys.readouterr().err)
    assert event["event"] == "retry ***"
    assert event["level"] == "warning"


@pytest.mark.parametrize(("level", "heard"), [("debug", ["ours", "theirs"]), ("error", [])])
def test_our_loggers_follow_the_level_and_vendors_are_heard_from_warning_on(
    level: str, heard: list[str], capsys
) -> None:
    configure(Call(log_level=level))
    logging.getLogger("milepost.engine.run").debug("ours")
    logging.getLogger("urllib3").debug("chatter")
    logging.getLogger("urllib3").warning("theirs")
    said = capsys.readouterr().err
    assert [word for word in ("ours", "chatter", "theirs") if word in said] == heard


def _fail() -> None:
    raise ValueError("pk_secret_1")
