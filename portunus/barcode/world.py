"""What a client's addon API would answer: the world as an addon can see it, at one instant.

`World` is plain data. `World.from_state` derives it from a simulator state (see `view.py`); a stand-in client (`standin.py`) serves it to the
addon in the shape each client uses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PLAYER_ID = "0x0000000000000001"


@dataclass(frozen=True)
class VisibleAura:
    """An aura as the client lists it: `ends_at` on the client's clock in seconds, 0 = without end; `duration` seconds, 0 = without end."""

    spell_id: int
    name: str
    stacks: int
    duration: float
    ends_at: float


@dataclass(frozen=True)
class VisibleCast:
    """What the player is casting or channelling; times in seconds of the client's clock."""

    spell_id: int
    name: str
    started_at: float
    ends_at: float
    channelled: bool


@dataclass(frozen=True)
class VisibleUnit:
    """An enemy: its id, health, and the auras of the player on it."""

    unit_id: str
    health: int
    health_max: int
    auras: tuple[VisibleAura, ...] = ()


@dataclass(frozen=True)
class Cooldown:
    """A running cooldown: start on the client's clock and length, both in seconds."""

    start: float
    duration: float


@dataclass(frozen=True)
class Rune:
    """A rune: what holds it back, None = ready, and whether it is a death rune."""

    cooldown: Cooldown | None
    wild: bool


@dataclass(frozen=True)
class CombatEvent:
    """An event of the player's own combat log.

    Attributes:
        kind: `SPELL_CAST_SUCCESS`, `SPELL_DAMAGE`, `SPELL_MISSED`, `SPELL_PERIODIC_DAMAGE`, `SPELL_AURA_APPLIED`, `SPELL_AURA_REMOVED`.
        spell_id: Spell or aura id.
        target: Unit id; the player's own for auras on the player.
        amount: Damage.
        critical: It was a critical strike.
    """

    kind: str
    spell_id: int
    target: str
    amount: int = 0
    critical: bool = False


@dataclass(frozen=True)
class World:
    """Everything the API answers are made from.

    Attributes:
        clock: GetTime, seconds.
        powers: Amount and maximum by (unit, the client's number of the resource), rounded down as a client shows it.
        pet: The player has a pet.
        combo_points: Of the player on the target.
        runes: By the client's number, those the player has.
        in_combat: The player is in combat.
        global_cooldown: None when not running.
        cast: None when idle.
        cooldowns: By spell id, running ones only.
        item_cooldowns: By item id, running ones only.
        free_spells: Ids of the spells that have no global cooldown, and do not show it.
        item_counts: By item id, charges counted.
        auras: Helpful auras of the player.
        stances: Id of each stance or form the player knows; stance: the one that is active, 0 none.
        queued: Ids of the spells that wait for the next swing.
        enemies: The first one is the target.
    """

    clock: float
    powers: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    pet: bool = False
    combo_points: int = 0
    runes: dict[int, Rune] = field(default_factory=dict)
    in_combat: bool = False
    global_cooldown: Cooldown | None = None
    cast: VisibleCast | None = None
    cooldowns: dict[int, Cooldown] = field(default_factory=dict)
    item_cooldowns: dict[int, Cooldown] = field(default_factory=dict)
    free_spells: frozenset[int] = frozenset()
    item_counts: dict[int, int] = field(default_factory=dict)
    auras: tuple[VisibleAura, ...] = ()
    stances: tuple[int, ...] = ()
    stance: int = 0
    queued: frozenset[int] = frozenset()
    enemies: tuple[VisibleUnit, ...] = ()

    @staticmethod
    def from_state(compiled, state, now: float, *, clock_at_pull: float = 1000.0) -> World:
        """The world a client would show in a simulator state.

        Args:
            compiled: The `CompiledSpec`, or a `TwinSpec`.
            state: [compiled.layout.state_words] int64, not changed.
            now: Seconds since the pull; at or after the state's own instant, before anything further happens.
            clock_at_pull: The client's clock at the pull, seconds.
        """
        from portunus.barcode.view import world_of

        return world_of(compiled, state, now, clock_at_pull=clock_at_pull)
