"""Logging of the command line: structlog to standard error, text or JSON, never a secret. Events are named elsewhere."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from milepost.cli.call import Call

if TYPE_CHECKING:
    from structlog.typing import Processor

_NUMBERS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(call: Call, form: str = "text") -> None:
    """Set up logging for this process: by the call's level, redacted by the call's secrets.

    Standard-library loggers go through the same chain: ours by the call's level, those of vendor libraries from warning
    on. `form` is `text` or `json`; with --json it is json.
    """
    import logging

    import structlog

    structlog.configure(
        processors=_chain(call, as_json=call.json or form == "json"),
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[call.log_level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # looked up each time: bars take its place
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_ToStructlog()], force=True)
    logging.getLogger("milepost").setLevel(_NUMBERS[call.log_level])


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


def _ToStructlog() -> Any:  # noqa: N802 - stands for a class; logging is imported only when it is used
    import logging

    import structlog

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)

    return Handler()
