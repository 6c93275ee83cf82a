"""From a fight that breaks a law to the shortest one found that does: fewer actions, then a plainer character and encounter."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from portunus.compiler import resolve_encounter
from portunus.testing.fight import Played, Subject
from portunus.testing.plan import Case, Exactly, Press

SEEDS = 24  # other rolls that are tried: one of them may need fewer actions


def shortest(subject: Subject, case: Case, played: Played, *, seconds: float) -> tuple[Case, Played]:
    """The shortest fight found that breaks the same law.

    Args:
        subject: The spec.
        case: A fight that breaks a law.
        played: What became of it.
        seconds: When to stop looking for a shorter one.
    """
    assert played.broken is not None
    search = _Search(subject, played.broken.law, time.monotonic() + seconds)
    best = search.exact(case, played)
    again = subject.play(best[0])
    if again.broken is None or again.broken.law != played.broken.law:
        return case, played  # only with what the plan did between the actions; not seen so far, but then the fight as it was found is right
    size = None
    while size != search.size(best[1]) and not search.over:
        size = search.size(best[1])
        best = search.simpler(search.fewer(best))
    return best


class _Search:
    def __init__(self, subject: Subject, law: str, end: float) -> None:
        self.subject, self.law, self._end = subject, law, end
        self.standard = resolve_encounter(None)
        self._wait = len(subject.actions) - 1

    @property
    def over(self) -> bool:
        return time.monotonic() > self._end

    def size(self, played: Played) -> tuple[int, int, int]:
        """What is made small: actions but for waiting, then waiting, then time."""
        return len(self.chosen(played.actions)), len(played.actions), played.at_ns

    def chosen(self, actions: tuple[int, ...]) -> tuple[int, ...]:
        """The actions without the waiting between them."""
        return tuple(action for action in actions if action != self._wait)

    @staticmethod
    def exact(case: Case, played: Played) -> tuple[Case, Played]:
        return replace(case, plan=(Exactly(played.actions),)), played

    def tried(self, case: Case, than: Played) -> tuple[Case, Played] | None:
        """The case with what it really did, if it breaks the law and is no longer than another."""
        played = self.subject.play(case)
        if played.broken is None or played.broken.law != self.law or self.size(played) > self.size(than):
            return None
        return self.exact(case, played)

    def fewer(self, best: tuple[Case, Played]) -> tuple[Case, Played]:
        """Leave out runs of actions, long ones first; then the same under other rolls, which may need fewer."""
        length = max(1, len(best[1].actions) // 2)
        while length and not self.over:
            best = self._without(best, length)
            length //= 2
        for seed in range(SEEDS):
            found = self.tried(replace(best[0], seed=seed), best[1]) if not self.over else None
            if found is not None:
                found = self._without(found, 1)
                if self.size(found[1]) < self.size(best[1]):
                    best = found
        return best

    def _without(self, best: tuple[Case, Played], length: int) -> tuple[Case, Played]:
        """Leave out every run of `length` actions that is not needed; those that are left are pressed as soon as they can be."""
        start = 0
        while start < len(actions := self.chosen(best[1].actions)) and not self.over:
            left = actions[:start] + actions[start + length :]
            found = self.tried(replace(best[0], plan=tuple(Press(action, 1) for action in left)), best[1])
            if found is not None and self.size(found[1]) < self.size(best[1]):
                best = found
            else:
                start += length
        return best

    def simpler(self, best: tuple[Case, Played]) -> tuple[Case, Played]:
        """A plainer character, encounter or form that breaks the law as soon."""
        for plainer in self._plainer(best[0]):
            case = plainer(best[0])
            found = self.tried(case, best[1]) if case != best[0] and not self.over else None
            if found is not None:
                best = found
        return best

    def _plainer(self, case: Case) -> Iterator[Callable[[Case], Case]]:
        # mypy cannot infer a lambda that binds the variable of its loop by a default; the type is that of the iterator
        base = self.subject.profile
        yield lambda c: replace(c, form="sampled")
        yield lambda c: replace(c, profile=base)
        yield lambda c: replace(c, profile=replace(c.profile, race=base.race, glyphs=base.glyphs, options=base.options))
        yield lambda c: replace(c, profile=replace(c.profile, stats=base.stats))
        yield lambda c: replace(c, profile=replace(c.profile, talents=base.talents))
        for name in case.profile.talents:
            yield lambda c, name=name: replace(c, profile=replace(c.profile, talents=c.profile.talents | {name: base.talents.get(name, 0)}))  # type: ignore[misc]
        for name in case.profile.stats:
            yield lambda c, name=name: replace(c, profile=replace(c.profile, stats=c.profile.stats | {name: base.stats.get(name, 0.0)}))  # type: ignore[misc]
        yield lambda c: replace(c, encounter=replace(c.encounter, adds=(), movement=(), vulnerable=(), health=0.0, others=0.0))
        yield lambda c: replace(c, encounter=replace(c.encounter, health=0.0, others=0.0))
        for track in ("adds", "movement", "vulnerable"):
            yield lambda c, track=track: replace(c, encounter=replace(c.encounter, **{track: ()}))  # type: ignore[misc]
            yield lambda c, track=track: replace(c, encounter=replace(c.encounter, **{track: getattr(c.encounter, track)[:1]}))  # type: ignore[misc]
        yield lambda c: replace(c, encounter=replace(c.encounter, enemies=1))
        yield lambda c: replace(c, encounter=replace(self.standard, duration_ns=c.encounter.duration_ns))
        yield lambda c: replace(c, seed=0)
