"""Property tests of specs: strategies, laws, and the search for a fight that breaks one.

    find_failures(load_model(path), seconds=20) -> Report     what `portunus test` and the pytest plugin do
    cases(Subject(model))                              hypothesis strategy of whole fights; `profiles`, `encounters`, `segments` are its parts
    Subject(model).play(case) -> Played                one fight under the watch of every law

The names are loaded when they are asked for: the command line and pytest start without hypothesis.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portunus.testing.fight import Played, Subject
    from portunus.testing.laws import LAWS, Broken
    from portunus.testing.plan import Case, Exactly, Follow, Press, Wander
    from portunus.testing.search import Failure, Report, find_failures
    from portunus.testing.show import timeline
    from portunus.testing.strategies import cases, encounters, profiles, segments

__all__ = [
    "LAWS", "Broken", "Case", "Exactly", "Failure", "Follow", "Played", "Press", "Report", "Subject", "Wander", "cases", "encounters",
    "find_failures", "profiles", "segments", "timeline",
]  # fmt: skip

_HOMES = {
    "LAWS": "laws", "Broken": "laws", "Case": "plan", "Exactly": "plan", "Follow": "plan", "Press": "plan", "Wander": "plan", "Played": "fight",
    "Subject": "fight", "Failure": "search", "Report": "search", "find_failures": "search", "cases": "strategies", "encounters": "strategies",
    "profiles": "strategies", "segments": "strategies", "timeline": "show",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
