"""What launchers put before each line, and texts of several ranks with it."""

from __future__ import annotations

LABELS = {
    "mpirun --tag-output": "[1,{}]<stdout>:",
    "prterun": "[prterun-c1-77@1,{}]<stderr>: ",
    "with the time": "Tue Dec  1 00:18:37 2026[1,{}]<stdout>:",
    "with the host": "[1,{}][c1:77]<stdout>:",
    "srun --label": "{}: ",
    "padded": " {}: ",
    "Intel MPI": "[{}] ",
}


def labelled(text: str, label: str, ranks: int = 1) -> str:
    """Return a text as so many ranks print it, line by line together."""
    lines = text.splitlines(keepends=True)
    return "".join(label.format(n) + line for line in lines for n in range(ranks))
