"""A readable sheet of a model: what it defines, section by section, as plain lines."""

from __future__ import annotations

from portunus.dsl.english import English
from portunus.dsl.model import Aura, Model, Modifier, Spell
from portunus.dsl.show import show, show_line, show_statements
from portunus.units import show_time


def sheet(model: Model) -> list[tuple[str, list[str]]]:
    """Titles with their lines."""
    ruleset = model.ruleset
    sections = [
        (f"{model.label} ({model.name}, behaviour {model.behaviour})", [
            f"class {model.class_name}, ruleset {ruleset.label}",
            f"global cooldown {show_time(ruleset.gcd)}, at least {show_time(ruleset.gcd_floor)}",
            "read from " + ", ".join(model.sources),
        ]),
        ("Statistics, in the order they are computed", _table([
            (stat.name, "= " + _formula(show(stat.formula), [show(add, 5) for add in stat.adds], [show(factor, 7) for factor in stat.factors])) for stat in model.stats
        ])),
    ]  # fmt: skip
    for resource in model.resources:
        sections.append((f"Resource {resource.label}", _table([
            ("base", show(resource.base)), ("maximum", show(resource.maximum)), *([("every", show(resource.every))] if resource.every is not None else []),
            *([("start", show(resource.start))] if resource.start is not None else []),
            *([("while casting", show(resource.amount_casting)), ("resting", f"{show(resource.amount_resting)}, {show(resource.rest_after)} after the last payment")]
              if resource.rest_after is not None else [("a tick", show(resource.amount_casting))] if resource.every is not None else []),
        ])))  # fmt: skip
    owners = [("", "Spells"), *((pet.name, f"Spells of {pet.label}") for pet in model.pets)]
    for owner, title in owners:
        found = [spell for spell in model.spells if spell.owner == owner]
        sections.append((title, [line for spell in found for line in _spell(spell)]))
    sections.append(("Auras", [line for aura in model.auras for line in _aura(aura, model)]))
    sections.append(("Always on", [modifier_text(modifier) for modifier in model.modifiers if not modifier.aura] or ["nothing"]))
    handlers = []
    for handler in model.handlers:
        handlers += [f"on {handler.event} of {', '.join(handler.subjects)}", *("  " + line for line in show_statements(handler.body))]
    sections.append(("Procs, in order", handlers or ["none"]))
    for pet in model.pets:
        chosen = ", ".join(choice.spell + (f" (chance {show(choice.chance)})" if show(choice.chance) != "1" else "") for choice in pet.choices)
        sections.append((f"Pet {pet.label}", [f"casts {chosen}", f"crit chance {show(pet.crit_chance)}, hit chance {show(pet.hit_chance)}"]))
    english = English(model)
    for rotation in model.rotations:
        lines = [f"{show_time(time)}  {spell}" for time, spell in rotation.prepull]
        for number, line in enumerate(rotation.lines, 1):
            lines += [f"{number:>2}. {show_line(line)}", f"    {english.sentence(line)}"]
        sections.append((f"Priority list {rotation.name}", lines))
    sections.append(("Properties", [f"{item.text}: {show(item.condition)}" for item in model.properties] or ["none"]))
    return sections


def _formula(formula: str, adds: list[str], factors: list[str]) -> str:
    total = " + ".join([formula, *adds])
    return " * ".join([f"({total})" if factors and len(total.split()) > 1 else total, *(f"({factor})" if " " in factor and factor[0] != "(" else factor for factor in factors)])


def _table(rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"{name.ljust(width)}  {value}" for name, value in rows]


def _spell(spell: Spell) -> list[str]:
    facts = [f"{'item' if spell.item else 'id'} {spell.id}" + (f" tag {spell.tag}" if spell.tag else "")]
    facts += [f"{word} {show(value)}" for word, value in (("cast", spell.cast), ("cost", spell.cost), ("cooldown", spell.cooldown), ("uses", spell.uses)) if value is not None]
    facts.append(f"gcd {show(spell.gcd)}" if spell.gcd is not None else "no gcd")
    facts += [f"missile {show(spell.missile)}"] if spell.missile is not None else []
    facts += [word for word, given in (("triggered", spell.triggered), ("per enemy", spell.per_enemy), (f"channels {spell.channel}", spell.channel)) if given]
    lines = [f"{spell.name}  \"{spell.label}\"", "  " + ", ".join(facts)]
    if spell.attack is not None:
        attack = spell.attack
        lines.append(f"  {attack.school}: crit +{show(attack.crit_chance, 6)}, damage * (1 + {show(attack.additive, 6)}) * ({show(attack.multiplier)}), crit * {show(attack.crit_multiplier, 7)}")
    lines += [f"  {word} {show(value)}" for word, value in (("requires", spell.requires), ("instant if", spell.instant_if)) if value is not None]
    if spell.autocast is not None:
        lines.append("  taken by `cooldowns`" + (f" if {show(spell.autocast[1])}" if spell.autocast[1] is not None else ""))
    for word, block in (("start", spell.on_start), ("cast", spell.on_cast), ("roll", spell.on_roll), ("land", spell.on_land)):
        if block:
            lines += [f"  on {word}", *("    " + line for line in show_statements(block))]
    return lines


def _aura(aura: Aura, model: Model) -> list[str]:
    facts = [f"id {aura.id}" + (f" tag {aura.tag}" if aura.tag else ""), "on an enemy" if aura.on_target else "on the player"]
    facts += [f"lasts {show(aura.duration)}"] if aura.duration is not None else []
    facts += [f"{show(aura.tick_count) if aura.tick_count is not None else aura.ticks} ticks every {show(aura.every)}" + (" (hasted)" if aura.hasted else "")] if aura.ticks else []
    facts += [f"up to {aura.max_stacks} stacks"] if aura.max_stacks else []
    facts += [f"carries {', '.join(aura.values)}"] if aura.values else []
    lines = [f"{aura.name}  \"{aura.label}\"", "  " + ", ".join(facts)]
    if aura.tick_amount is not None:
        lines.append(f"  each tick {show(aura.tick_amount)}" + (f", critical if {show(aura.tick_crits)}" if aura.tick_crits is not None else ""))
    lines += ["  " + modifier_text(modifier) for modifier in model.modifiers if modifier.aura == aura.name]
    for word, block in (("tick", aura.on_tick), ("expire", aura.on_expire)):
        if block:
            lines += [f"  on {word}", *("    " + line for line in show_statements(block))]
    return lines


def modifier_text(modifier: Modifier) -> str:
    """A modifier in one line."""
    text = f"{modifier.kind} {'+' if modifier.kind in ('crit_chance', 'hit_chance') else '*'} {show(modifier.amount, 7)}"
    text += f" for {', '.join(modifier.spells)}" if modifier.spells is not None else ""
    return text + (f" if {show(modifier.condition)}" if modifier.condition is not None else "")
