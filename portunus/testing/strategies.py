"""Hypothesis strategies over a spec: characters, encounters, plans of what is pressed, whole fights."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from portunus.compiler import resolve_encounter
from portunus.dsl.model import Model
from portunus.dsl.script import Window
from portunus.sim.encounter import Encounter
from portunus.sim.profile import Profile, bonus_names
from portunus.testing.fight import Subject
from portunus.testing.laws import expressions
from portunus.testing.plan import Case, Follow, Press, Segment, Wander

SECOND = 1_000_000_000
TENTH = SECOND // 10
DECISIONS = (5, 20, 60, 200, 500)  # of one part of a plan
MOST_GEAR = 5_000  # of any statistic, in the statistic's own unit


def profiles(model: Model, base: Profile) -> st.SearchStrategy[Profile]:
    """Characters a profile file could describe: every race, rank, glyph, and gear from none to far too much. Shrinks towards `base`.

    Args:
        model: The spec.
        base: A character of it; what the strategy does not vary is taken from it.
    """
    used = sorted({expr.args[0] for expr in expressions(model) if expr.op == "talent"})
    most = {name: rank for tree in model.talent_trees for name, rank in tree.talents}
    ranks = st.one_of(
        st.just({}),
        st.sampled_from([dict.fromkeys(used, 0), {name: most[name] for name in used}]),
        st.dictionaries(st.sampled_from(used), st.integers(0, 5), max_size=8).map(lambda d: {name: min(rank, most[name]) for name, rank in d.items()}),
    ) if used else st.just({})  # fmt: skip
    gear = sorted(bonus_names(model))
    stats: st.SearchStrategy[dict[str, float]] = st.one_of(
        st.just({}),
        st.just(dict.fromkeys(gear, 0.0)),
        st.dictionaries(st.sampled_from(gear), st.integers(0, MOST_GEAR).map(float), max_size=4),
    ) if gear else st.just({})  # fmt: skip
    glyphs = [name for name, _ in model.glyphs]
    worn = st.one_of(st.just(base.glyphs), st.frozensets(st.sampled_from(glyphs))) if glyphs else st.just(base.glyphs)
    options = [name for name, _ in model.options]
    chosen: st.SearchStrategy[dict[str, float]] = st.one_of(st.just({}), st.dictionaries(st.sampled_from(options), st.sampled_from([0.0, 1.0]))) if options else st.just({})
    races = st.sampled_from([base.race, *(name for name, _ in model.ruleset.races if name != base.race)])

    def make(race: str, talents: dict[str, int], glyphs: frozenset[str], stats: dict[str, float], options: dict[str, float]) -> Profile:
        return replace(base, race=race, talents=base.talents | talents, glyphs=glyphs, stats=base.stats | stats, options=base.options | options, source="generated")

    return st.one_of(st.just(base), st.builds(make, races, ranks, worn, stats, chosen))


def encounters(model: Model, *, scripted: bool = True) -> st.SearchStrategy[Encounter]:
    """Fights an encounter file could describe. Shrinks towards short ones in which nothing happens by itself.

    Args:
        model: The spec; its ruleset says how many enemies there may be.
        scripted: Enemies may come and go, the player must move, enemies take other damage for a time, phases follow the enemies' health.
    """
    base = resolve_encounter(None)
    durations = st.sampled_from([30, 60, 120, 300, 10, 5]).map(lambda seconds: seconds * SECOND)
    enemies = st.integers(1, model.ruleset.max_enemies)
    levels = st.sampled_from([base.level, base.level - 1, base.level - 2, base.level - 3])
    distances = st.sampled_from([base.distance_yards, 0.0, 40.0])
    phases = st.sampled_from([base.execute, (0.0, 0.5, 1.0), (0.1, 0.6, 0.9)])

    def make(duration_ns: int, enemies: int, level: int, distance_yards: float, in_front: bool, execute: tuple[float, ...]) -> Encounter:
        return replace(base, duration_ns=duration_ns, enemies=enemies, level=level, distance_yards=distance_yards, in_front=in_front, execute=execute)

    plain = st.builds(make, durations, enemies, levels, distances, st.booleans(), phases)
    return st.one_of(plain, plain.flatmap(lambda encounter: _scripts(encounter, model.ruleset.max_enemies))) if scripted else plain


def _scripts(encounter: Encounter, most: int) -> st.SearchStrategy[Encounter]:
    """An encounter with things that happen by themselves: windows that touch, meet, begin with the fight or outlast it."""
    times = st.integers(0, encounter.duration_ns // TENTH - 1)

    def window(begin: int, length: int, amount: float) -> Window:
        return Window(begin * TENTH, (begin + length) * TENTH, amount)

    def windows(amounts: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[Window, ...]]:
        return st.lists(st.builds(window, times, st.sampled_from([30, 80, 1, 200, 600]), amounts), max_size=4).map(tuple)

    def make(adds: tuple[Window, ...], movement: tuple[Window, ...], vulnerable: tuple[Window, ...], health: tuple[float, float]) -> Encounter:
        scripted = replace(encounter, movement=movement, vulnerable=vulnerable, health=health[0], others=health[1])
        while replace(scripted, adds=adds).most_enemies > most:
            adds = adds[:-1]
        return replace(scripted, adds=adds)

    waves = windows(st.integers(1, most - encounter.enemies).map(float)) if encounter.enemies < most else st.just(())
    factors = windows(st.sampled_from([1.3, 0.0, 0.5, 10.0]))
    health = st.sampled_from([(0.0, 0.0), (1e6, 0.0), (1e6, 1e4), (1.0, 0.0), (1e12, 0.0)])
    return st.builds(make, waves, windows(st.just(1.0)), factors, health)


def segments(subject: Subject) -> st.SearchStrategy[Segment]:
    """Parts of a plan: an action pressed some times, a priority list followed, legal actions at random."""
    found: list[st.SearchStrategy[Segment]] = [
        st.builds(Press, st.integers(0, len(subject.actions) - 1), st.integers(1, 12)),
        st.builds(Wander, st.integers(0, 2**16), st.sampled_from(DECISIONS)),
    ]
    if subject.program.rotations:
        found.append(st.builds(Follow, st.sampled_from(sorted(subject.program.rotations)), st.sampled_from(DECISIONS)))
    return st.one_of(*found)


def cases(subject: Subject, *, scripted: bool = True) -> st.SearchStrategy[Case]:
    """Whole fights of a spec, legal from the first action to the last; `scripted` as for `encounters`."""
    return st.builds(
        Case, profiles(subject.model, subject.profile), encounters(subject.model, scripted=scripted), st.integers(0, 2**32 - 1), st.sampled_from(["sampled", "expected"]),
        st.lists(segments(subject), min_size=1, max_size=5).map(tuple),
    )  # fmt: skip
