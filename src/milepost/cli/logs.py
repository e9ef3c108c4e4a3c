"""Logging of the command line: structlog to standard error, text or JSON, never a secret. Events are named elsewhere."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from milepost.cli.call import Call

if TYPE_CHECKING:
    import logging

    from structlog.typing import Processor

_NUMBERS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(call: Call, form: str = "text") -> None:
    """Set up logging for this process: by the call's level, redacted by the call's secrets.

    Ours and vendors' standard-library loggers go through one chain: ours by the call's level, vendors' from warning on.
    `form` is `text` or `json`; with --json it is json. structlog (0.07 s) is imported with the first event, if any comes.
    """
    import logging

    logging.basicConfig(
        level=max(logging.WARNING, _NUMBERS[call.log_level]), handlers=[_handler(call, form)], force=True
    )
    logging.getLogger("milepost").setLevel(_NUMBERS[call.log_level])


def _handler(call: Call, form: str) -> logging.Handler:
    import logging

    class Handler(logging.Handler):
        chain: Any = None

        def emit(self, record: logging.LogRecord) -> None:
            import structlog

            if self.chain is None:
                self.chain = structlog.wrap_logger(
                    structlog.PrintLogger(sys.stderr),
                    processors=_chain(call, as_json=call.json or form == "json"),
                    wrapper_class=structlog.make_filtering_bound_logger(0),
                )
            told = getattr(record, "fields", {})  # logger.info("event", extra={"fields": {...}})
            self.chain.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info, **told)

    return Handler()


def _chain(call: Call, *, as_json: bool) -> list[Processor]:
    import structlog

    head: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=True),
        structlog.processors.format_exc_info,  # before the redaction: a traceback may carry a secret too
        _Redact(call),
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=call.color)
    return [*head, renderer]


class _Redact:
    """Replaces known secret values anywhere in an event, nested values too."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __call__(self, _: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        match value:
            case str():
                return self._call.redact(value)
            case dict():
                return {self._clean(key): self._clean(item) for key, item in value.items()}
            case list() | tuple():
                return [self._clean(item) for item in value]
            case bool() | int() | float() | None:
                return value
            case _:
                return self._call.redact(str(value))
