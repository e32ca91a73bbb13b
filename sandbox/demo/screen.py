"""What the demonstration shows a person: one screen a step."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH = 120
_MOST_ROWS = 9
_STYLES = {"green": "green", "amber": "yellow", "red": "bold red"}
_RIGHT = ("amount",)


class Screen:
    """Prints; wide enough for the tables where the output is no terminal."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console = Console(highlight=False, width=_PIPED_WIDTH)

    def line(self, text: str = "", *, style: str = "") -> None:
        """One line, as it is."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def step(self, title: str) -> None:
        """The headline of a step."""
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left")

    def command(self, command: str) -> None:
        """What is typed."""
        self.line(f"$ {command}", style="bold")

    def good(self, text: str) -> None:
        """Something was compared and is right."""
        self.line(f"✓ {text}", style="green")

    def table(self, title: str, rows: Sequence[dict[str, str]]) -> None:
        """A table that the run left in Prefect: its first rows."""
        if not rows:
            return
        shown = rows[:_MOST_ROWS]
        more = f", the first {len(shown)}" if len(shown) < len(rows) else ""
        table = Table(
            title=f"{title} ({len(rows)}{more})", title_justify="left", box=box.SIMPLE_HEAD
        )
        for column in rows[0]:
            table.add_column(
                column, justify="right" if column in _RIGHT else "left", overflow="fold"
            )
        for row in shown:
            table.add_row(*(_cell(value) for value in row.values()))
        self._console.print(table)


def _cell(text: str) -> Text:
    return Text(text, style=_STYLES.get(text, ""))
