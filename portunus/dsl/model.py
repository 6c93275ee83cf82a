"""The model: what a checked spec says, as frozen data with every name resolved and every unit reduced.

It is what the front end hands over and all the compiler, the addon generator and the documentation read. Expressions are typed and
still symbolic; which of them are static (talents, statistics) or depend on the fight's state is decided while lowering.

Units: times are integers in nanoseconds, chances and percentages are plain fractions, distances are yards.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from portunus.dsl.records import dataclass

PHYSICAL = "physical"  # the school that armour reduces
# What may be asked of a weapon besides its kind (`weapon.main.sword`: 1 or 0).
WEAPON_SLOTS = ("main", "off", "ranged")
WEAPON_VALUES = {"min": "number", "max": "number", "speed": "time", "attack_power": "number"}
WEAPON_KINDS = (
    "two_hand", "one_hand", "main_hand", "axe", "sword", "mace", "dagger", "fist", "staff", "polearm", "bow", "gun", "crossbow", "thrown", "wand",
)  # fmt: skip

ValueType = Literal["number", "time", "bool", "distance", "speed", "range"]

# op -> (argument kinds, meaning). "e" = expression, "n" = literal number, anything else = a resolved name of that kind.
OPERATIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "number": (("n",), "a literal; for times an integer number of nanoseconds"),
    "range": (("e", "e"), "a uniform roll between two bounds; only as (part of) an amount"),
    "add": (("e", "e"), "a + b"),
    "sub": (("e", "e"), "a - b"),
    "mul": (("e", "e"), "a * b"),
    "div": (("e", "e"), "a / b"),
    "neg": (("e",), "-a"),
    "lt": (("e", "e"), "a < b"),
    "le": (("e", "e"), "a <= b"),
    "gt": (("e", "e"), "a > b"),
    "ge": (("e", "e"), "a >= b"),
    "eq": (("e", "e"), "a == b"),
    "ne": (("e", "e"), "a != b"),
    "and": (("e", "e"), "both"),
    "or": (("e", "e"), "either"),
    "not": (("e",), "the opposite"),
    "min": (("e", "e"), "the smaller"),
    "max": (("e", "e"), "the larger"),
    "sqrt": (("e",), "square root"),
    "floor": (("e",), "the largest whole number that is not above"),
    "choose": (("e", "e", "e"), "choose(condition, then, otherwise)"),
    "pick": (("e", "e*"), "pick(index, value for 0, value for 1, ...)"),
    "by_level": (("e*",), "by_level(equal, +1, +2, +3): by the enemy's level above the player's"),
    # static names
    "talent": (("talent",), "rank of a talent"),
    "glyph": (("glyph",), "1 with the glyph, else 0"),
    "option": (("option",), "a profile option, 0 or 1 or a number"),
    "stat": (("stat",), "a derived statistic or constant (`stat`, `let`); pet-scoped names are `pet.stat`"),
    "class": (("name",), "a base value of the class"),
    "race": (("name",), "a racial offset"),
    "bonus": (("name",), "a value of the profile's [stats] table, 0 when absent"),
    "level": ((), "enemy level minus player level"),
    "distance": ((), "distance to the enemies in yards"),
    "in_front": ((), "the player stands before the enemy"),
    "weapon": (("name", "name"), "a value of a weapon of the profile: (slot, field); 0 without one"),
    "armor": ((), "the enemies' armour before anything reduces it"),
    # state
    "live_stat": (("stat",), "a statistic that an aura changes"),
    "live_armor": ((), "the enemy's armour now"),
    "resource": (("resource",), "current amount"),
    "resource_max": (("resource",), "maximum"),
    "resource_base": (("resource",), "base amount of the class (costs in percent refer to it)"),
    "aura_up": (("aura",), "active (on the target in question for enemy auras)"),
    "aura_remains": (("aura",), "time left, 0 when down"),
    "aura_stacks": (("aura",), "stacks, 0 when down"),
    "aura_enemies": (("aura",), "number of enemies an enemy aura is on"),
    "aura_ticks_left": (("aura",), "ticks to come of a periodic aura, 0 when down"),
    "aura_period": (("aura",), "time between its ticks"),
    "aura_new_period": (("aura",), "time between its ticks if it were applied now"),
    "aura_tick_damage": (("aura",), "mean damage of its next tick, 0 when down"),
    "aura_new_tick_damage": (("aura",), "mean damage of a tick if it were applied now"),
    "aura_gain": (("aura",), "how many times stronger multiplier and critical strikes would make it if it were applied now, 1 when down"),
    "aura_value": (("aura", "value"), "a value the aura carries, 0 when down"),
    "aura_fresh": (("aura",), "last applied at this very instant by the spell now being handled"),
    "cooldown_ready": (("spell",), "off cooldown"),
    "cooldown_remains": (("spell",), "time until ready"),
    "icd_ready": (("icd",), "an internal cooldown is over"),
    "icd_remains": (("icd",), "time until an internal cooldown is over"),
    "charges": (("spell",), "charges of a spell that are ready"),
    "uses_left": (("spell",), "uses left of a spell with limited uses"),
    "cast_time": (("spell",), "cast time with current haste, ignoring what makes it instant; its lock if it has none"),
    "base_cost": (("spell",), "cost before modifiers"),
    "damage_factor": (("spell",), "all the attacker's damage multipliers of a spell now"),
    "travel_time": (("spell",), "time its missile flies"),
    "channelling": (("spell",), "the player is channelling it"),
    "gcd_remains": ((), "time until the global cooldown ends"),
    "clip_delay": ((), "pause of the player after a channel"),
    "tick": ((), "number of the tick, from 1"),
    "crit_chance": (("spell",), "chance of a critical strike of a spell now"),
    "swing_remains": (("spell",), "time to the next swing of an auto-attack"),
    "latest_cost": (("spell",), "latest cost evaluated for a spell (switch `latest_cost`), else what it costs now"),
    "pet_up": (("pet",), "a pet is there"),
    "pet_busy": (("pet",), "a pet's global cooldown or cast runs"),
    "fight_time": ((), "time since the pull"),
    "fight_remains": ((), "time to the end of the fight"),
    "target_phase": ((), "health phase of the enemies as a fraction: 1, 0.35, 0.25 or 0.20 (`target.health <= 35%`)"),
    "enemies": ((), "number of enemies"),
    "script": (("name", "name"), "what the encounter's script says of movement, adds or vulnerable: up, time left, time until the next"),
    "runes_ready": (("n",), "runes of a kind that are ready, wild ones too"),
    "runes_wild": ((), "wild runes that are ready"),
    "runes_wait": (("n",), "time until a rune of a kind is ready"),
    "runes_grace": (("n",), "how much sooner the next rune of a kind would come back"),
    "rune_ready": (("n",), "a single rune is ready"),
    "rune_wild": (("n",), "a single rune is wild"),
    "rune_wait": (("n",), "time until a single rune is ready"),
    "switch": (("switch",), "an artefact of the reference is on"),
    # while an encounter's script is followed (`portunus.ir.scripts`)
    "enemies_now": ((), "number of enemies that are there now"),
    "scene": (("name", "name"), "as `script`, now"),
    # context of a handler
    "event_primary": ((), "it is rolled against the enemy the spell was cast at"),
    "event_damage": ((), "damage dealt by the hit or tick being handled"),
    "event_crit": ((), "it was a critical strike"),
    "event_landed": ((), "it was not avoided"),
    "event_outcome": (("n",), "it ended so: one of OUTCOMES"),
    "index": ((), "inside `each enemy`: how many enemies came before this one"),
    "event_cost": ((), "what the cast behind the hit cost (0 when free)"),
    "event_base_cost": ((), "its cost before modifiers"),
    "event_crossed": ((), "the gain reached an amount that the priority list asks for: what a spell of it costs, or what a condition of it compares with"),
}


# How an attack can end: above 0 it landed.
OUTCOMES = {"miss": 0, "dodge": -1, "parry": -2, "hit": 1, "crit": 2, "glance": 3, "block": 4}


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a source file: 1-based line and column, `length` characters."""

    path: str
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Expr:
    """One node of an expression: an operation of `OPERATIONS`, its arguments (sub-expressions, a literal or names) and its type."""

    op: str
    args: tuple[Any, ...]
    type: ValueType
    span: Span = field(compare=False)


# ---- statements (what handlers do) -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class If:
    condition: Expr
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Chance:
    """With probability `chance` do `then`, else `orelse`. A chance of at least 1 or at most 0 draws nothing."""

    chance: Expr
    then: tuple[Statement, ...]
    span: Span = field(compare=False)
    orelse: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Damage:
    """Roll an attack of the enclosing spell: amount, partial resist, hit, crit; then its hit listeners.

    scope: "target"; "enemies" (all of them in order, one shared amount, the ruleset's area cap); or "each" (the target and the next ones in turn, at
        most `up_to`: each its own amount and rolls, all rolled before the first lands, or `in_turn` each landed before the next is rolled).
    """

    amount: Expr
    scope: Literal["target", "enemies", "each"]
    span: Span = field(compare=False)
    up_to: int = 0
    in_turn: bool = False


@dataclass(frozen=True)
class Strike:
    """Roll only to hit; on a hit do `then`; then the spell's hit listeners with damage 0."""

    then: tuple[Statement, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Each:
    """Do `then` for enemies in turn, from the target on (`other`: from the one after it), at most `up_to` of them."""

    other: bool
    up_to: int
    then: tuple[Statement, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Apply:
    aura: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Renew:
    """Renew an active periodic aura: its ticks keep their time.

    kind: "renew" (end and snapshot are new; applies it where it is down), or "rollover" (end, amount and haste are new, chance of critical strikes and
        multiplier stay; nothing happens where it is down; the next tick keeps its time, and then the new period counts).
    """

    aura: str
    kind: Literal["renew", "rollover"]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Extend:
    """An active periodic aura ticks `count` times more; its rhythm and snapshot stay."""

    aura: str
    count: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Remove:
    aura: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class AddStack:
    """Add stacks to an active aura, up to its maximum; at 0 it ends."""

    aura: str
    count: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class SetStacks:
    """Set the stacks of an active aura, up to its maximum; at 0 it ends."""

    aura: str
    amount: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class SetValue:
    """Set a value that an aura carries (kept while the aura is down, so it can be set before applying)."""

    aura: str
    value: str
    amount: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Gain:
    """Gain a resource, capped by its maximum; `source` names the row in the resource table."""

    resource: str
    amount: Expr
    source: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Lose:
    """Take away a resource, down to 0."""

    resource: str
    amount: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Delay:
    """Move the next swing of an auto-attack by `amount`, times a uniform roll if `random`."""

    spell: str
    amount: Expr
    random: bool
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Restart:
    """Begin a full swing of an auto-attack anew, `after` some time."""

    spell: str
    after: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Pay:
    """Pay the costs of the spell being cast (one that `pays_later`)."""

    span: Span = field(compare=False)


@dataclass(frozen=True)
class RuneChange:
    """Change runes: "convert" those of a kind just used, "borrow" one of a kind, "return" the borrowed one, "ready" one of a kind or (kind -1) all."""

    what: Literal["convert", "borrow", "return", "ready"]
    kind: int
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Decide:
    """The player may act at this instant; `within`: before what is left of the event."""

    within: bool

    span: Span = field(compare=False)


@dataclass(frozen=True)
class AnyEnemy:
    """Do `then` for an enemy at random; with one enemy nothing is drawn."""

    then: tuple[Statement, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class StartIcd:
    """Start an internal cooldown."""

    icd: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class StartCooldown:
    spell: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class ResetCooldown:
    """A spell is ready now."""

    spell: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Trigger:
    """Cast a triggered spell (no cost, no lock) at the target in question."""

    spell: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Summon:
    pet: str
    duration: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Dismiss:
    """A pet leaves; nothing happens if it is not there."""

    pet: str
    span: Span = field(compare=False)


Statement = (
    If
    | Chance
    | Damage
    | Strike
    | Each
    | AnyEnemy
    | Apply
    | Renew
    | Extend
    | Remove
    | AddStack
    | SetStacks
    | SetValue
    | Gain
    | Lose
    | Delay
    | Restart
    | Decide
    | Pay
    | RuneChange
    | StartCooldown
    | StartIcd
    | ResetCooldown
    | Trigger
    | Summon | Dismiss
)


# ---- definitions -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attack:
    """How damage of a spell or periodic aura is rolled.

    Attributes:
        school: Damage school; "" does no damage.
        crit_chance: Added to the character's (static or dynamic expression).
        additive: Sum of the additive damage bonuses (the factor is 1 + this).
        multiplier: Product of the spell's own multipliers.
        crit_multiplier: Factor of a critical strike.
        ignore_modifiers: Damage modifiers of the attacker do not apply (resists still do).
        table: Its attack table, "" = the two-roll table of spells.
        unarmored: Physical, but armour does not reduce it.
    """

    school: str
    crit_chance: Expr
    additive: Expr
    multiplier: Expr
    crit_multiplier: Expr
    ignore_modifiers: bool
    table: str = ""
    unarmored: bool = False

    @property
    def armored(self) -> bool:
        """Armour reduces it (else a partial resist may)."""
        return self.school == PHYSICAL and not self.unarmored


@dataclass(frozen=True)
class Block:
    """A block: its chance, what it takes off the damage, and whether a blocked attack may be a critical strike (it then counts as one)."""

    chance: Expr
    amount: Expr
    crits: bool


@dataclass(frozen=True)
class AttackTable:
    """How the outcome of an attack is rolled.

    Attributes:
        rolls: "spell" (hit, not drawn when certain; then critical strike), "once" (everything in one roll), "twice" (what avoids it; then critical strike),
            "crit" (only critical strike), "never" (always a plain hit).
        outcomes: (name in OUTCOMES, chance, damage factor or None) in the order of the roll; chances below 0 count as 0.
        crit: Chance of a critical strike before what the spell and auras add; None = there are none, and none is rolled.
        block: What comes after the outcomes in their roll, None = nothing.
    """

    name: str
    rolls: Literal["spell", "once", "twice", "crit", "never"]
    outcomes: tuple[tuple[str, Expr, Expr | None], ...]
    crit: Expr | None
    span: Span = field(compare=False)
    block: Block | None = None


@dataclass(frozen=True)
class Swing:
    """An auto-attack's rhythm.

    Attributes:
        every: Time between swings at rate 1. rate: Statistic it is divided by, "" = none. rescaled: a change of the rate changes a swing under way.
        instead: (spell, condition): what replaces a swing, the first that holds.
    """

    every: Expr
    rate: str
    rescaled: bool
    instead: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class Modifier:
    """A modifier of attacks, casts or costs: always on (`aura` is "") or while an aura is up.

    kind: "damage_done" (factor), "damage_taken" (factor, enemy auras), "crit_chance" (added), "hit_chance" (added), "crit_multiplier" (factor), "cast_speed" (factor),
        "cost" (factor).
    spells: Names of the spells and periodic auras it applies to; None = all (with an enemy aura: of everybody, pets too).
    amount may use `aura_stacks` of the aura itself.
    """

    kind: str
    amount: Expr
    spells: tuple[str, ...] | None
    aura: str
    condition: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Spell:
    """A spell of the player or of a pet (`owner` is the pet's name, "" for the player).

    Attributes:
        name, label, id, tag, item: Name in the spec, what a player reads, the client's spell or item id, variant tag, True if `id` is an item.
        gcd: Its global cooldown before haste, None = none. cast: cast time before haste, None = instant. hasted: cast and GCD follow haste.
        cost: In its resource before modifiers, None = free. resource: its resource or "".
        cooldown: None = none. cooldown_starts: "cast", or "manual" (only by `start_cooldown`; meanwhile it is held by `requires`).
        missile: Speed in yards/s; None = arrives at once.
        uses: Uses per fight, None = unlimited. requires: extra condition to cast. instant_if: condition that makes a hard cast instant.
        per_enemy: One action per enemy. triggered: never chosen, only cast by `trigger`. channel: periodic aura it channels, "" = none.
        interruptible: the player may stop its channel after each tick.
        autocast: None, or (priority, condition or None): taken by the `cooldowns` line of a rotation.
        on_start: After cost and time of a cast are fixed. on_cast: When the cast completes. on_land: When a landed hit arrives, before listeners.
    """

    name: str
    label: str
    owner: str
    id: int
    tag: int
    item: bool
    attack: Attack | None
    gcd: Expr | None
    cast: Expr | None
    hasted: bool
    cost: Expr | None
    resource: str
    cooldown: Expr | None
    cooldown_starts: Literal["cast", "manual"]
    missile: Expr | None
    uses: Expr | None
    requires: Expr | None
    instant_if: Expr | None
    per_enemy: bool
    triggered: bool
    channel: str
    autocast: tuple[int, Expr | None] | None
    on_start: tuple[Statement, ...]
    on_cast: tuple[Statement, ...]
    on_land: tuple[Statement, ...]
    span: Span = field(compare=False)
    swing: Swing | None = None
    more_costs: tuple[tuple[str, Expr], ...] = ()  # (resource, amount) beside the first
    rune_cost: tuple[tuple[str, int], ...] = ()  # (kind, count)
    free_if: Expr | None = None  # condition under which it costs nothing
    pays_later: bool = False  # its costs are needed, but paid only by `pay`
    uncounted: bool = False  # its casts are not counted
    shares: tuple[str, ...] = ()  # spells whose cooldown starts and ends with its own
    on_roll: tuple[Statement, ...] = ()  # when a hit is rolled, landed or not, before it lands
    interruptible: bool = False
    charges: int = 0  # how many casts its cooldown brings back one after the other, 0 = one
    cooldown_hasted: bool = False  # haste at its cast shortens its cooldown

    @property
    def effects(self) -> tuple[Statement, ...]:
        """The statements of all its hooks."""
        return self.on_start + self.on_cast + self.on_roll + self.on_land

    @property
    def chosen(self) -> bool:
        """The player can choose it as an action."""
        return not self.owner and not self.triggered and self.swing is None


@dataclass(frozen=True)
class Aura:
    """An aura on the player or on an enemy.

    Attributes:
        on_target: True = one per enemy. duration: None = until removed (for periodic auras: ticks * every).
        ticks, every, hasted: Periodic part (`ticks` 0 = none; `hasted_if` limits `hasted`). tick_amount: damage of a tick before modifiers, None = no damage.
        attack: How a tick's damage is rolled. tick_crits: condition (static) under which ticks can crit, None = never.
        snapshot: Amount, crit chance and attacker multiplier are fixed when applied (the only kind so far: True).
        refresh: "clip" (new snapshot, ticker restarted; a tick due now still happens) or "reset" (ends renewed, ticker restarted, nothing ticks).
        values: Names of numbers it carries. hidden: the client does not show it.
        on_tick, on_expire: Statements. on_expire runs when it ends for any reason, before a last tick due at that instant.
    """

    name: str
    label: str
    id: int
    tag: int
    on_target: bool
    duration: Expr | None
    max_stacks: int
    ticks: int
    every: Expr | None
    hasted: bool
    tick_amount: Expr | None
    attack: Attack | None
    tick_crits: Expr | None
    refresh: Literal["clip", "reset"]
    values: tuple[str, ...]
    hidden: bool
    on_tick: tuple[Statement, ...]
    on_expire: tuple[Statement, ...]
    only_switch: str  # an aura that exists only under a ruleset switch (an artefact of the reference); "" = always
    span: Span = field(compare=False)
    owner: str = ""  # the pet whose doing it is, "" = the player
    tick_count: Expr | None = None  # number of ticks of an application, at most `ticks`; None = always `ticks`
    blocks: bool = False  # while it is up the player cannot use what needs the global cooldown
    hasted_if: Expr | None = None  # static
    exclusive: str = ""  # group of auras of which a unit has one: a new one ends the others
    tick_growth: Expr | None = None  # added to a tick's damage, may use the number of the tick
    shown_as: Literal["", "stance", "queued"] = ""  # how the client shows it, "" = as a buff or debuff


@dataclass(frozen=True)
class Icd:
    """An internal cooldown: ready at the start of a fight, it is asked and started by name."""

    name: str
    time: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Handler:
    """`on EVENT of SUBJECTS`: listeners run in the order of the file.

    event: "hit" (landed direct hit), "result" (hit or miss), "tick" (of periodic auras), "cast" (cast complete), "gain" (of a resource),
        "begin" (a fight is set up), "pull" (it begins).
    subjects: names of spells, of auras for "tick", of resources for "gain"; none for "begin" and "pull".
    """

    event: Literal["hit", "result", "tick", "cast", "gain", "begin", "pull"]
    subjects: tuple[str, ...]
    body: tuple[Statement, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class PetChoice:
    """A line of a pet's fixed rotation: cast `spell` if it is ready and `condition` holds, with probability `chance` (1 = always, no draw)."""

    spell: str
    chance: Expr
    condition: Expr | None = None


@dataclass(frozen=True)
class Pet:
    name: str
    label: str
    choices: tuple[PetChoice, ...]
    crit_chance: Expr
    hit_chance: Expr  # chance to miss is the ruleset's less this
    span: Span = field(compare=False)
    permanent: Expr | None = None  # condition under which it is there from the start, None = only when summoned
    inherits_once: bool = False  # its statistics are fixed when it is summoned
    leaves_if: Expr | None = None  # condition under which it goes away at one of its decisions


@dataclass(frozen=True)
class RotationLine:
    """One line of a priority list.

    kind: "cast", "multidot" (first of the first `max_targets` enemies whose aura is down or has less than `overlap` left) or "cooldowns"
        (every autocast spell not named by another line, as the ruleset orders them), "channel" (stopped after a tick if `stop` holds and another line can
        be taken), "sequence" (`spells` in turn, each once), "strict" (`spells` in turn without a pause), "wait" (for `time`).
    """

    kind: Literal["cast", "multidot", "cooldowns", "channel", "sequence", "strict", "wait"]
    spell: str
    aura: str
    condition: Expr | None
    max_targets: int
    overlap: Expr | None
    span: Span = field(compare=False)
    stop: Expr | None = None
    spells: tuple[str, ...] = ()
    time: Expr | None = None
    enemy: int = 0  # of "cast" and "channel": the index of the enemy it is cast at and looks at

    @property
    def casts(self) -> tuple[str, ...]:
        """Names of the spells it casts; none for "cooldowns"."""
        return self.spells or ((self.spell,) if self.spell else ())


@dataclass(frozen=True)
class Rotation:
    name: str
    prepull: tuple[tuple[int, str], ...]  # (time in ns, negative; spell), in time order
    lines: tuple[RotationLine, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Stat:
    """A value: `formula` + sum(`adds`), times product(`factors`).

    Attributes:
        changes: (aura, "add" or "multiply", amount): what auras change while they are up.
        live: An aura changes it, or a statistic its formula uses; else it is fixed before a fight.
    """

    name: str
    formula: Expr
    adds: tuple[Expr, ...]
    factors: tuple[Expr, ...]
    span: Span = field(compare=False)
    changes: tuple[tuple[str, str, Expr], ...] = ()
    live: bool = False


@dataclass(frozen=True)
class Resource:
    """A resource bar.

    Attributes:
        base: What percentage costs refer to. maximum: its size. start: what it starts with, None = full.
        every: Period of the tick, None = it does not tick.
        amount_casting, amount_resting: Per tick, inside / outside `rest_after` from the last payment; without `rest_after` always the first.
        phased: The first tick comes at a random part of the period.
        prorated: When what a tick gives changes, the part that has passed is paid out and a new tick begins.
        owner: The pet whose it is, "" = the player.
    """

    name: str
    label: str
    base: Expr
    maximum: Expr
    every: Expr | None
    amount_casting: Expr
    amount_resting: Expr
    rest_after: Expr | None
    span: Span = field(compare=False)
    start: Expr | None = None
    phased: bool = False
    owner: str = ""
    prorated: bool = False
    left_over: str = ""  # switch under which a fight begins with what the one before left; "" = never


@dataclass(frozen=True)
class Runes:
    """Runes: `each` of every kind; a used one comes back after `recharge`, sooner by the time it had waited ready, at most `grace`."""

    kinds: tuple[str, ...]
    each: int
    recharge: Expr
    grace: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class TalentTree:
    name: str
    talents: tuple[tuple[str, int], ...]  # (name, maximum rank) in the order of the digits


@dataclass(frozen=True)
class Property:
    """An author's claim about every reachable state."""

    text: str
    condition: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Ruleset:
    """Names the engine asks the ruleset for are stats: see `REQUIRED_STATS`."""

    name: str
    label: str
    gcd: int  # ns
    gcd_floor: int  # ns
    poll: int  # ns, the idle grid of the reference
    switches: tuple[tuple[str, str], ...]  # (name, meaning): artefacts of the reference, off in play
    races: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    max_enemies: int
    area_cap: int


# Stats every ruleset must define; the engine reads them by these names.
REQUIRED_STATS = {
    "spell_miss": "chance of a spell to miss before hit rating",
    "spell_hit": "chance to hit from rating",
    "spell_crit": "the character's spell crit chance less the enemy's suppression",
    "spell_crit_suppression": "crit chance taken away by the enemy's level",
    "resist_full": "chance that no partial resist happens",
    "resist_tenth": "chance that a tenth is resisted (the rest: a fifth)",
    "spell_haste": "haste factor from rating, >= 1",
}


@dataclass(frozen=True)
class Model:
    """One specialisation, complete: everything its spec, class and ruleset files say."""

    name: str
    label: str
    class_name: str
    behaviour: int
    ruleset: Ruleset
    class_values: tuple[tuple[str, float], ...]
    talent_trees: tuple[TalentTree, ...]
    glyphs: tuple[tuple[str, int], ...]  # (name, item id)
    options: tuple[tuple[str, float], ...]  # (name, default)
    option_limits: tuple[tuple[str, float], ...]  # (name, largest value a profile may give)
    stats: tuple[Stat, ...]
    resources: tuple[Resource, ...]
    spells: tuple[Spell, ...]
    auras: tuple[Aura, ...]
    modifiers: tuple[Modifier, ...]
    handlers: tuple[Handler, ...]
    pets: tuple[Pet, ...]
    rotations: tuple[Rotation, ...]
    properties: tuple[Property, ...]
    sources: tuple[str, ...]  # the files read, the spec first
    default_profile: str  # file name below `profiles/`, "" = none
    tables: tuple[AttackTable, ...] = ()
    icds: tuple[Icd, ...] = ()
    runes: Runes | None = None
    scripted: bool = False  # for encounters in which enemies come and go, the player must move, or damage taken changes

    def stat(self, name: str) -> Stat | None:
        """The statistic of that name (a pet's is `pet.name`), or None."""
        return next((s for s in self.stats if s.name == name), None)

    def table(self, name: str) -> AttackTable:
        """The attack table of that name; KeyError if there is none."""
        return next((t for t in self.tables if t.name == name), None) or _missing(name)

    def spell(self, name: str) -> Spell:
        """The spell of that name; KeyError if there is none."""
        return next(s for s in self.spells if s.name == name) if any(s.name == name for s in self.spells) else _missing(name)

    def aura(self, name: str) -> Aura:
        """The aura of that name; KeyError if there is none."""
        return next(a for a in self.auras if a.name == name) if any(a.name == name for a in self.auras) else _missing(name)

    def rotation(self, name: str) -> Rotation:
        """The rotation of that name; KeyError if there is none."""
        return next(r for r in self.rotations if r.name == name) if any(r.name == name for r in self.rotations) else _missing(name)


def _missing(name: str) -> Any:
    raise KeyError(name)
