"""Fixtures that any area of the tests may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portunus.display import virtual_display

collect_ignore_glob = ["*.spec"]  # the samples of the tests are no tests, though the plugin of installed packages would collect them


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A private virtual screen for tests that open windows; the same in every environment."""
    with virtual_display(always=True) as name:
        yield name
