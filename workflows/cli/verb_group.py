"""``lnmo`` as a group of verbs: listed from a table, imported when one is typed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from workflows.cli.library_settings import check_library_settings
from workflows.cli.streams import is_of_output
from workflows.cli.verbs import HELP, VERBS
from workflows.errors import InputError, StoreError, one_line
from workflows.signals import interruption

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


INTERRUPTED = 130
"""Exit code after Ctrl-C, SIGTERM or SIGHUP; of a run also after a full disk."""


def refuse_empty(ctx: click.Context, words: Sequence[str]) -> None:
    """Refuse an empty word, which a shell makes of a variable that is not set.

    As a path it would mean the current directory, as a name the default. The name of a
    campaign is left to what reads it: that names the packaged ones.

    Raises
    ------
    InputError
        Names the option or the argument.
    """
    if any(word in ctx.help_option_names for word in words):
        return
    try:
        given, _, _ = ctx.command.make_parser(ctx).parse_args(list(words))
    except click.UsageError:
        return  # the verb itself says what is wrong
    for param in ctx.command.get_params(ctx):
        option = isinstance(param, click.Option)
        value = given.get(param.name or "")
        words = value if isinstance(value, list | tuple) else (value,)
        empty = any(isinstance(word, str) and not word.strip() for word in words)
        if empty and (option or param.name != "campaign" or len(words) > 1):
            name = max(param.opts, key=len) if option else param.make_metavar(ctx)
            raise InputError(
                f"{ctx.command_path} {name}: the value is empty; perhaps a shell "
                "variable is not set: give one"
                f"{', or leave the option out' if option else ''}"
            )


class VerbGroup(click.Group):
    """The verbs; ``lnmo X`` imports ``workflows.cli.X``, and no other verb."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb; a file that ends too early is no end of the terminal's input."""
        check_library_settings()
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort, OSError) as error:
            came = interruption(error)
            if came is None or (isinstance(error, OSError) and not is_of_output(error)):
                raise
            click.echo(f"lnmo: {str(came) or 'interrupted'}", err=True)
            ctx.exit(INTERRUPTED)
        except EOFError as error:
            raise StoreError(
                f"a compressed file ends too early ({one_line(error)}): copy it again"
            ) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the help."""
        return list(HELP)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb; None if there is none of that name."""
        if cmd_name not in HELP:
            return None
        module = import_module(f"workflows.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb of a command line; an error names the nearest one."""
        try:
            name, verb, rest = super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(args[0], possibilities=HELP, ctx=ctx) from error
        if verb is not None and not ctx.resilient_parsing:
            refuse_empty(click.Context(verb, ctx, name), rest)
        return name, verb, rest

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the verbs group by group."""
        longest = max(map(len, HELP))
        for head, verbs in VERBS.items():
            with formatter.section(head):
                formatter.write_dl(
                    [(f"{verb:<{longest}}", line) for verb, line in verbs.items()]
                )

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Return the verbs that begin so, or the options."""
        from click.shell_completion import CompletionItem

        verbs = [
            CompletionItem(verb, help=line)
            for verb, line in HELP.items()
            if verb.startswith(incomplete)
        ]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]
