"""How the story is shown: a line per thing that happened, and a progress bar below them."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Screen:
    """Writes the story to the terminal; without one, plain lines."""

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self.console = Console(quiet=quiet, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("[red]五红[/red]"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total)
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def chapter(self, letter: str, title: str) -> None:
        """Begin a part of the story."""
        self.lines.append(f"\n## {letter} {title}")
        self.console.print(f"\n[bold red]({letter})[/bold red] [bold]{title}[/bold]")

    def happened(self, text: str, *, at: str = "", link: str = "") -> None:
        """Tell what happened, when (domain time) and where to look at it."""
        self.lines.append(f"- {at} {text}" + (f"  {link}" if link else ""))
        shown = f"  [dim]{at}[/dim] {text}"
        if link:
            shown += f"  [blue]{link}[/blue]"
        self.console.print(shown)
        self._bar.advance(self._task)

    def waiting(self, text: str) -> None:
        """Show what the story waits for."""
        self._bar.update(self._task, description=f"[dim]{text[:60]}[/dim]")

    def found(self, text: str) -> None:
        """Tell a result that is worth a line of its own."""
        self.lines.append(f"- **{text}**")
        self.console.print(f"  [green]✓[/green] {text}")
