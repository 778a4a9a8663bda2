"""``lnmo --help``: the verbs by what they are about, as plain text."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

WHOLE = 1000
"""Characters of a short help: a line that is too long is wrapped, not cut."""


class GroupedHelp(TyperGroup):
    """The list of verbs under the headings that their ``rich_help_panel`` names.

    rich draws these headings too, but takes twice as long to start.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs group by group, in the order in which they were added."""
        groups: dict[str, list[Any]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                panel = getattr(command, "rich_help_panel", None)
                head = panel if isinstance(panel, str) else "Commands"
                groups.setdefault(head, []).append(command)
        longest = max(len(c.name) for own in groups.values() for c in own)
        for head, commands in groups.items():
            with formatter.section(head):
                formatter.write_dl(
                    [
                        (f"{c.name:<{longest}}", c.get_short_help_str(WHOLE))
                        for c in commands
                    ]
                )
