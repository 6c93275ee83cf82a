"""The pytest plugin: `pytest specs/` collects every `*.spec` that defines a specialisation, an item for each of its laws and properties.

One search per file serves all its items; `--spec-seconds` says how long it lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from portunus.dsl.model import Model
    from portunus.testing.search import Report


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("portunus")
    group.addoption("--spec-seconds", type=float, default=10.0, help="How long to search a spec for a fight that breaks a law. [default: 10]")
    group.addoption("--spec-kernel", action="store_true", help="Compile each spec and compare its kernel with the readable twin.")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a spec file."""
    return SpecFile.from_parent(parent, path=file_path) if file_path.suffix == ".spec" else None


class SpecBroken(Exception):
    """A law broke; its text is the whole message."""


class SpecFile(pytest.File):
    """A spec file: no items where it defines no specialisation, one failing item where it has errors."""

    @cached_property
    def model(self) -> Model:
        """The spec."""
        from portunus.dsl import load_model

        return load_model(self.path)

    @cached_property
    def report(self) -> Report:
        """What the search found; made when the first item needs it."""
        from portunus.testing.search import find_failures

        return find_failures(self.model, seconds=self.config.getoption("--spec-seconds"), kernel=self.config.getoption("--spec-kernel"))

    def collect(self) -> Iterator[pytest.Item]:
        """An item per law."""
        from portunus.dsl.load import examine
        from portunus.testing.laws import law_names

        checked = examine(self.path)
        if checked.model is None:
            yield SpecLaw.from_parent(self, name="reads without errors")
        elif checked.symbols is not None and "spec" in checked.symbols.sections:
            left_out = () if self.config.getoption("--spec-kernel") else ("kernel",)
            yield from (SpecLaw.from_parent(self, name=law) for law in law_names(checked.model) if law not in left_out)


class SpecLaw(pytest.Item):
    """One law of one spec."""

    parent: SpecFile

    def runtest(self) -> None:
        """Look whether the search broke the law.

        Raises:
            SpecBroken: It did.
            DiagnosticError: The spec has errors.
        """
        report = self.parent.report
        if self.name in report.unchecked:
            pytest.skip(report.unchecked[self.name])
        failure = report.failure(self.name)
        if failure is not None:
            raise SpecBroken(f"{failure.meaning}\n{failure.timeline}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The shortest fight instead of a traceback."""
        from portunus.errors import PortunusError

        return str(excinfo.value) if isinstance(excinfo.value, SpecBroken | PortunusError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the law stands."""
        return self.path, None, f"{self.path.name}: {self.name}"
