"""A small schema written by hand, with one field of every kind, and worlds to show it."""

from __future__ import annotations

from portunus.barcode.schema import Field, Schema, SpellEntry, Tracker, TrackerRule
from portunus.barcode.world import Cooldown, VisibleAura, VisibleCast, VisibleUnit, World

FIREBALL, PYROBLAST, SCORCH, COMBUSTION, HOT_STREAK, SCORCHED, IGNITE, IMAGES, GEM = 42833, 42891, 42859, 11129, 44448, 12873, 12654, 55342, 33312
BOMB = 55360
NAMES = {FIREBALL: "Fireball", PYROBLAST: "Pyroblast", SCORCH: "Scorch", COMBUSTION: "Combustion"}

SCHEMA = Schema(
    spec="sample",
    title="Sample Mage",
    fields=(
        Field("mana", "resource", "count", 17, (0,)),
        Field("mana.max", "resource_max", "count", 17, (0,)),
        Field("mana.spent_at", "resource_spent_at", "past", 16, (0,)),
        Field("gcd.end", "gcd_end", "ahead", 16),
        Field("cast.spell", "cast_spell", "count", 6),
        Field("cast.end", "cast_end", "ahead", 16),
        Field("cast.channel", "cast_channel", "flag", 1),
        Field("cooldown.combustion", "cooldown", "ahead", 16, (COMBUSTION,)),
        Field("item.gem.end", "item_cooldown", "ahead", 16, (GEM,)),
        Field("item.gem.count", "item_count", "count", 4, (GEM,)),
        Field("buff.hot_streak.end", "aura_end", "ahead", 16, (HOT_STREAK,)),
        Field("buff.combustion.stacks", "aura_stacks", "count", 5, (COMBUSTION,)),
        Field("debuff.scorched.end", "debuff_end", "ahead", 16, (SCORCHED,)),
        Field("debuff.scorched.stacks", "debuff_stacks", "count", 3, (SCORCHED,)),
        Field("debuff.bomb.elsewhere.1", "debuff_elsewhere", "ahead", 16, (BOMB, 1, 12000)),
        Field("debuff.bomb.elsewhere.2", "debuff_elsewhere", "ahead", 16, (BOMB, 2, 12000)),
        Field("enemies", "enemy_count", "count", 5),
        Field("enemies.exact", "enemy_count_exact", "flag", 1),
        Field("target.health", "target_health", "share", 10),
        Field("combat", "in_combat", "flag", 1),
        Field("combat.start", "combat_start", "past", 20),
        Field("missile.fireball", "missile_at", "past", 16, (FIREBALL,)),
        Field("cast_at.images", "cast_at", "past", 16, (IMAGES,)),
        Field("counter.half", "counter", "count", 2, (1,)),
        Field("counter.crits", "counter", "count", 3, (2,)),
        Field("tick.ignite", "tick_amount", "count", 16, (IGNITE,)),
    ),
    spells=(SpellEntry("fireball", FIREBALL), SpellEntry("pyroblast", PYROBLAST), SpellEntry("scorch", SCORCH)),
    trackers=(
        Tracker(
            "half",
            (
                TrackerRule("crit", (FIREBALL, SCORCH), (1, 0)),
                TrackerRule("hit", (FIREBALL, SCORCH), (0, 0)),
                TrackerRule("miss", (FIREBALL, SCORCH), (0, 0)),
            ),
        ),
        Tracker("crits", (TrackerRule("crit", (FIREBALL, PYROBLAST, SCORCH), (1, 2, 0), COMBUSTION), TrackerRule("lost", (COMBUSTION,), (0, 0, 0)))),
    ),
)

ENEMY = "0xF130000000000001"
OTHERS = ("0xF130000000000002", "0xF130000000000003")


def busy_world(clock: float = 5000.25) -> World:
    """A world in which every kind of field has something to say."""
    return World(
        clock=clock,
        powers={("player", 0): (20123, 21543)},
        in_combat=True,
        global_cooldown=Cooldown(clock - 0.5, 1.268),
        cast=VisibleCast(FIREBALL, "Fireball", clock - 0.5, clock + 1.9, False),
        cooldowns={COMBUSTION: Cooldown(clock - 20, 120.0)},
        item_cooldowns={GEM: Cooldown(clock - 5, 120.0)},
        item_counts={GEM: 3},
        auras=(
            VisibleAura(HOT_STREAK, "Hot Streak", 0, 10.0, clock + 7.5),
            VisibleAura(COMBUSTION, "Combustion", 4, 0.0, 0.0),
        ),
        enemies=(VisibleUnit(ENEMY, 750_000, 1_000_000, (VisibleAura(SCORCHED, "Improved Scorch", 0, 30.0, clock + 21.0),)),),
    )
