"""Which API functions and events each client has, and what they answer for a `World`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from portunus.barcode.world import PLAYER_ID, Cooldown, VisibleAura

if TYPE_CHECKING:
    from portunus.barcode.standin import StandIn

GLOBAL_COOLDOWN_SPELL = 61304
COMBO_POINTS = 4  # the number of combo points among the resources of the newest client
DEATH_RUNE = 4
CLIENTS = ("335", "34x", "modern")

_COMMON_EVENTS = (
    "PLAYER_LOGIN", "PLAYER_ENTERING_WORLD", "PLAYER_LEAVING_WORLD", "PLAYER_DEAD", "PLAYER_REGEN_DISABLED", "PLAYER_REGEN_ENABLED",
    "PLAYER_TARGET_CHANGED", "UNIT_AURA", "SPELL_UPDATE_COOLDOWN", "COMBAT_LOG_EVENT_UNFILTERED", "UNIT_SPELLCAST_START",
    "UNIT_SPELLCAST_STOP", "UNIT_SPELLCAST_SUCCEEDED", "UNIT_SPELLCAST_CHANNEL_START", "UNIT_SPELLCAST_CHANNEL_STOP",
    "UNIT_SPELLCAST_DELAYED", "UNIT_SPELLCAST_INTERRUPTED", "DISPLAY_SIZE_CHANGED", "UI_SCALE_CHANGED",
)  # fmt: skip
EVENTS = {
    "335": (*_COMMON_EVENTS, "UNIT_MANA", "UNIT_RAGE", "UNIT_ENERGY"),
    "34x": (*_COMMON_EVENTS, "UNIT_POWER_UPDATE", "NAME_PLATE_UNIT_ADDED"),
    "modern": (*_COMMON_EVENTS, "UNIT_POWER_UPDATE", "NAME_PLATE_UNIT_ADDED", "ADDON_RESTRICTION_STATE_CHANGED"),
}

# Names the addon may test for presence; asking any other name a client lacks is an error.
ABSENT = (
    "issecretvalue", "C_Secrets", "C_CombatLog", "CombatLogGetCurrentEventInfo", "C_Spell", "GetSpellCooldown", "GetSpellInfo", "C_Container",
    "GetItemCooldown", "C_Item", "GetItemCount", "UnitAura", "C_UnitAuras", "C_NamePlate", "GetPhysicalScreenSize", "GetScreenResolutions",
    "GetCurrentResolution", "bit", "GetComboPoints", "GetRuneType", "IsCurrentSpell",
)  # fmt: skip


def api_functions(client: str, standin: StandIn, *, secret_restrictions: bool) -> dict[str, Callable]:
    """API name (`UnitPower`, `C_Spell.GetSpellCooldown`) -> function, answering from `standin.world` at the time of the call."""
    table = standin._lua.table_from

    def cooldown(entry: Cooldown | None) -> tuple[float, float, int]:
        return (entry.start, entry.duration, 1) if entry else (0, 0, 1)

    def spell_cooldown(spell) -> tuple[float, float, int]:
        world = standin.world
        if spell == GLOBAL_COOLDOWN_SPELL:
            return cooldown(world.global_cooldown)
        # A spell shows the global cooldown while that is longer than its own, unless it has none.
        own, shared = world.cooldowns.get(int(spell)), world.global_cooldown
        if int(spell) in world.free_spells:
            return cooldown(own)
        if own and shared and own.start + own.duration < shared.start + shared.duration:
            own = shared
        return cooldown(own or shared)

    def cooldown_info(spell):
        start, duration, _ = spell_cooldown(spell)
        return table({"startTime": start, "duration": duration, "isEnabled": True})

    def item_cooldown(item) -> tuple[float, float, int]:
        return cooldown(standin.world.item_cooldowns.get(int(item)))

    def item_count(item, include_bank=False, include_charges=False) -> int:
        return standin.world.item_counts.get(int(item), 0)

    def target():
        return standin.world.enemies[0] if standin.world.enemies else None

    def power(unit, kind) -> tuple[int, int]:
        if client == "modern" and kind == COMBO_POINTS:
            return standin.world.combo_points, 5
        return standin.world.powers.get((unit, int(kind)), (0, 0))

    def rune_cooldown(number):
        rune = standin.world.runes.get(int(number))
        if rune is None:
            return None
        return (0, 10, True) if rune.cooldown is None else (rune.cooldown.start, rune.cooldown.duration, False)

    def rune_type(number) -> int | None:
        rune = standin.world.runes.get(int(number))
        return None if rune is None else DEATH_RUNE if rune.wild else (int(number) + 1) // 2

    def combo_points(unit, other) -> int:
        return standin.world.combo_points if (unit, other) == ("player", "target") else 0

    def listed(unit: str, index, filter_text: str) -> VisibleAura | None:
        if unit == "player":
            auras = standin.world.auras if filter_text.startswith("HELPFUL") else ()
        else:
            auras = target().auras if unit == "target" and target() and filter_text.startswith("HARMFUL") else ()
        return auras[int(index) - 1] if 1 <= index <= len(auras) else None

    def unit_aura(unit, index, filter_text):
        aura = listed(unit, index, filter_text)
        if aura is None:
            return None
        rank = ("Rank 1",) if client == "335" else ()
        return (aura.name, *rank, "icon", aura.stacks, "Magic", aura.duration, aura.ends_at, "player", None, None, aura.spell_id)

    def aura_data(unit, index, filter_text):
        aura = listed(unit, index, filter_text)
        if aura is None:
            return None
        return table({"name": aura.name, "applications": aura.stacks, "expirationTime": aura.ends_at, "spellId": aura.spell_id})

    def casting(channelled: bool):
        def read(unit):
            cast = standin.world.cast
            if unit != "player" or cast is None or cast.channelled != channelled:
                return None
            times = (cast.started_at * 1000, cast.ends_at * 1000, False)
            if client == "335":
                return (cast.name, "Rank 1", cast.name, "icon", *times, *(() if channelled else (17,)), False)
            return (cast.name, cast.name, "icon", *times, *(() if channelled else ("cast-17",)), False, cast.spell_id)

        return read

    def name_plates():
        units = range(1, len(standin.world.enemies) + 1)
        return table([table({"namePlateUnitToken": f"nameplate{i}"}) for i in units])

    def is_enemy(unit) -> bool:
        return (unit == "target" and target() is not None) or (unit.startswith("nameplate") and client != "335")

    def stance(index):
        world = standin.world
        if not 1 <= index <= len(world.stances):
            return None
        spell = world.stances[int(index) - 1]
        active = spell == world.stance
        return ("icon", standin.spell_name(spell), active, True) if client == "335" else ("icon", active, True, spell)

    def is_queued(spell) -> bool:
        return spell in ({standin.spell_name(i) for i in standin.world.queued} if client == "335" else standin.world.queued)

    functions: dict[str, Callable] = {
        "GetNumShapeshiftForms": lambda: len(standin.world.stances),
        "GetShapeshiftFormInfo": stance,
        "GetTime": lambda: standin.world.clock,
        "UnitPower": lambda unit, kind=0: power(unit, kind)[0],
        "UnitPowerMax": lambda unit, kind=0: power(unit, kind)[1],
        "GetRuneCooldown": rune_cooldown,
        "UnitHealth": lambda unit: target().health if unit == "target" and target() else 0,
        "UnitHealthMax": lambda unit: target().health_max if unit == "target" and target() else 0,
        "UnitExists": lambda unit: unit == "player" or (unit == "pet" and standin.world.pet) or is_enemy(unit),
        "UnitCanAttack": lambda unit, other: is_enemy(other),
        "UnitAffectingCombat": lambda unit: standin.world.in_combat,
        "UnitGUID": lambda unit: PLAYER_ID if unit == "player" else (target().unit_id if unit == "target" and target() else None),
        "UnitCastingInfo": casting(False),
        "UnitChannelInfo": casting(True),
        "print": lambda *words: standin.printed.append(" ".join(str(word) for word in words)),
    }
    if client == "335":
        functions |= {
            "UnitAura": unit_aura,
            "GetSpellCooldown": spell_cooldown,
            "GetSpellInfo": lambda spell: (standin.spell_name(int(spell)), "Rank 1", "icon", 0, False, 0, 0, 0, 0),
            "GetItemCooldown": item_cooldown,
            "GetItemCount": item_count,
            "GetScreenResolutions": lambda: f"{standin.screen_size[0]}x{standin.screen_size[1]}",
            "GetCurrentResolution": lambda: 1,
        }
    elif client == "34x":
        functions |= {
            "UnitAura": unit_aura,
            "GetSpellCooldown": lambda spell: (*spell_cooldown(spell), 1),
            "GetSpellInfo": lambda spell: (standin.spell_name(int(spell)), None, "icon", 0, 0, 0, int(spell)),
            "C_Container.GetItemCooldown": item_cooldown,
            "GetItemCount": item_count,
        }
    else:
        functions |= {
            "C_UnitAuras.GetAuraDataByIndex": aura_data,
            "C_Spell.GetSpellCooldown": cooldown_info,
            "C_Spell.GetSpellInfo": lambda spell: table({"name": standin.spell_name(int(spell))}),
            "C_Container.GetItemCooldown": item_cooldown,
            "C_Item.GetItemCount": item_count,
            "C_CombatLog.GetCurrentEventInfo": lambda: standin.combat_log_entry,
            "C_Secrets.HasSecretRestrictions": lambda: secret_restrictions,
            "issecretvalue": lambda value=None: False,
        }
    functions["C_Spell.IsCurrentSpell" if client == "modern" else "IsCurrentSpell"] = is_queued
    if client != "modern":
        functions |= {"GetComboPoints": combo_points, "GetRuneType": rune_type}
    if client != "335":
        functions |= {
            "C_NamePlate.GetNamePlates": name_plates,
            "GetPhysicalScreenSize": lambda: standin.screen_size,
        }
    if client == "34x":
        functions["CombatLogGetCurrentEventInfo"] = lambda: standin.combat_log_entry
    return functions
