"""The generated addon: what it may contain, where it is written, how it behaves in strict clients and under hostile answers."""

from __future__ import annotations

import dataclasses
import math
import random
import re

import pytest
from sample import BOMB, COMBUSTION, ENEMY, FIREBALL, HOT_STREAK, IGNITE, IMAGES, OTHERS, SCHEMA, SCORCH, busy_world

from portunus.barcode.client_api import CLIENTS
from portunus.barcode.decode import Decoder
from portunus.barcode.reader import observe
from portunus.barcode.schema import Field, SpellEntry, Tracker
from portunus.barcode.standin import StandInError
from portunus.barcode.wire import STATUS_NOT_IN_WORLD, STATUS_OK, STATUS_RESTRICTED, STATUS_UNSUPPORTED
from portunus.barcode.world import PLAYER_ID, CombatEvent
from portunus.codegen.lua import lua_string, schema_lua
from portunus.codegen.lua_addon import addon_files, write_addon
from portunus.errors import PortunusError

FORBIDDEN = re.compile(
    r"\b(RunMacroText|RunMacro|Cast\w*Spell\w*|CastSpell\w*|UseAction|UseItem\w*|UseContainerItem|UseInventoryItem|SetBinding\w*|SetOverrideBinding\w*"
    r"|SecureActionButton\w*|SecureHandler\w*|SetCVar|SetCVarBitfield|SendAddonMessage|SendChatMessage|loadstring|setfenv|getfenv|dofile|require"
    r"|TargetUnit|AttackTarget|StartAttack|hooksecurefunc|RegisterAddonMessagePrefix|C_ChatInfo|ConsoleExec|RunScript|pcall|xpcall|string\.dump)\b"
)


def lua(files):
    return {name: text for name, text in files.items() if name.endswith(".lua")}


def frame_of(standin):
    return Decoder(SCHEMA.data_columns).decode(standin.image.copy())


def values_of(standin):
    return observe(SCHEMA, frame_of(standin), received_at=0.0).values


def shown_later(standin, world, *events, seconds=0.06):
    world = dataclasses.replace(world, clock=world.clock + seconds)
    standin.show(world, events)
    standin.update(seconds)
    return world


def test_reads_and_paints_only(files):
    for name, text in lua(files).items():
        code = re.sub(r"--[^\n]*", "", text)
        assert FORBIDDEN.findall(code) == [], name
        assert all(" " <= c <= "~" or c in "\n\t" for c in text), name


def test_values_reach_textures_only_through_the_packer(files):
    """Textures are coloured in one file, which asks the client for nothing but the size of the screen."""
    for name, text in lua(files).items():
        code = re.sub(r"--[^\n]*", "", text)
        assert ("SetVertexColor" in code) == (name == "Painter.lua")
        if name == "Painter.lua":
            assert set(re.findall(r"\b(?:Unit|Get|C_)\w+", code)) <= {
                "GetPhysicalScreenSize",
                "GetScreenResolutions",
                "GetCurrentResolution",
            }


@pytest.mark.parametrize("kind", CLIENTS)
def test_every_field_is_read(client, kind):
    standin = client(kind)
    world = shown_later(standin, busy_world())
    shown_later(
        standin,
        dataclasses.replace(world, powers={("player", 0): (19523, 21543)}),
        CombatEvent("SPELL_CAST_SUCCESS", IMAGES, PLAYER_ID),
        CombatEvent("SPELL_DAMAGE", SCORCH, ENEMY, 3000, True),
        CombatEvent("SPELL_PERIODIC_DAMAGE", IGNITE, ENEMY, 2345),
        CombatEvent("SPELL_CAST_SUCCESS", FIREBALL, ENEMY),
        CombatEvent("SPELL_AURA_APPLIED", BOMB, OTHERS[0]),
        CombatEvent("SPELL_AURA_APPLIED", BOMB, OTHERS[1]),
    )
    values = values_of(standin)
    nothing = {name for name, value in values.items() if value is None}
    assert nothing == set()
    assert values["mana"] == 19523
    assert values["mana.spent_at"] == pytest.approx(0, abs=0.01)
    assert values["gcd.end"] == pytest.approx(0.768 - 0.12, abs=0.005)
    assert values["cast.spell"] == 2
    assert values["cooldown.combustion"] == pytest.approx(99.88, abs=0.01)
    assert values["item.gem.count"] == 3
    assert values["buff.combustion.stacks"] == 4
    assert values["target.health"] == pytest.approx(0.75)
    assert values["enemies"] == 1
    assert values["enemies.exact"] == (kind != "335")
    assert values["missile.fireball"] == pytest.approx(0, abs=0.01)
    assert values["counter.half"] == 1
    assert values["counter.crits"] == 1
    assert values["tick.ignite"] == 2345


@pytest.mark.parametrize("kind", ["335", "34x"])
def test_combat_log_counters(client, kind):
    standin = client(kind)
    world = shown_later(standin, busy_world())

    def after(*events):
        nonlocal world
        world = shown_later(standin, world, *events)
        return values_of(standin)

    crit = CombatEvent("SPELL_DAMAGE", FIREBALL, ENEMY, 9000, True)
    plain = CombatEvent("SPELL_DAMAGE", FIREBALL, ENEMY, 5000, False)
    assert after(CombatEvent("SPELL_CAST_SUCCESS", FIREBALL, ENEMY))["missile.fireball"] is not None
    values = after(crit)
    assert (values["counter.half"], values["counter.crits"], values["missile.fireball"]) == (1, 1, None)
    assert after(crit)["counter.half"] == 0
    assert after(crit, plain)["counter.half"] == 0
    values = after(crit, CombatEvent("SPELL_MISSED", FIREBALL, ENEMY))
    assert values["counter.half"] == 0
    assert values["counter.crits"] == 1, "the third crit ended it, two more have come since"
    assert after(CombatEvent("SPELL_AURA_REMOVED", COMBUSTION, PLAYER_ID))["counter.crits"] == 0
    world = dataclasses.replace(world, auras=tuple(a for a in world.auras if a.spell_id == HOT_STREAK))
    assert after()["buff.combustion.stacks"] == 0
    assert after(crit)["counter.crits"] == 0, "only counted while the aura is up"


@pytest.mark.parametrize("kind", ["335", "34x"])
def test_debuffs_on_other_enemies(client, kind):
    standin = client(kind)
    world = shown_later(standin, busy_world())

    def ends(*events, seconds=0.06):
        nonlocal world
        world = shown_later(standin, world, *events, seconds=seconds)
        values = values_of(standin)
        return values["debuff.bomb.elsewhere.1"], values["debuff.bomb.elsewhere.2"]

    assert ends(CombatEvent("SPELL_AURA_APPLIED", BOMB, ENEMY)) == (None, None), "the target's own is read from its aura list"
    assert ends(CombatEvent("SPELL_AURA_APPLIED", BOMB, OTHERS[1]))[0] == pytest.approx(12, abs=0.01)
    first, second = ends(CombatEvent("SPELL_AURA_APPLIED", BOMB, OTHERS[0]), seconds=3.0)
    assert (first, second) == (pytest.approx(9, abs=0.01), pytest.approx(12, abs=0.01))
    assert ends(CombatEvent("SPELL_AURA_REMOVED", BOMB, OTHERS[1]))[1] is None
    assert ends(seconds=13.0) == (None, None)


@pytest.mark.parametrize("kind", ["335", "34x", "modern"])
def test_one_global_and_no_more(client, kind):
    assert sorted(client(kind).globals_written) == ["Portunus", "SLASH_PORTUNUS1"]


def test_slash_command_says_what_it_does(client):
    standin = client("335")
    standin.slash("status")
    assert "Sample Mage: ok" in standin.printed[0]
    assert f"{SCHEMA.short_hash:04x}" in standin.printed[1]
    standin.slash("dance")
    assert "/portunus status" in standin.printed[-1]


def test_a_client_that_withholds_values_is_unsupported(client):
    standin = client("modern", secret_restrictions=True)
    assert frame_of(standin).status == STATUS_UNSUPPORTED
    assert "unsupported" in standin.printed[0]
    before = standin.canvas.version
    shown_later(standin, busy_world(), CombatEvent("SPELL_DAMAGE", FIREBALL, ENEMY, 1, True))
    assert standin.canvas.version == before, "no event is listened to and nothing is painted again"


def test_a_secret_value_stops_the_addon(client):
    secret = object()
    standin = client("modern", overrides={"UnitPower": lambda unit, kind: secret, "issecretvalue": lambda value=None: value is secret})
    shown_later(standin, busy_world())
    frame = frame_of(standin)
    assert frame.status == STATUS_RESTRICTED
    assert frame.payload == b""
    before = standin.canvas.version
    shown_later(standin, busy_world(), seconds=5.0)
    assert standin.canvas.version == before


def test_loading_screen_is_announced(client):
    standin = client("34x")
    assert frame_of(standin).status == STATUS_OK
    standin.event("PLAYER_LEAVING_WORLD")
    assert frame_of(standin).status == STATUS_NOT_IN_WORLD


@pytest.mark.parametrize(
    "code",
    [
        "CastSpellByName('Fireball')",
        "RunMacroText('/cast Fireball')",
        "local f = _G['Cast' .. 'Spell']",
        "SetCVar('gamma', '1')",
        "os.execute('true')",
        "local f = loadstring('return 1')",
        "io.open('x')",
        "CreateFrame('Button')",
        "CreateFrame('Frame'):SetAttribute('type', 'spell')",
        "CreateFrame('Frame'):RegisterEvent('NO_SUCH_EVENT')",
        "CreateFrame('Frame').kept = 1",
        "local x = C_Timer.After",
    ],
)
def test_the_stand_in_refuses_what_a_client_would(client, files, code):
    with pytest.raises(StandInError):
        client("335", files=files | {"Extra.lua": code})


@pytest.mark.parametrize(("kind", "code"), [("335", "C_Spell.GetSpellCooldown(1)"), ("34x", "C_UnitAuras.GetAuraDataByIndex('player', 1)")])
def test_each_client_has_its_own_functions(client, files, kind, code):
    with pytest.raises(StandInError):
        client(kind, files=files | {"Extra.lua": code})


HOSTILE = (None, math.nan, math.inf, -math.inf, -1, 0, 1e300, -1e300, 2**53, "text", "", True, False, 0.1)


@pytest.mark.parametrize("kind", CLIENTS)
def test_hostile_answers_never_raise(client, kind):
    """Any function may answer anything, in any number; the addon paints a valid frame all the same."""
    rng = random.Random(13)
    asked = 0

    def anything(*arguments):
        nonlocal asked
        asked += 1
        return tuple(rng.choice(HOSTILE) for _ in range(rng.randrange(1, 12)))

    names = {
        "335": ("UnitAura", "GetSpellCooldown", "GetItemCooldown", "GetItemCount", "GetSpellInfo", "GetCurrentResolution"),
        "34x": ("UnitAura", "GetSpellCooldown", "C_Container.GetItemCooldown", "GetItemCount", "GetSpellInfo", "GetPhysicalScreenSize"),
        "modern": ("C_UnitAuras.GetAuraDataByIndex", "C_Spell.GetSpellCooldown", "C_Container.GetItemCooldown", "C_Item.GetItemCount"),
    }[kind]
    common = ("UnitPower", "UnitPowerMax", "UnitHealth", "UnitHealthMax", "UnitExists", "UnitCanAttack", "UnitAffectingCombat", "UnitGUID",
              "UnitCastingInfo", "UnitChannelInfo", "GetTime")  # fmt: skip
    if kind == "335":
        names = tuple(name for name in names if name != "GetCurrentResolution")
    standin = client(kind, overrides=dict.fromkeys((*names, *common), anything))
    events = ("UNIT_AURA", "PLAYER_TARGET_CHANGED", "PLAYER_REGEN_DISABLED", "COMBAT_LOG_EVENT_UNFILTERED", "UNIT_SPELLCAST_START")
    for _ in range(600):
        name = rng.choice(events)
        standin.combat_log_entry = tuple(rng.choice((*HOSTILE, "SPELL_DAMAGE", "SPELL_AURA_APPLIED", PLAYER_ID)) for _ in range(rng.randrange(25)))
        standin.event(name, *(rng.choice((*HOSTILE, "player", "target", "SPELL_DAMAGE")) for _ in range(rng.randrange(20))))
        standin.update(0.05)
    frame = frame_of(standin)
    assert frame is not None
    assert frame.status == STATUS_OK
    assert asked > 3000


HOSTILE_NAMES = [
    'x" .. os.exit() .. "',
    "]] os.exit() --[[",
    "line\nbreak = os.exit()",
    "\\",
    '\\"',
    "nul\0byte",
    "\x1b[2J",
    "end end end",
    "Ünïcode \u202e reversed",
    "%s%n",
    "|cffff0000|Hlink|h",
    "# ## Interface: 1",
    "-- comment",
    "\r\n## Dependencies: Other",
    "\ud800",
    "",
    "x" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_stay_text(client, name):
    schema = dataclasses.replace(
        SCHEMA,
        spec=name,
        title=name,
        fields=(*SCHEMA.fields, Field(name, "in_combat", "flag", 1, (), name)),
        spells=(*SCHEMA.spells, SpellEntry(name, 99)),
        trackers=(*SCHEMA.trackers, Tracker(name, ())),
    )
    files = addon_files(schema)
    assert all(" " <= c <= "~" or c in "\n\t" for c in files["Schema.lua"])
    assert files["Schema.lua"].count("\n") == len(schema_lua(schema).splitlines())
    for suffix in ("", "_Wrath"):
        directives = [line for line in files[f"Portunus{suffix}.toc"].splitlines() if line.startswith("##")]
        assert len(directives) == 6
        assert sum(line.startswith("## Interface:") for line in directives) == 1
    standin = client("335", files=files)
    portunus = standin.environment["Portunus"]
    assert portunus["schema"]["title"] == name.encode("utf-8", "replace").decode()
    assert standin.globals_written == ["Portunus", "SLASH_PORTUNUS1"]


def test_lua_strings_are_exact(client, files):
    rng = random.Random(4)
    texts = ["".join(chr(rng.randrange(1, 128)) for _ in range(rng.randrange(40))) for _ in range(50)]
    lines = [f"Portunus.text{i} = {lua_string(text)}" for i, text in enumerate(texts)]
    portunus = client("335", files=files | {"Texts.lua": "\n".join(lines)}).environment["Portunus"]
    assert [portunus[f"text{i}"] for i in range(len(texts))] == texts


def test_the_folder_is_complete_and_replaced_whole(tmp_path):
    folder = write_addon(SCHEMA, tmp_path / "AddOns")
    files = {path.name: path.read_text() for path in folder.iterdir()}
    assert files == addon_files(SCHEMA)
    assert "## Interface: 30300" in files["Portunus.toc"]
    assert "## Interface: 30403" in files["Portunus_Wrath.toc"]
    listed = [line for line in files["Portunus.toc"].splitlines() if line.endswith(".lua")]
    assert sorted(listed) == sorted(name for name in files if name.endswith(".lua"))
    (folder / "left_over.txt").write_text("old")
    other = dataclasses.replace(SCHEMA, title="Another")
    write_addon(other, tmp_path / "AddOns")
    assert {path.name: path.read_text() for path in folder.iterdir()} == addon_files(other)
    assert [path.name for path in (tmp_path / "AddOns").iterdir()] == ["Portunus"], "no temporary folder is left"


def test_a_foreign_folder_is_left_alone(tmp_path):
    foreign = tmp_path / "Portunus"
    foreign.mkdir()
    (foreign / "precious.lua").write_text("mine")
    with pytest.raises(PortunusError, match="not an addon made by Portunus"):
        write_addon(SCHEMA, tmp_path)
    assert [path.name for path in foreign.iterdir()] == ["precious.lua"]
    assert (foreign / "precious.lua").read_text() == "mine"
    target = tmp_path / "elsewhere"
    target.mkdir()
    link = tmp_path / "links"
    link.mkdir()
    (link / "Portunus").symlink_to(target)
    with pytest.raises(PortunusError, match="left alone"):
        write_addon(SCHEMA, link)


def test_a_folder_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(PortunusError, match="cannot write"):
        write_addon(SCHEMA, blocked / "AddOns")
