"""``lnmo --install-completion``: Tab completes verbs and options in a shell."""

from __future__ import annotations

import os
from pathlib import Path

import click

from workflows.errors import MachineError

NAME, VARIABLE = "lnmo", "_LNMO_COMPLETE"
"""The command, and the variable in which a shell asks it for completions."""
SHELLS = ("bash", "zsh", "fish")


def show(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the script for this shell and exit, if asked to."""
    if asked and not ctx.resilient_parsing:
        click.echo(script(ctx.command, this_shell()), nl=False)
        ctx.exit()


def install(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Write the script to where this shell reads it and exit, if asked to.

    A script that is there is replaced; a start file gains its line once.
    """
    if not asked or ctx.resilient_parsing:
        return
    from workflows.atomic import write_atomically

    shell = this_shell()
    path, start, line = places(shell, Path.home())
    write_atomically(path, script(ctx.command, shell))
    if start is not None:
        _add_once(start, line)
    click.echo(f"written: {path}; a new {shell} completes lnmo with Tab")
    ctx.exit()


def this_shell() -> str:
    """Return the shell that runs this process, else the one that ``SHELL`` names.

    Raises
    ------
    MachineError
        It is none for which there is a script.
    """
    import psutil

    try:
        running = [parent.name() for parent in psutil.Process().parents()]
    except psutil.Error:
        running = []  # of another user, or gone
    login = Path(os.environ.get("SHELL", "")).name
    names = (name.removeprefix("-") for name in (*running, login))
    found = next((name for name in names if name in SHELLS), None)
    if found is None:
        raise MachineError(
            f"no completion for the shell {login or 'of this process'}; known: "
            f"{', '.join(SHELLS)}. Start lnmo from one of these, or set SHELL"
        )
    return found


def script(command: click.Command, shell: str) -> str:
    """Return what makes a shell ask ``lnmo`` for completions."""
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    assert complete is not None, shell
    return complete(command, {}, NAME, VARIABLE).source()


def places(shell: str, home: Path) -> tuple[Path, Path | None, str]:
    """Return the file of the script, the start file of the shell and its line.

    fish reads every file of its directory, and needs no line.
    """
    if shell == "bash":
        path = home / ".bash_completions" / f"{NAME}.sh"
        return path, home / ".bashrc", f"source '{path}'"
    if shell == "zsh":
        line = "fpath+=~/.zfunc; autoload -Uz compinit; compinit"
        return home / ".zfunc" / f"_{NAME}", home / ".zshrc", line
    return home / ".config" / "fish" / "completions" / f"{NAME}.fish", None, ""


def _add_once(start: Path, line: str) -> None:
    """Append a line to a file of any encoding."""
    there, own = start.read_bytes() if start.exists() else b"", os.fsencode(line)
    if own not in there.splitlines():
        gap = b"" if not there or there.endswith(b"\n") else b"\n"
        with start.open("ab") as file:
            file.write(gap + own + b"\n")
