"""One self-contained HTML page: what was computed, what it says, where it is from."""

from workflows.report.page import report_html

__all__ = ["report_html"]
