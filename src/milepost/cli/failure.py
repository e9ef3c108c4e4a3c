"""The one rendering of an error: what, what to do, its code; text or JSON; and the exit code. No error is made here."""

from __future__ import annotations

import sys
import traceback

import click

from milepost.cli.call import Call
from milepost.cli.wrap import folded
from milepost.errors import MilepostError, UsageFault

_BUG = "unexpected"


def report(exc: BaseException, call: Call) -> int:
    """Print the error on standard error, without secrets; returns the exit code."""
    if isinstance(exc, click.exceptions.NoArgsIsHelpError) and not call.json:
        _write(exc.format_message() + "\n" if call.color else click.unstyle(exc.format_message()) + "\n")
        return UsageFault.exit_code
    error = as_milepost(exc)
    record = error.as_dict()
    if call.debug:
        _write(call.redact("".join(traceback.format_exception(exc))))
    if call.json:
        import orjson

        document = orjson.dumps({"error": record, "exit_code": error.exit_code}, default=str)
        _write(call.redact(document.decode()) + "\n")
    else:
        _write(call.redact(_text(error, color=call.color)))
    return error.exit_code


def as_milepost(exc: BaseException) -> MilepostError:
    """The error as one of our tree: our own as it is, click's as usage, anything else as unexpected."""
    if isinstance(exc, MilepostError):
        return exc
    if isinstance(exc, click.UsageError):
        path = exc.ctx.command_path if exc.ctx else "milepost"
        return UsageFault(_plain(exc.format_message()), hint=f"see '{path} --help'")
    if isinstance(exc, click.ClickException):
        return MilepostError(_plain(exc.format_message()))
    error = MilepostError(
        f"unexpected {type(exc).__name__}: {exc}",
        hint="this is a fault in Milepost; the same command with --log-level debug shows where",
    )
    error.code = _BUG  # type: ignore[misc]  # this one instance has no class of its own
    return error


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:].removesuffix(".") if message else "wrong usage"


def _text(error: MilepostError, *, color: bool) -> str:
    mark = f"error[{error.code}]"
    what = folded(f"{mark}: {error.what}", sys.stderr, 2) + "\n"
    hint = folded(f"  → {error.hint}", sys.stderr, 4) + "\n" if error.hint else ""
    if not color:
        return what + hint
    rest = what.removeprefix(mark)
    arrow = hint.replace("→", click.style("→", fg="cyan", bold=True), 1)
    return click.style(mark, fg="red", bold=True) + click.style(rest, bold=True) + arrow


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
