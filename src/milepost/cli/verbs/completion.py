"""`milepost completion`: the script that a shell loads for tab completion. Which words complete is the verbs' matter."""

from __future__ import annotations

import sys

import click

from milepost.cli.call import Call
from milepost.cli.verb import verb

_PROGRAM = "milepost"
_LOADS = {
    "bash": 'eval "$(milepost completion bash)"      # in ~/.bashrc',
    "zsh": 'eval "$(milepost completion zsh)"       # in ~/.zshrc',
    "fish": "milepost completion fish > ~/.config/fish/completions/milepost.fish",
}


@verb("completion", examples=[(f"for {shell}", line) for shell, line in _LOADS.items()])
@click.argument("shell", type=click.Choice(tuple(_LOADS)))
def completion(call: Call, shell: str) -> None:
    """Print the tab completion script of a shell."""
    from click.shell_completion import get_completion_class

    from milepost.cli.app import root

    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click knows the three shells of the choice
    script = made(root, {}, _PROGRAM, f"_{_PROGRAM.upper()}_COMPLETE").source()
    if call.json:
        call.out.document({"shell": shell, "script": script})
    else:
        sys.stdout.write(script)
