"""The search for a fight that breaks a law: hypothesis makes fights, the twin plays them, the first that breaks a law is made short."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from portunus.dsl.model import Model, Span
from portunus.errors import PortunusError
from portunus.testing.fight import Played, Subject
from portunus.testing.laws import LAWS, Broken, law_names
from portunus.testing.plan import Case
from portunus.testing.show import timeline
from portunus.testing.shrink import shortest
from portunus.testing.strategies import cases

EXAMPLES = 2_000  # fights of one run of hypothesis; it gets slow over more
PLAIN_SHARE = 0.7  # of the time: then things happen in the fights by themselves
SHRINK_SECONDS = 2.0  # of hypothesis, then of our own shrinking


@dataclass(frozen=True)
class Failure:
    """A broken law and the shortest fight found that breaks it.

    Attributes:
        law: A key of `LAWS`, or the text of a property. meaning: What it says. span: Where the spec says it, None for a law of every spec.
        message: What was seen. actions: Names of what was pressed. timeline: The fight as a table.
        case: The fight. seconds, fights: Until it was found, before it was made short.
    """

    law: str
    meaning: str
    span: Span | None
    message: str
    actions: tuple[str, ...]
    timeline: str
    case: Case
    seconds: float
    fights: int


@dataclass
class Report:
    """What a search did.

    Attributes:
        name: Name of the spec. laws: Every law that was looked at. failures: Those that broke.
        unchecked: Law -> why it could not be looked at.
        fights, decisions: Played. seconds: Spent.
    """

    name: str
    laws: tuple[str, ...]
    failures: list[Failure] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    fights: int = 0
    decisions: int = 0
    seconds: float = 0.0

    def failure(self, law: str) -> Failure | None:
        """How a law broke, None if it held."""
        return next((failure for failure in self.failures if failure.law == law), None)


class _OutOfTime(KeyboardInterrupt):
    """Ends a run of hypothesis, which lets interruptions through."""


class _Found(Exception):
    """A law broke; hypothesis shrinks the fight that raises this."""


def find_failures(model: Model, *, seconds: float = 20.0, random_seed: int = 0, kernel: bool = False, observable: bool = True, stop_at_first: bool = False) -> Report:
    """Look for fights that break a law of the spec.

    Args:
        model: The spec.
        seconds: How long to look; compiling and making found fights short come on top.
        random_seed: Other seeds look elsewhere.
        kernel: Compile the spec and compare the kernel with the twin, too.
        observable: Send states through the addon and the barcode, too.
        stop_at_first: End with the first broken law.

    Raises:
        PortunusError: The spec cannot be lowered or compiled.
    """
    report = Report(model.name, law_names(model))
    subject = Subject(model)
    checks: list[tuple[float, Callable[[Case], Played]]] = []  # share of the time, and what plays a case
    if kernel:
        from portunus.testing.kernel import KernelCheck

        checks.append((0.25, KernelCheck(subject).play))
    else:
        report.unchecked["kernel"] = "the kernel was not compiled"
    if observable:
        from portunus.testing.link import LinkCheck

        try:
            checks.append((0.15, LinkCheck(subject).play))
        except PortunusError as error:
            report.unchecked["observable"] = error.message
    else:
        report.unchecked["observable"] = "not asked for"
    start, number_of_runs = time.monotonic(), 0
    for number, (share, play) in enumerate(checks):
        _look(report, subject, play, start=start, end=time.monotonic() + seconds * share, random_seed=random_seed * 1_000 + 990 + number)
    for until, scripted in ((PLAIN_SHARE, False), (1.0, True)):  # fights with a script need a program of their own, which takes a while to lower
        end = start + seconds * until
        while time.monotonic() < end and not (stop_at_first and report.failures):
            broken = [failure.law for failure in report.failures]
            watched = subject.without(broken) if broken else subject
            _look(report, watched, watched.play, start=start, end=end, random_seed=random_seed * 1_000 + number_of_runs, scripted=scripted)
            number_of_runs += 1
    report.seconds = time.monotonic() - start
    return report


def _look(report: Report, subject: Subject, play: Callable[[Case], Played], *, start: float, end: float, random_seed: int, scripted: bool = False) -> None:
    """One run of hypothesis; a broken law ends it and enters the report."""
    best: list[tuple[tuple[int, int], Case, Played]] = []
    first: list[tuple[float, int]] = []  # seconds and fights until it was found
    fights = report.fights
    limit = [end]

    @seed(random_seed)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, verbosity=Verbosity.quiet, phases=(Phase.generate, Phase.shrink),
              suppress_health_check=list(HealthCheck), report_multiple_bugs=False, print_blob=False)  # fmt: skip
    @given(cases(subject, scripted=scripted))
    def run(case: Case) -> None:
        if time.monotonic() > limit[0]:
            raise _OutOfTime
        played = play(case)
        report.fights += 1
        report.decisions += len(played.actions)
        if played.broken is None:
            return
        if not best:
            first.append((time.monotonic() - start, report.fights - fights))
            limit[0] = time.monotonic() + SHRINK_SECONDS
        if not best or best[0][2].broken.law == played.broken.law:  # type: ignore[union-attr]
            size = (len(played.actions), played.at_ns)
            if not best or size < best[0][0]:
                best[:] = [(size, case, played)]
            raise _Found

    with suppress(_Found, _OutOfTime):
        run()
    if best:
        _, case, played = best[0]
        if play == subject.play:
            case, played = shortest(subject, case, played, seconds=SHRINK_SECONDS)
        report.failures.append(_failure(subject, case, played, *first[0]))


def _failure(subject: Subject, case: Case, played: Played, seconds: float, fights: int) -> Failure:
    broken = played.broken
    assert isinstance(broken, Broken)
    span = next((p.span for p in subject.model.properties if p.text == broken.law), None)
    actions = tuple(subject.actions[action].name for action in played.actions)
    return Failure(broken.law, LAWS.get(broken.law, broken.law), span, broken.message, actions, timeline(subject, case, played), case, seconds, fights)
