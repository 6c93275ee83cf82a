"""Running the demo's commands one after the other, with their output in files and a word on the screen."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from portunus.errors import PortunusError


@dataclass
class Steps:
    """The demo while it runs.

    Attributes:
        out: Folder of everything that is made.
        console: Where the reader reads.
        total: Number of steps to come.
        rows: `(what, value)` of what was measured so far.
        made: `(what, path)` of what was made so far.
    """

    out: Path
    console: Console
    total: int
    rows: list[tuple[str, str]] = field(default_factory=list)
    made: list[tuple[str, Path]] = field(default_factory=list)
    done: int = 0
    progress: Progress = field(init=False)
    task: TaskID = field(init=False)

    def __post_init__(self) -> None:
        columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}"), TimeElapsedColumn())
        self.progress = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
        self.task = self.progress.add_task("", total=self.total)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step: its heading, then how long it took."""
        self.done += 1
        self.console.print(f"\n[bold]{self.done}/{self.total}  {title}[/bold]", highlight=False)
        self.progress.update(self.task, description=title)
        begin = time.perf_counter()
        yield
        self.progress.update(self.task, completed=self.done)
        self.console.print(f"    [dim]{time.perf_counter() - begin:.1f} s[/dim]", highlight=False)

    def say(self, text: str) -> None:
        """One line of result."""
        self.console.print(f"    {text}", highlight=False, markup=False, soft_wrap=True)

    def measured(self, what: str, value: str) -> None:
        """Keep a figure for the table at the end, and show it."""
        self.rows.append((what, value))
        self.say(f"{what}: {value}")

    def log(self, name: str) -> Path:
        """Where the command `name` of this step leaves its output."""
        return self.out / "logs" / f"{self.done:02d}-{name}.log"

    def show(self, name: str, *, lines: int = 30) -> None:
        """Show the first lines of what the command `name` of this step printed."""
        for line in self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()[:lines]:
            self.say(line)

    def start(self, *arguments: str) -> tuple[subprocess.Popen[str], Path]:
        """Start `portunus ARGUMENTS` with its output in a file of its own, and show the command."""
        self.console.print(f"    [cyan]$ portunus {shlex.join(arguments)}[/cyan]", highlight=False, soft_wrap=True)
        (self.out / "logs").mkdir(parents=True, exist_ok=True)
        log = self.log(arguments[0])
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "portunus", *arguments], stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, text=True,
                env={**os.environ, "COLUMNS": str(max(80, self.console.width - 4))},
            )  # fmt: skip
        return process, log

    def run(self, *arguments: str) -> float:
        """Run `portunus ARGUMENTS` to its end; returns the seconds it took.

        Raises:
            PortunusError: It failed; holds its last words.
        """
        begin = time.perf_counter()
        process, log = self.start(*arguments)
        try:
            code = process.wait()
        finally:
            stop(process)
        if code:
            raise failure(arguments[0], code, log)
        return time.perf_counter() - begin


def stop(process: subprocess.Popen[str]) -> None:
    """End a process that still runs."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def failure(name: str, code: int, log: Path) -> PortunusError:
    """What a failed command said last, as the demo's own error."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if line.startswith("error: ")), lines[-1] if lines else "nothing")
    return PortunusError(f"`portunus {name}` ended with exit code {code}: {said.removeprefix('error: ')}", hint=f"Its output is in {log}", exit_code=1)


def read_json(path: Path) -> dict[str, Any]:
    """The figures a command left behind."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
