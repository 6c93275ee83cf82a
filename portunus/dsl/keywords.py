"""The words of the language: for every kind of block, which words it knows, what they take and what they mean.

One table drives the splitting of lines, the messages about unknown words, the formatter and `docs/language.md`.

A pattern is written in words: `name=kind` is an argument, `name=kind?` may be left out, a bare word must be written as it is,
and `[...]` is a part that may be left out. Kinds of arguments:

    name    a word without dots                     path    two words joined by a dot
    names   words separated by commas               expr    any expression
    stat    a statistic: a word, or PET.WORD
    text    a quoted text                           exprs   one or more expressions side by side
"""

from __future__ import annotations

from dataclasses import field
from functools import cache

from portunus.dsl.records import dataclass


@dataclass(frozen=True)
class Part:
    """An argument (`kind` is set), a word to be written, or an optional group (`parts` is set)."""

    word: str = ""
    name: str = ""
    kind: str = ""
    optional: bool = False
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Keyword:
    """A word of the language.

    Attributes:
        word: The word; "*" stands for any name (a talent, a spell in a rotation).
        pattern: What follows it, see the head of this file.
        meaning: One line for the reference.
        example: A line that uses it.
        block: Kind of the block in braces that follows, "" = none.
        condition: It may end in `if ...`.
        many: It may be given more than once.
        may_end: The block may be left out.
    """

    word: str
    pattern: str
    meaning: str
    example: str
    block: str = ""
    condition: bool = False
    many: bool = False
    may_end: bool = False
    parts: tuple[Part, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _pattern(self.pattern))


@cache
def _pattern(text: str) -> tuple[Part, ...]:
    stack: list[list[Part]] = [[]]
    for word in text.replace("[", " [ ").replace("]", " ] ").split():
        if word == "[":
            stack.append([])
        elif word == "]":
            group = tuple(stack.pop())
            stack[-1].append(Part(word=group[0].word, optional=True, parts=group))
        elif "=" in word:
            name, kind = word.split("=")
            stack[-1].append(Part(name=name, kind=kind.rstrip("?"), optional=kind.endswith("?")))
        else:
            stack[-1].append(Part(word=word))
    return tuple(stack[0])


@dataclass(frozen=True)
class BlockKind:
    """A kind of block: how it is called in messages, what it is, and its words."""

    name: str
    title: str
    meaning: str
    keywords: dict[str, Keyword]


def _block(name: str, title: str, meaning: str, *keywords: Keyword) -> BlockKind:
    return BlockKind(name, title, meaning, {keyword.word: keyword for keyword in keywords})


_ATTACK = (
    Keyword("school", "school=name", "The damage school; without one it does no damage.", "school fire"),
    Keyword("crit_chance", "amount=expr", "Added to the character's chance of a critical strike.", "crit_chance 2% * talent.critical_mass"),
    Keyword("additive", "amount=expr", "Sum of the additive damage bonuses: the factor is 1 + this.", "additive 2% * talent.fire_power"),
    Keyword("multiplier", "amount=expr", "Product of its own damage multipliers.", "multiplier 1 + 4% * talent.torment_the_weak"),
    Keyword("crit_multiplier", "amount=expr", "Factor of a critical strike; 1 when left out.", "crit_multiplier crit_factor"),
    Keyword("ignore_modifiers", "", "Damage modifiers of the attacker do not apply; resists still do.", "ignore_modifiers"),
    Keyword("table", "table=name", "The attack table that decides how it ends; left out = that of spells.", "table special"),
    Keyword("unarmored", "", "Physical damage that armour does not reduce.", "unarmored"),
)
_IDENTITY = (
    Keyword("id", "id=expr", "The client's spell id.", "id 42833"),
    Keyword("tag", "tag=expr", "Tells apart several things with one id.", "tag 1"),
)
_STATISTICS = (
    Keyword("stat", "name=name value=expr", "A statistic: a formula that `add` and `multiply` may change.", "stat spirit class.spirit + bonus.spirit", many=True),
    Keyword("let", "name=name value=expr", "A named value that nobody may change.", "let resist_full 1 - 7.5 * average_resist", many=True),
    Keyword("add", "amount=expr to stat=stat", "Adds to a statistic (a pet's is `PET.NAME`), before its multipliers.", "add 60 to intellect", many=True),
    Keyword("multiply", "stat=stat by amount=expr", "Multiplies a statistic, after its additions.", "multiply spirit by 1.1", many=True),
)
_TABLE = Keyword("attack_table", "name=name", "How the outcome of an attack is rolled; spells name it by `table`.", "attack_table special {", block="attack_table", many=True)
_MODIFY = Keyword(
    "modify", "kind=name by amount=expr [for targets=names] [except exceptions=names]",
    "Changes damage_done, damage_taken, crit_chance, hit_chance, crit_multiplier, cast_speed, cost or armor: always, or while the aura around it is up.",
    "modify damage_done by 1.06 except ignite if target.health <= 35%", condition=True, many=True,
)  # fmt: skip
_DEFINITIONS = (
    *_STATISTICS,
    _TABLE,
    _MODIFY,
    Keyword("glyph", "name=name item=expr", "A glyph and its item id.", "glyph fireball 42739", many=True),
    Keyword("option", "name=name default=expr [up_to most=expr]", "A choice of the profile, its default and the largest value a profile may give; the least is 0.",
            "option molten_armor 1 up_to 1", many=True),
    Keyword("switch", "name=name meaning=text", "An artefact of the reference that a comparison may turn on; off in play.", 'switch idle_grid "a grid of 50 ms"', many=True),
    Keyword("group", "name=name members=names", "A name for several spells and auras.", "group direct fireball, scorch", many=True),
    Keyword("icd", "name=name time=expr", "An internal cooldown of a proc: `icd.NAME.ready`, `start_icd NAME`.", "icd lunar_eclipse 30s", many=True),
    Keyword("spell", "name=name label=text?", "A spell of the player.", 'spell scorch "Scorch" {', block="spell", many=True),
    Keyword("aura", "name=name [on place=name] [of pet=name] label=text?", "An aura on the player, or `on target` on an enemy; `of PET` = the pet's doing.", 'aura ignite on target "Ignite" {', block="aura", many=True),
    Keyword(
        "on", "event=name [of subjects=names]",
        "What happens on each `hit` (landed), `result` (hit or miss) or `cast` of spells, `tick` of auras, `gain` of resources, or on `begin` and `pull` of a fight.",
        "on hit of direct {", block="statements", many=True,
    ),
    Keyword("pet", "name=name label=text?", "A guardian with spells of its own.", 'pet mirror_images "Mirror Images" {', block="pet", many=True),
    Keyword("rotation", "name=name", "A priority list.", "rotation default {", block="rotation", many=True),
    Keyword("property", "text=text condition=expr", "A claim about every reachable state.", 'property "mana is not negative" mana >= 0', many=True),
)  # fmt: skip

BLOCKS: dict[str, BlockKind] = {
    block.name: block
    for block in (
        _block(
            "file", "a file", "What stands outermost.",
            Keyword("use", "path=text", "Reads another file of the same folder tree first.", 'use "mage.spec"', many=True),
            Keyword("ruleset", "name=name label=text?", "The rules of a game version.", 'ruleset wotlk "Wrath of the Lich King" {', block="ruleset", many=True),
            Keyword("class", "name=name label=text?", "What all specialisations of a class share.", 'class mage "Mage" {', block="class", many=True),
            Keyword("spec", "name=name label=text?", "One specialisation.", 'spec mage_fire "Fire Mage" {', block="spec", many=True),
            Keyword("encounter", "name=name label=text?", "A fight: how long, how many enemies.", 'encounter patchwerk "Patchwerk" {', block="encounter", many=True),
        ),
        _block(
            "ruleset", "a ruleset", "The rules of a game version: statistics, chances, resources, races.",
            Keyword("gcd", "time=expr [floor floor=expr]", "The global cooldown and what haste cannot take it below.", "gcd 1.5s floor 1s"),
            Keyword("max_enemies", "count=expr", "The largest number of enemies in a fight.", "max_enemies 4"),
            Keyword("area_cap", "count=expr", "How many enemies' worth of damage an area spell does at most.", "area_cap 10"),
            Keyword("poll", "time=expr", "The idle grid of the reference.", "poll 50ms"),
            Keyword("race", "name=name", "A race: offsets to the class's values.", "race troll { strength 1   spirit 1 }", block="values", many=True),
            Keyword("resource", "name=name label=text?", "A resource bar.", 'resource mana "Mana" {', block="resource", many=True),
            *_DEFINITIONS,
        ),
        _block(
            "class", "a class", "What all specialisations of a class share.",
            Keyword("ruleset", "name=name", "The ruleset it is written for.", "ruleset wotlk"),
            Keyword("resource", "name=name label=text?", "A resource it uses: the ruleset's, or its own with a block. Costs are in the first.", "resource mana",
                    block="resource", many=True, may_end=True),
            Keyword("runes", "kinds=names each count=expr recharge time=expr grace grace=expr",
                    "Runes: so many of each kind, the time one takes to come back, and how much of the time it waited ready shortens that.",
                    "runes blood, frost, unholy each 2 recharge 10s grace 2.5s"),
            Keyword("value", "name=name amount=expr", "A base value: `class.NAME` in formulas.", "value intellect 181", many=True),
            Keyword("talents", "name=name", "A talent tree: talents and their ranks in the order of the game's digits.", "talents fire { ignite 5 }", block="values", many=True),
            *_DEFINITIONS,
        ),
        _block(
            "spec", "a spec", "One specialisation: its spells, auras, procs and priority lists.",
            Keyword("class", "name=name", "The class it belongs to.", "class mage"),
            Keyword("role", "role=name", "What it does in a group.", "role ranged_dps"),
            Keyword("behaviour", "version=expr", "Version of its behaviour: raised when results change.", "behaviour 1"),
            Keyword("resource", "name=name label=text?", "A resource it uses, as in a class; if it names any, only those.", "resource energy", block="resource", many=True, may_end=True),
            Keyword("profile", "file=text", "The default profile, a file below `profiles/`.", 'profile "mage_fire.toml"'),
            *_DEFINITIONS,
        ),
        _block(
            "values", "a list of values", "Names, each with a number.",
            Keyword("*", "amount=expr", "A name and its number.", "ignite 5", many=True),
        ),
        _block(
            "resource", "a resource", "A bar that starts full, pays costs and refills in ticks.",
            Keyword("base", "amount=expr", "What costs in percent refer to: `base_NAME`; left out = its size.", "base class.mana"),
            Keyword("maximum", "amount=expr", "Its size: `max_NAME`.", "maximum class.mana + 15 * intellect - 280"),
            Keyword("start", "amount=expr", "What it starts with; left out = full.", "start 0"),
            Keyword("left_over", "switch=name", "Under this switch (an artefact of the reference) a fight begins with what the one before it left.", "left_over stale_power"),
            Keyword(
                "tick", "every=expr [gain gain=expr] [casting casting=expr] [resting resting=expr] [rest_after rest_after=expr] [phased] [prorated]",
                "How it refills: period and `gain`; or amount while casting, amount while resting, and when resting begins. `phased` = the first tick "
                "comes at a random part of the period; `prorated` = when `gain` changes, the part of a tick that has passed is paid out and a new one begins. "
                "Left out = it does not refill by itself.",
                "tick 2s casting 10 resting 20 rest_after 5s",
            ),
        ),
        _block(
            "attack_table", "an attack table", "How the outcome of an attack is rolled; what may happen, in the order of the roll.",
            Keyword("rolls", "how=name", "`spell`: hit, then critical strike; `once`: all in one roll; `twice`: what avoids it, then critical strike; `crit`: only that; `never`.", "rolls twice"),
            Keyword("miss", "chance=expr", "The chance to miss.", "miss melee_miss - melee_hit"),
            Keyword("dodge", "chance=expr", "The chance to be dodged.", "dodge enemy_dodge - expertise"),
            Keyword("parry", "chance=expr", "The chance to be parried.", "parry 0%"),
            Keyword("glance", "chance=expr factor factor=expr", "The chance to glance, and the factor on the damage then.", "glance 24% factor 75%"),
            Keyword("block", "chance=expr [less amount=expr] [crits]", "The chance to be blocked, and what that takes off the damage. A blocked attack is no critical strike, unless the table rolls twice and it `crits`.", "block 5% less 500"),
            Keyword("crit", "chance=expr", "The chance of a critical strike; spells and auras add to it. Left out = there are none.", "crit melee_crit"),
        ),
        _block(
            "spell", "a spell", "A spell.",
            *_IDENTITY,
            Keyword("item", "id=expr", "The client's item id, for an item that is used.", "item 33312"),
            *_ATTACK,
            Keyword("gcd", "time=expr", "Its global cooldown before haste; `none` = none; left out = the ruleset's.", "gcd none"),
            Keyword("cast", "time=expr", "Its cast time before haste; left out = instant.", "cast 3.5s - 0.1s * talent.improved_fireball"),
            Keyword("unhasted", "", "Haste does not shorten its cast and global cooldown.", "unhasted"),
            Keyword("cost", "amount=expr [of resource=name]", "What it costs; of the class's resource if none is named. Several lines = several resources.", "cost 19% * base_mana", many=True),
            Keyword("free_if", "condition=expr", "When it costs nothing.", "free_if buff.freezing_fog.up"),
            Keyword("pays_later", "", "Its costs are needed to cast it, but paid only by `pay`.", "pays_later"),
            Keyword("uncounted", "", "Its casts are not counted, as for the hits of another spell with the same id.", "uncounted"),
            Keyword("swing", "every=expr [by rate=stat] [rescaled]",
                    "An auto-attack: it happens by itself from the pull on, every TIME divided by a statistic; `rescaled` = a change of it changes the swing under way.",
                    "swing weapon.main.speed by melee_speed rescaled"),
            Keyword("instead", "spell=name", "For an auto-attack: a triggered spell that replaces the swing while the condition holds.", "instead heavy_blow if buff.queued.up", condition=True, many=True),
            Keyword("cooldown", "time=expr [manual] [hasted]", "Its cooldown, from the cast; `manual` = only from `start_cooldown`; `hasted` = haste at its cast shortens it.", "cooldown 8s"),
            Keyword("charges", "count=expr", "It can be cast so often before it must wait; the cooldown brings one charge back after the other.", "charges 2"),
            Keyword("shares", "spells=names", "Spells whose cooldown starts and ends with its own.", "shares multi_shot"),
            Keyword("missile", "speed=expr", "Speed of its missile; left out = it arrives at once.", "missile 24yd/s"),
            Keyword("uses", "count=expr", "How often it can be used in a fight.", "uses 6"),
            Keyword("requires", "condition=expr", "A condition to cast it.", "requires buff.combustion_power.down"),
            Keyword("instant_if", "condition=expr", "When its cast takes no time.", "instant_if buff.hot_streak.up"),
            Keyword("per_enemy", "", "It is chosen for each enemy apart.", "per_enemy"),
            Keyword("triggered", "", "It is never chosen, only cast by `trigger`.", "triggered"),
            Keyword("channel", "aura=name [interruptible]", "The periodic aura it channels: applied when the cast completes, unless its effects do that. `interruptible` = the player may stop after each tick.",
                    "channel evocation_channel"),
            Keyword("autocast", "[priority priority=expr]", "The line `cooldowns` of a rotation takes it when it can, by priority.", "autocast priority 3000", condition=True),
            Keyword("on", "event=name", "What happens on its `start` (cost and time fixed; of an auto-attack: it is due, what replaces it not chosen yet), `cast` (complete), `roll` (of a hit, landed or not, before it lands) or `land` (a landed hit).", "on cast { damage 382..451 }", block="statements", many=True),
        ),
        _block(
            "aura", "an aura", "An effect on the player or an enemy.",
            *_IDENTITY,
            *_ATTACK,
            Keyword("duration", "time=expr", "How long it lasts; left out = until removed, or until its last tick.", "duration 10s"),
            Keyword("stacks", "maximum=expr", "It stacks: applied it has one, up to this many.", "stacks 20"),
            Keyword("ticks", "count=expr [up_to most=expr]", "How often it ticks; `up_to` where the number depends on anything: it is fixed when applied.", "ticks 3 + combo_points up_to 8"),
            Keyword("every", "time=expr", "The time between ticks.", "every 3s"),
            Keyword("hasted", "", "Haste shortens the time between ticks.", "hasted", condition=True),
            Keyword("tick_damage", "amount=expr", "Damage of a tick, fixed when applied.", "tick_damage 345 + 20% * spell_power"),
            Keyword("tick_growth", "amount=expr", "Added to the damage of a tick when it comes; `tick` is its number, from 1.", "tick_growth choose(tick > 4, 70, 0)"),
            Keyword("tick_crits", "", "Its ticks can be critical strikes.", "tick_crits if glyph.living_bomb >= 1", condition=True),
            Keyword("refresh", "rule=name", "Applied again: `clip` starts over, a tick due now still happens; `reset` starts over, nothing ticks.", "refresh reset"),
            Keyword("values", "names=names", "Numbers it carries.", "values per_tick"),
            *_STATISTICS[2:],
            Keyword("exclusive", "group=name", "A unit has one aura of this group: a new one ends the others, as with curses, forms and stances.", "exclusive curse"),
            Keyword("blocks", "", "While it is up the player can use nothing that needs the global cooldown.", "blocks"),
            Keyword("hidden", "", "The client does not show it.", "hidden"),
            Keyword("shown_as", "how=name", "The client does not show it as a buff, but as the player's `stance` or form, or as the spell `queued` for the next swing.", "shown_as stance"),
            Keyword("only_with", "switch=name", "It exists only under a switch.", "only_with dot_twin"),
            _MODIFY,
            Keyword("on", "event=name", "What happens on each `tick` or when it ends (`expire`).", "on expire { trigger living_bomb_explosion }", block="statements", many=True),
        ),
        _block(
            "pet", "a pet", "A guardian: its own statistics, spells and fixed list.",
            *_STATISTICS[:2],
            _TABLE,
            Keyword("permanent", "", "It is there from the start; perhaps only under a condition known before the fight.", "permanent if option.wolf >= 1", condition=True),
            Keyword("leaves_if", "condition=expr", "When it goes away; asked at its decisions.", "leaves_if fight.remains < 10s"),
            Keyword("inherits_once", "", "Its statistics are fixed when it is summoned; left out = they follow its owner's.", "inherits_once"),
            Keyword("resource", "name=name label=text?", "A resource bar of the pet.", 'resource focus "Focus" {', block="resource", many=True),
            Keyword("crit_chance", "amount=expr", "Its chance of a critical strike.", "crit_chance 8%"),
            Keyword("hit_chance", "amount=expr", "What is taken off the ruleset's chance to miss.", "hit_chance owner.spell_hit"),
            Keyword("spell", "name=name label=text?", "A spell of the pet; haste does not change it.", 'spell image_frostbolt "Frostbolt" {', block="spell", many=True),
            Keyword("choose", "spell=name [chance chance=expr]", "Casts a spell when it is ready, perhaps by chance.", "choose image_fire_blast chance 50%", condition=True, many=True),
        ),
        _block(
            "rotation", "a rotation", "A priority list: the first line that can be done is done.",
            Keyword("prepull", "time=expr spell=name", "Cast before the pull, at a negative time.", "prepull -2s mirror_image", many=True),
            Keyword("cooldowns", "", "Every autocast spell that no other line names.", "cooldowns", condition=True, many=True),
            Keyword(
                "multidot", "spell=name [up_to count=expr] [overlap overlap=expr]",
                "On the first enemy whose aura of this spell is down, or has less than `overlap` left.",
                "multidot living_bomb up_to 10 if fight.remains > 12s", condition=True, many=True,
            ),
            Keyword(
                "channel", "spell=name [at enemy=expr] [interrupt_if stop=expr]",
                "Channels a spell, and after a tick stops for any other line that can be taken, if `interrupt_if` holds then. A plain line channels to the end.",
                "channel mind_flay interrupt_if gcd.remains == 0s", condition=True, many=True,
            ),
            Keyword("sequence", "spells=names", "Casts these spells in turn, each once in a fight; other lines may come in between.", "sequence corruption, haunt", condition=True, many=True),
            Keyword("strict_sequence", "spells=names", "Casts these spells in turn without a pause, if all are ready.", "strict_sequence inner_focus, mind_blast", condition=True, many=True),
            Keyword("wait", "time=expr", "Does nothing for a time.", "wait dot.corruption.remains if dot.corruption.remains <= 200ms", condition=True, many=True),
            Keyword("*", "[at enemy=expr]", "Casts a spell; `at 2` = at the second enemy, if there is one, and then what the line asks of enemies it asks of that one.",
                    "scorch if fight.remains <= 4s", condition=True, many=True),
        ),
        _block(
            "statements", "a block of effects", "What happens, in order. `if CONDITION { } else { }` may stand here too.",
            Keyword("damage", "amount=expr [to scope=name] [up_to count=expr] [in_turn]",
                    "Rolls an attack at the target, `to enemies` (one amount for all), or `to each` (each its own rolls, all before the first lands, or `in_turn`).", "damage 690 + 40% * spell_power to enemies", many=True),
            Keyword("strike", "", "Rolls only to hit; what follows happens on a hit.", "strike { apply living_bomb_burn }", block="statements", many=True),
            Keyword("each", "[other] enemy [up_to count=expr]", "Happens to enemies in turn, from the target on; `other` = from the next one on. Inside, `index` counts from 0.",
                    "each enemy up_to 3 { damage 973..1111 * pick(index, 1, 0.7, 0.49) }", block="statements", many=True),
            Keyword("apply", "aura=name", "Applies an aura.", "apply hot_streak", many=True),
            Keyword("renew", "aura=name", "Renews the end and the snapshot of a periodic aura; its ticks keep their time. Applies it where it is down.", "renew holy_vengeance", many=True),
            Keyword("rollover", "aura=name", "Renews an active periodic aura's end, amount and haste; chance of critical strikes, multiplier and the next tick stay.", "rollover corruption", many=True),
            Keyword("extend", "aura=name by count=expr", "An active periodic aura ticks so many times more.", "extend rip by 1", many=True),
            Keyword("remove", "aura=name", "Ends an aura.", "remove hot_streak", many=True),
            Keyword("add", "count=expr to path=path", "Adds stacks to an active aura; at 0 it ends.", "add 1 to combustion_power.stacks", many=True),
            Keyword("set", "path=path to amount=expr", "Sets a value an aura carries, or the stacks of an active one (0 ends it).", "set combustion_power.crits to 0", many=True),
            Keyword("gain", "amount=expr resource=name [as source=name]", "Gains a resource; `as` names its row in reports.", "gain 2% * base_mana mana as empowered_fire", many=True),
            Keyword("lose", "amount=expr resource=name", "Takes away a resource, down to nothing.", "lose 5 combo_points", many=True),
            Keyword("delay", "spell=name by amount=expr [random]", "Moves the next swing of an auto-attack; `random` = by a uniform part of it.", "delay off_hand by 1s random", many=True),
            Keyword("restart", "spell=name [after after=expr]", "Begins a full swing of an auto-attack anew, perhaps after some time.", "restart main_hand", many=True),
            Keyword("pay", "", "Pays the costs of the spell, one that `pays_later`.", "pay", many=True),
            Keyword("convert_runes", "kind=name", "Runes of a kind that were just used come back wild.", "convert_runes blood", many=True),
            Keyword("borrow_rune", "kind=name", "Makes a rune of a kind wild until `return_rune`.", "borrow_rune blood", many=True),
            Keyword("return_rune", "", "The borrowed rune is wild no more.", "return_rune", many=True),
            Keyword("ready_rune", "kind=name", "Makes a used rune of a kind ready; `all` = all runes.", "ready_rune blood", many=True),
            Keyword("decide", "[within]", "The player may act at this instant, with what needs no global cooldown; `within` = before what is left of the event "
                    "(under the switch `inner_reads` where there is one, else after it).", "decide within", many=True),
            Keyword("trigger", "spell=name", "Casts a triggered spell.", "trigger living_bomb_explosion", many=True),
            Keyword("start_icd", "icd=name", "Starts an internal cooldown.", "start_icd lunar_eclipse", many=True),
            Keyword("start_cooldown", "spell=name", "Starts a manual cooldown.", "start_cooldown combustion", many=True),
            Keyword("reset_cooldown", "spell=name", "A spell is ready now.", "reset_cooldown howling_blast", many=True),
            Keyword("dismiss", "pet=name", "A pet leaves.", "dismiss felhunter", many=True),
            Keyword("summon", "pet=name for duration=expr", "Summons a pet for a time.", "summon mirror_images for 30s", many=True),
            Keyword("any_enemy", "", "Happens to an enemy at random.", "any_enemy { trigger strike_main }", block="statements", many=True),
            Keyword("chance", "chance=expr", "Happens with a probability.", "chance 50% { apply clearcasting }", block="statements", many=True),
            Keyword("otherwise", "", "After a `chance`: what happens if that does not.", "otherwise { remove clearcasting }", block="statements", many=True),
        ),
        _block(
            "encounter", "an encounter", "A fight.",
            Keyword("duration", "time=expr", "How long it lasts.", "duration 300s"),
            Keyword("enemies", "count=expr", "How many enemies.", "enemies 1"),
            Keyword("level", "level=expr", "Level of the enemies.", "level 83"),
            Keyword("armor", "amount=expr", "Armour of the enemies.", "armor 10643"),
            Keyword("distance", "distance=expr", "Distance to the enemies.", "distance 20yd"),
            Keyword("in_front", "", "The player stands before the enemies, who can parry and block.", "in_front"),
            Keyword("execute", "phases=exprs", "The health at which phases begin, ascending: three of them, 20%, 25% and 35% when left out. Health falls evenly, so this also says when.", "execute 20% 25% 35%"),
            Keyword("phase", "health=expr at time=expr", "When the phase of 20%, 25% or 35% health begins, by time.", "phase 20% at 250s", many=True),
            Keyword("health", "amount=expr [others others=expr]", "The health of the enemies: phases begin when the player's damage, and what the others of the group do each second, have left so much of it. "
                    "The fight ends at its `duration` all the same.", "health 12000000 others 35000"),
            Keyword("adds", "count=expr from begin=expr to end=expr [every every=expr]", "Further enemies come and go; `every` = again and again. What is on an enemy that goes ends without effect, and a cast at it too.",
                    "adds 2 from 30s to 50s every 60s", many=True),
            Keyword("movement", "from begin=expr to end=expr [every every=expr]", "The player must move: what has a cast time or is channelled cannot be cast, and ends when the movement begins; instants and auto-attacks go on.",
                    "movement from 20s to 24s every 45s", many=True),
            Keyword("vulnerable", "factor=expr from begin=expr to end=expr [every every=expr]", "The factor on all damage the enemies take for a time.", "vulnerable 150% from 90s to 110s", many=True),
        ),
    )
}  # fmt: skip

# The words that fit where only some do: (block kind, keyword, argument) -> word -> meaning.
CHOICES: dict[tuple[str, str, str], dict[str, str]] = {
    ("spec", "on", "event"): {
        "hit": "a landed direct hit", "result": "a direct hit or miss", "tick": "a tick", "cast": "a cast is complete", "gain": "a resource is gained",
        "begin": "a fight is set up", "pull": "a fight begins",
    },
    ("attack_table", "rolls", "how"): {
        "spell": "hit (not drawn when certain), then critical strike", "once": "everything in one roll", "twice": "what avoids it, then critical strike",
        "crit": "only critical strike", "never": "always a plain hit",
    },
    ("spell", "on", "event"): {"start": "cost and time are fixed", "cast": "the cast is complete", "roll": "a hit is rolled, landed or not", "land": "a landed hit arrives"},
    ("aura", "on", "event"): {"tick": "each tick", "expire": "it ends"},
    ("spec", "modify", "kind"): {
        "damage_done": "factor", "damage_taken": "factor, for auras on an enemy", "crit_chance": "added", "hit_chance": "added", "crit_multiplier": "factor",
        "cast_speed": "factor", "cost": "factor", "armor": "factor, for auras on an enemy",
    },
    ("aura", "shown_as", "how"): {"stance": "the player's stance or form", "queued": "the spell that waits for the next swing"},
    ("aura", "refresh", "rule"): {"clip": "a tick due now still happens", "reset": "nothing ticks"},
    ("statements", "damage", "scope"): {"enemies": "all of them, one amount", "each": "the target and the next ones, each its own rolls", "target": "the target"},
    ("spec", "aura", "place"): {"target": "an enemy"},
    ("spec", "role", "role"): {"ranged_dps": "damage from afar", "melee_dps": "damage up close", "tank": "is hit", "healer": "heals"},
}  # fmt: skip
