"""A fight as a table a person can read: when, what was pressed, the resources and what was up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portunus.dsl.model import Aura
from portunus.ir.layout import NEVER
from portunus.sim.encounter import Encounter
from portunus.sim.profile import talent_digits
from portunus.testing.fight import Fight, Played, Subject
from portunus.testing.laws import Broken
from portunus.testing.plan import Case, Exactly

MOST_ROWS = 60


def describe(subject: Subject, case: Case) -> list[str]:
    """Who fights what, as lines; of a character only what differs from the spec's own."""
    encounter, profile, base = case.encounter, case.profile, subject.profile
    enemies = f"{encounter.enemies} enem{'y' if encounter.enemies == 1 else 'ies'}"
    lines = [
        f"fight      {encounter.duration_ns / 1e9:g} s against {enemies} of level {encounter.level} at {encounter.distance_yards:g} yd, seed {case.seed}"
        + (", expected form (damage rolls replaced by their mean)" if case.form == "expected" else "")
    ]
    differs = []
    if profile.race != base.race:
        differs.append(f"race {profile.race}")
    if profile.talents != base.talents:
        changed = {name: rank for name, rank in profile.talents.items() if rank != base.talents.get(name, 0)}
        few = ", ".join(f"{name} {rank}" for name, rank in changed.items())
        differs.append(f"talents {few}" if len(changed) <= 4 else f"talents {talent_digits(subject.model, profile.talents) or 'none'}")
    if profile.glyphs != base.glyphs:
        differs.append("glyphs " + (", ".join(sorted(profile.glyphs)) or "none"))
    gear = [f"{name} {value:g}" for name, value in sorted(profile.stats.items()) if value != base.stats.get(name, 0.0)]
    gear += [f"{name} {value:g}" for name, value in sorted(profile.options.items()) if value != base.options.get(name)]
    differs += gear
    lines.append(f"character  {Path(base.source).name}" + (f", but {'; '.join(differs)}" if differs else ""))
    script = _script(encounter)
    return [*lines, f"script     {', '.join(script)}"] if script else lines


def _script(encounter: Encounter) -> list[str]:
    """What happens by itself, in the words of an encounter file."""
    lines = ["in_front"] if encounter.in_front else []
    for word, windows in (("adds", encounter.adds), ("movement", encounter.movement), ("vulnerable", encounter.vulnerable)):
        for window in windows:
            amount = {"adds": f" {window.amount:g}", "movement": "", "vulnerable": f" {window.amount:.0%}"}[word]
            lines.append(f"{word}{amount} from {window.begin_ns / 1e9:g}s to {window.end_ns / 1e9:g}s")
    if encounter.health:
        lines.append(f"health {encounter.health:g}" + (f" others {encounter.others:g}" if encounter.others else ""))
    return lines


def timeline(subject: Subject, case: Case, played: Played) -> str:
    """The fight as text, up to where the law broke.

    Args:
        subject: The spec.
        case: The fight.
        played: What became of it.
    """
    lines = describe(subject, case)
    rows: list[tuple[str, str, str, str]] = []
    try:
        fight = subject.fight(case)
        for action in played.actions:
            rows.append(_row(subject, fight, subject.actions[action].label))
            fight.do(Exactly((action,)))
    except Broken:
        pass
    if rows:
        last = subject.following(case.encounter).latest
        if last is not None and played.broken is not None:
            rows.append((f"{played.at_ns / 1e9:.3f}", "(broken)", _resources(subject, last.s, last.t), _auras(subject, last)))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        heads = ("time", "action", "resources", "auras")
        widths = [max(width, len(head)) for width, head in zip(widths, heads, strict=False)]
        shown = rows if len(rows) <= MOST_ROWS else [*rows[:10], ("...", f"{len(rows) - MOST_ROWS} more", "", ""), *rows[10 - MOST_ROWS :]]
        for at, label, resources, auras in [heads, *shown]:
            lines.append(f"{at:>{widths[0]}}  {label:<{widths[1]}}  {resources:<{widths[2]}}  {auras}".rstrip())
    if played.broken is not None:
        lines.append(f"broken     {played.broken.message}" + (f", {played.at_ns / 1e9:.3f} s into the fight" if rows else ", before the fight"))
    return "\n".join(lines)


def _row(subject: Subject, fight: Fight, label: str) -> tuple[str, str, str, str]:
    return f"{fight.s.now / 1e9:.3f}", label, _resources(subject, fight.s, fight.t), _auras(subject, fight)


def _resources(subject: Subject, s: Any, t: Any) -> str:
    found = []
    for resource in subject.model.resources:
        if not getattr(resource, "owner", "") and hasattr(s, resource.name):
            size = getattr(t, f"{resource.name}_max", None)
            found.append(f"{resource.label} {getattr(s, resource.name):.0f}" + (f"/{size:.0f}" if size is not None else ""))
    return ", ".join(found)


def _auras(subject: Subject, fight: Fight) -> str:
    found = []
    for aura in subject.model.auras:
        if aura.on_target:
            on = getattr(fight.s, f"{aura.name}_on")
            found += [_aura(fight.s, aura, enemy) for enemy in range(fight.case.encounter.most_enemies) if on[enemy]]
        elif getattr(fight.s, f"{aura.name}_on"):
            found.append(_aura(fight.s, aura, None))
    return ", ".join(found)


def _aura(s: Any, aura: Aura, enemy: int | None) -> str:
    def part(name: str) -> Any:
        value = getattr(s, f"{aura.name}_{name}", 0)
        return value if enemy is None or not isinstance(value, list) else value[enemy]

    text = aura.label + (f" on {enemy + 1}" if enemy is not None else "")
    if aura.max_stacks:
        text += f" x{part('stacks')}"
    text += "".join(f" {name} {part(name):g}" for name in aura.values)
    return text if part("end") >= NEVER // 2 else f"{text} {max(0, part('end') - s.now) / 1e9:.1f}s"
