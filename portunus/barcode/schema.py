"""What one barcode frame says: the ordered fields, their widths, and how the addon obtains each one.

The schema is the one contract between the generated addon (Lua, the encoder) and Portunus (Python, the decoder). Both sides are
made from it; its hash travels in every frame, so a reader never interprets a frame of another schema.

Codings (`Field.coding`), each with an all-integer meaning so that both languages agree bit for bit:

| coding | raw value | meaning |
|---|---|---|
| flag | 0, 1 | false, true |
| count | 0 .. 2^bits - 1 | the number, rounded to the nearest, clamped at both ends |
| share | 0 .. 1000, 1023 | thousandths of the whole; 1023 = unknown |
| ahead | 0, 1 .. 2^bits - 2, 2^bits - 1 | an instant mostly in the future; 0 = none, the top value = without end |
| past | 0, 1 .. 2^bits - 2 | an instant in the past; 0 = none |

Instants count 8 ms units of the client's clock and wrap round; the reader unwraps them with the full clock of the frame's header. They
are absolute, so a cell changes only when something happens, and a late read is still right.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from portunus.errors import PortunusError

FORMAT_VERSION = 1
TICK_MS = 8
TIME_BITS = 16
LONG_TIME_BITS = 20
MAX_PAYLOAD_BYTES = 255
HEADER_BYTES = 8
CRC_BYTES = 4
ROWS = 4
CODINGS = ("flag", "count", "share", "ahead", "past")

# kind -> (how the addon obtains it, number of integer parameters)
KINDS = {
    "resource": ("UnitPower of the player", 1),
    "resource_max": ("UnitPowerMax of the player", 1),
    "pet_resource": ("UnitPower of the pet", 1),
    "pet_resource_max": ("UnitPowerMax of the pet", 1),
    "pet_exists": ("UnitExists of the pet", 0),
    "combo_points": ("GetComboPoints of the player on the target", 0),
    "rune_ready": ("GetRuneCooldown of the rune of that number", 1),
    "rune_back": ("instant at which the rune was last seen to be ready again", 1),
    "rune_wild": ("GetRuneType of the rune: true for a death rune", 1),
    "resource_spent_at": ("instant at which UnitPower of the player was last seen to fall", 1),
    "gcd_end": ("GetSpellCooldown of the global cooldown spell 61304", 0),
    "cast_spell": ("UnitCastingInfo and UnitChannelInfo of the player; 0 none, 1 a spell of no interest, else spell number + 2", 0),
    "cast_end": ("end time of UnitCastingInfo or UnitChannelInfo", 0),
    "cast_channel": ("true when UnitChannelInfo answers", 0),
    "cooldown": ("GetSpellCooldown, the global cooldown taken out", 1),
    "item_cooldown": ("GetItemCooldown", 1),
    "item_count": ("GetItemCount with charges", 1),
    "aura_end": ("UnitAura of the player, helpful", 1),
    "stance": ("GetShapeshiftFormInfo", 1),
    "queued": ("IsCurrentSpell", 1),
    "aura_stacks": ("UnitAura of the player, helpful", 1),
    "debuff_end": ("UnitAura of the target, harmful, own", 1),
    "debuff_stacks": ("UnitAura of the target, harmful, own", 1),
    "debuff_elsewhere": ("combat log: own debuff (id, n-th to end, length in ms) on enemies other than the target", 3),
    "enemy_count": ("hostile name plates in combat, else enemies seen in the combat log in the last 5 s", 0),
    "enemy_count_exact": ("true when name plates could be counted", 0),
    "target_health": ("UnitHealth over UnitHealthMax of the target", 0),
    "in_combat": ("UnitAffectingCombat of the player", 0),
    "combat_start": ("instant of PLAYER_REGEN_DISABLED", 0),
    "missile_at": ("combat log: last SPELL_CAST_SUCCESS of the spell, until its damage or miss", 1),
    "cast_at": ("combat log: last SPELL_CAST_SUCCESS of the spell", 1),
    "counter": ("combat log, by the rules of the tracker", 1),
    "tick_amount": ("combat log: last SPELL_PERIODIC_DAMAGE of the debuff", 1),
}


@dataclass(frozen=True)
class Field:
    """One value of a frame.

    Attributes:
        name: `mana`, `cooldown.combustion`, `buff.hot_streak.end`; unique in its schema.
        kind: Which reader of the addon obtains it, a key of `KINDS`.
        coding: How the value becomes an integer, one of `CODINGS`.
        bits: Width in the frame, 1 to 24.
        parameters: Integers the reader needs (spell, item or power ids, tracker number).
        subject: Name of the spell or aura of the spec it speaks of, "" if none.
    """

    name: str
    kind: str
    coding: str
    bits: int
    parameters: tuple[int, ...] = ()
    subject: str = ""

    @property
    def source(self) -> str:
        """How the addon obtains the value, one phrase."""
        return KINDS[self.kind][0]

    @property
    def resolution_s(self) -> float:
        """Seconds per unit of an instant, 0 for every other coding."""
        return TICK_MS / 1000.0 if self.coding in ("ahead", "past") else 0.0


@dataclass(frozen=True)
class TrackerRule:
    """One reaction of a tracked counter to the player's own combat log.

    Attributes:
        trigger: `crit`, `hit` (landed, no crit), `miss`, `cast`, or `gained`, `lost` (an aura of the player).
        ids: Spell ids, or aura ids for `gained` and `lost`, that trigger it.
        next_value: New value for each old value 0, 1, ...; an old value beyond the end stays.
        while_aura: Only while the player has the aura of this id (negative: only while he has not); 0 = always.
    """

    trigger: str
    ids: tuple[int, ...]
    next_value: tuple[int, ...]
    while_aura: int = 0


@dataclass(frozen=True)
class Tracker:
    """A number the client shows nowhere, followed through the combat log, such as a half-earned Hot Streak.

    Every rule that matches an event acts, in order.
    """

    name: str
    rules: tuple[TrackerRule, ...]


@dataclass(frozen=True)
class SpellEntry:
    """A spell the cast bar may show: its name in the spec and its client id."""

    name: str
    spell_id: int


@dataclass(frozen=True)
class Schema:
    """Everything both ends of the barcode must agree on.

    Attributes:
        spec: Name of the spec.
        title: Title of the spec for people.
        fields: In the order of the frame, most significant bit first.
        spells: Spells known to the cast bar; `cast_spell` counts them from 2.
        trackers: Counters followed through the combat log; `counter` fields point into it.
    """

    spec: str
    title: str
    fields: tuple[Field, ...]
    spells: tuple[SpellEntry, ...]
    trackers: tuple[Tracker, ...]

    def __post_init__(self) -> None:
        names = [field.name for field in self.fields]
        if len(set(names)) != len(names):
            raise PortunusError(f"the barcode of {self.spec} names a field twice")
        for field in self.fields:
            if field.kind not in KINDS or field.coding not in CODINGS or not 1 <= field.bits <= 24:
                raise PortunusError(f"the barcode field {field.name!r} has an unknown kind, coding or width")
            if len(field.parameters) != KINDS[field.kind][1]:
                raise PortunusError(f"the barcode field {field.name!r} has the wrong number of parameters")
        if self.payload_bytes > MAX_PAYLOAD_BYTES:
            raise PortunusError(
                f"the barcode of {self.spec} needs {self.payload_bytes} bytes, more than the {MAX_PAYLOAD_BYTES} a frame holds",
                hint="Mark auras that decide nothing as hidden in the spec.",
            )

    @property
    def format_version(self) -> int:
        """Version of the wire format."""
        return FORMAT_VERSION

    @property
    def tick_ms(self) -> int:
        """Milliseconds per unit of an instant."""
        return TICK_MS

    @property
    def payload_bytes(self) -> int:
        """Bytes of the packed fields."""
        return (sum(field.bits for field in self.fields) + 7) // 8

    @property
    def data_columns(self) -> int:
        """Columns of data cells a full frame needs: 6 bits a cell, `ROWS` cells a column."""
        symbols = ((HEADER_BYTES + self.payload_bytes + CRC_BYTES) * 8 + 5) // 6
        return (symbols + ROWS - 1) // ROWS

    @property
    def full_hash(self) -> str:
        """SHA-256 of everything a frame's meaning depends on, as hexadecimal text."""
        lines = [f"portunus barcode {FORMAT_VERSION} tick {TICK_MS}", f"spec {self.spec!r}"]
        lines += [f"field {(f.name, f.kind, f.coding, f.bits, f.parameters, f.subject)!r}" for f in self.fields]
        lines += [f"spell {(s.name, s.spell_id)!r}" for s in self.spells]
        for tracker in self.trackers:
            lines.append(f"tracker {tracker.name!r}")
            lines += [f"rule {(r.trigger, r.ids, r.next_value, r.while_aura)!r}" for r in tracker.rules]
        return hashlib.sha256("\n".join(lines).encode("ascii", "backslashreplace")).hexdigest()

    @property
    def short_hash(self) -> int:
        """The first 16 bits of the full hash, as every frame carries them."""
        return int(self.full_hash[:4], 16)

    def field(self, name: str) -> Field:
        """The field of that name.

        Raises:
            PortunusError: No such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise PortunusError(f"the barcode of {self.spec} has no field {name!r}")
