"""How a command is declared: lazily loaded groups, options that every verb has, examples in its help. No verb is here."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from milepost.cli.call import LOG_LEVELS, Call

Examples = Sequence[tuple[str, str]]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Entry:
    """A verb as the help of its group shows it; `module` has a command of the verb's name and is imported when used."""

    name: str
    section: str
    summary: str
    module: str


class _Explained(click.Command):
    """A command whose help ends with examples: (what it is for, the line to type)."""

    examples: Examples = ()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verb's own options first, then those of every verb."""
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                (shared if _SHARED.intersection(parameter.opts) else own).append(record)
        for title, records in (("Options", own), ("Options of every command", shared)):
            if records:
                with formatter.section(click.style(title, bold=True)):
                    formatter.write_dl(records)
        if isinstance(self, LazyGroup):
            self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the examples, one under the other."""
        if self.examples:
            with formatter.section(click.style("Examples", bold=True)):
                for reason, line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{click.style('# ' + reason, dim=True)}\n")
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Verb(_Explained):
    """A command that does something: logging is set up before it starts."""

    def __init__(self, *args: Any, examples: Examples = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def invoke(self, ctx: click.Context) -> Any:
        """Set up logging, then run."""
        from milepost.cli.logs import configure

        configure(ctx.ensure_object(Call))
        return super().invoke(ctx)


class LazyGroup(_Explained, click.Group):
    """A group that knows its verbs by name and summary and imports a verb only when it is used."""

    def __init__(self, *args: Any, entries: Sequence[Entry], examples: Examples = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = {entry.name: entry for entry in entries}
        self.examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Every verb, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb's command, imported now."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(entry.module), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - the table and the module are ours; a test walks them
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb of the first argument. Raises UsageError that proposes near names."""
        if args[0] in self.entries or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from milepost.model.faults import did_you_mean

        raise click.UsageError(f"no such verb {args[0]!r}{did_you_mean(args[0], self.entries)}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the verbs under their sections, without importing them."""
        width = max(len(name) for name in self.entries)
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            rows = [(e.name.ljust(width), e.summary) for e in self.entries.values() if e.section == section]
            with formatter.section(click.style(section, bold=True)):
                formatter.write_dl(rows)


def call_options(function: Decorated) -> Decorated:
    """Add what every command takes: --json, --quiet, --no-color, --log-level. They fill the Call, not the arguments."""
    for option in reversed(_CALL_OPTIONS):
        function = option(function)
    return function


def verb(name: str, *, examples: Examples, **settings: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Declare a verb; its function gets the Call first, then its own options by name."""

    def declare(function: Callable[..., None]) -> click.Command:
        command = click.command(name, cls=Verb, examples=examples, **settings)
        return command(call_options(click.pass_obj(function)))

    return declare


def group(name: str, summary: str, *, entries: Sequence[Entry], examples: Examples) -> LazyGroup:
    """Declare a verb that has verbs of its own."""
    return LazyGroup(name, help=summary, entries=entries, examples=examples)


def home_option(function: Decorated) -> Decorated:
    """Add --home: the folder of store, state and files."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        expose_value=False,
        callback=_set("home"),
        help="Folder of store, state and files (default: MILEPOST_HOME).",
    )(function)


def current_call(arguments: Sequence[str]) -> Call:
    """A Call that already knows how an error is to be shown, before the arguments are parsed."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    level = os.environ.get("MILEPOST_LOG_LEVEL", "").lower()
    known = level if level in LOG_LEVELS else "warning"  # a wrong one is named when the settings are read
    return Call(json="--json" in own, no_color="--no-color" in own, log_level=known)


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def fill(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            setattr(ctx.ensure_object(Call), name, value)
            ctx.ensure_object(Call).log_level_given |= name == "log_level"
        if name == "no_color" and (value or os.environ.get("NO_COLOR")):
            ctx.color = False

    return fill


def _flag(*names: str, field: str, help: str) -> Callable[[Decorated], Decorated]:  # noqa: A002 - click's own word
    return click.option(*names, is_flag=True, is_eager=True, expose_value=False, callback=_set(field), help=help)


_SHARED = frozenset({"--json", "--quiet", "--no-color", "--log-level", "--home", "--version", "--help"})
_CALL_OPTIONS = (
    _flag("--json", field="json", help="Print one JSON document, errors too."),
    _flag("-q", "--quiet", field="quiet", help="Print results and errors only."),
    _flag("--no-color", field="no_color", help="Print without colours, as NO_COLOR=1 does."),
    click.option(
        "--log-level",
        type=click.Choice(LOG_LEVELS, case_sensitive=False),
        metavar="LEVEL",
        expose_value=False,
        callback=_set("log_level"),
        help=f"Log to standard error: {', '.join(LOG_LEVELS)} (default: warning).",
    ),
)
