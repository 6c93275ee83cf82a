"""What a person sees while training runs: one line that moves, and one line per gate that stays."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from rich.console import Console

    from portunus.train.trainer import Progress


class Display:
    """A progress bar for a training run; on something that is no terminal only the lines of the gates.

    Args:
        console: Where to.
        seconds: Length of the run.
    """

    def __init__(self, console: Console, seconds: float) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"), TimeRemainingColumn())
        self._bar = Bar(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._console = console
        self._task = self._bar.add_task("compiling", total=seconds, figures="")
        self._seconds = seconds

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Take note of one report."""
        counters, comparison = progress.counters, progress.comparison
        if comparison is not None:
            verdict = "takes its place" if progress.promoted else "stays a candidate"
            self._console.print(
                f"  {progress.share:4.0%}  candidate against best: {comparison.percent:+.2f} % ± {comparison.percent_half_width:.2f} % "
                f"over {comparison.fights} fights, {verdict}",
                highlight=False,
                soft_wrap=True,
            )
            return
        figures = f"{counters.decisions:,} decisions, {counters.steps:,} steps, loss {counters.policy_loss:.3f} / {counters.value_loss:.3f}"
        self._bar.update(self._task, description=progress.phase, completed=progress.share * self._seconds, figures=figures)
