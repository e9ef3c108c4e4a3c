"""The table of verbs, and what every verb has: help, examples, the common options."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
import pytest

from milepost.cli.app import ENTRIES, root
from milepost.cli.verb import LazyGroup, Verb

_COMMON = {"--json", "--quiet", "--no-color", "--log-level"}


def _walk(group: LazyGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    for name in group.entries:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, LazyGroup):
            yield from _walk(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(_walk(root))
_IDS = [" ".join(path) or "milepost" for path in COMMANDS]


def _help(path: tuple[str, ...]) -> str:
    parent = click.Context(root, info_name="milepost", **root.context_settings)
    for name in path[:-1]:
        parent = click.Context(COMMANDS[path[: path.index(name) + 1]], info_name=name, parent=parent)
    context = parent if not path else click.Context(COMMANDS[path], info_name=path[-1], parent=parent)
    context.terminal_width = 100
    return click.unstyle(COMMANDS[path].get_help(context))


@pytest.mark.golden
@pytest.mark.parametrize("path", COMMANDS, ids=_IDS)
def test_help_is_what_was_accepted(path: tuple[str, ...], golden: Callable[[str, str], None]) -> None:
    golden(f"help/{'-'.join(path) or 'milepost'}.txt", _help(path) + "\n")


@pytest.mark.parametrize("path", COMMANDS, ids=_IDS)
def test_every_command_has_examples_that_parse(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert isinstance(command, Verb | LazyGroup)
    assert command.examples
    for reason, line in command.examples:
        assert reason[:1].islower()
        assert "milepost" in line


@pytest.mark.parametrize("path", [p for p, c in COMMANDS.items() if isinstance(c, Verb)], ids=" ".join)
def test_every_verb_takes_the_common_options_and_explains_its_own(path: tuple[str, ...]) -> None:
    options = [p for p in COMMANDS[path].params if isinstance(p, click.Option)]
    assert {name for option in options for name in option.opts} >= _COMMON
    assert all(option.help for option in options)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_the_summary_is_the_first_sentence_of_the_help(entry) -> None:
    command = COMMANDS[entry.name,]
    assert command.help is not None
    assert command.help.split("\n\n")[0].replace("\n", " ") == entry.summary
