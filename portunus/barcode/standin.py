"""A stand-in for the game client: the addon runs in real Lua 5.1 against exactly the API a client offers, and nothing else.

The API answers come from a `World`. Whatever the addon asks that the client would not know raises `StandInError`; so do writes to widgets, wrong
argument types and unknown events. The colours its textures are given end up in a picture, as the client would draw them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from portunus.barcode.client_api import ABSENT, EVENTS, api_functions
from portunus.barcode.world import PLAYER_ID, CombatEvent, World
from portunus.errors import PortunusError

# What plain Lua an addon may use; io, os, loadstring and the like do not exist in a client.
LUA_GLOBALS = (
    "assert", "error", "getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "rawset", "select", "setmetatable",
    "tonumber", "tostring", "type", "unpack", "_VERSION",
)  # fmt: skip


class StandInError(PortunusError):
    """The addon did what a client would not allow, or raised a Lua error."""


class _Canvas:
    """Textures as coloured rectangles; interface units are turned into pixels as a client does (768 units are the screen's height)."""

    def __init__(self, width: int, height: int) -> None:
        self.image = np.zeros((height, width, 3), dtype=np.uint8)
        self._pixels_per_unit = height / 768.0
        self._boxes: list[tuple[int, int, int, int]] = []
        self._colours: list[tuple[int, int, int]] = []
        self.extent = (0, 0)
        self.version = 0

    def create(self, index: int) -> None:
        self._boxes.append((0, 0, 0, 0))
        self._colours.append((255, 255, 255))

    def place(self, index: int, x: float, y: float, width: float, height: float) -> None:
        scale = self._pixels_per_unit
        left, top = round(x * scale), round(-y * scale)
        right, bottom = round((x + width) * scale), round((-y + height) * scale)
        self._boxes[index - 1] = (left, top, right, bottom)
        self.extent = (max(self.extent[0], right), max(self.extent[1], bottom))
        self._paint(index - 1)

    def colour(self, index: int, red: float, green: float, blue: float) -> None:
        shares = (min(max(share, 0.0), 1.0) for share in (red, green, blue))
        r, g, b = (round(share * 255) for share in shares)
        self._colours[index - 1] = (r, g, b)
        self._paint(index - 1)

    def _paint(self, index: int) -> None:
        left, top, right, bottom = self._boxes[index]
        self.image[top:bottom, left:right] = self._colours[index]
        self.version += 1


class StandIn:
    """One client with the addon loaded.

    Args:
        files: File name -> text of the addon, Lua files in load order (as from `portunus.codegen.lua_addon.addon_files`).
        client: "335" (3.3.5a), "34x" (3.4.0 to 3.4.3) or "modern" (5.5.4 and the like).
        world: What the API answers are made from at first.
        spell_names: What the client calls each spell id.
        width, height: Screen in pixels.
        bit_library: The client offers `bit`, as every real one does; off tests the arithmetic path.
        secret_restrictions: What `C_Secrets.HasSecretRestrictions` answers ("modern" only).
        overrides: API name -> function, put in place of the stand-in's own (tests of hostile answers).

    Raises:
        StandInError: The addon fails while loading or logging in.
    """

    def __init__(
        self,
        files: dict[str, str],
        client: str = "34x",
        *,
        world: World,
        spell_names: dict[int, str] | None = None,
        width: int = 1280,
        height: int = 768,
        bit_library: bool = True,
        secret_restrictions: bool = False,
        overrides: dict | None = None,
    ) -> None:
        import lupa.lua51 as lupa

        self._error = lupa.LuaError
        self._lua = lupa.LuaRuntime(
            unpack_returned_tuples=True, register_eval=False, register_builtins=False, attribute_filter=_no_attributes
        )
        self.world = world
        self.client = client
        self.canvas = _Canvas(width, height)
        self.printed: list[str] = []
        self.combat_log_entry: tuple = ()
        self.screen_size = (width, height)
        self.spell_names = spell_names or {}
        table = self._lua.table_from
        functions = api_functions(client, self, secret_restrictions=secret_restrictions) | (overrides or {})
        tree: dict[str, Any] = {}
        for name, function in functions.items():
            outer, _, inner = name.partition(".")
            if inner:
                tree.setdefault(outer, {})[inner] = function
            else:
                tree[name] = function
        api = table({name: table(value) if isinstance(value, dict) else value for name, value in tree.items()})
        draw = table({"create": self.canvas.create, "place": self.canvas.place, "colour": self.canvas.colour})
        options = table(
            {
                "modern": client != "335",
                "events": table(dict.fromkeys(EVENTS[client], True)),
                "absent": table({name: True for name in ABSENT if name not in tree}),
                "lua": table(list(LUA_GLOBALS)),
                "bit": self._bit_library() if bit_library else None,
            }
        )
        chunk = (Path(__file__).parent / "standin.lua").read_text(encoding="ascii")
        self._lua_client = self._call(self._lua.execute(chunk), api, draw, options)
        for name, text in files.items():
            if name.endswith(".lua"):
                self._call(self._lua_client.load, name, text)
        self._call(self._lua_client.event, "PLAYER_LOGIN")
        self._call(self._lua_client.event, "PLAYER_ENTERING_WORLD")

    def _bit_library(self):
        """The four functions of the client's `bit` table that matter, on unsigned 32-bit numbers."""
        word = 0xFFFFFFFF
        return self._lua.table_from(
            {
                "bxor": lambda a, b: (int(a) ^ int(b)) & word,
                "band": lambda a, b: int(a) & int(b) & word,
                "bor": lambda a, b: (int(a) | int(b)) & word,
                "rshift": lambda a, n: (int(a) & word) >> int(n),
            }
        )

    def _call(self, function, *arguments):
        try:
            return function(*arguments)
        except self._error as error:
            raise StandInError(f"the addon failed in the {self.client} client: {error}", exit_code=1) from error

    @property
    def image(self) -> np.ndarray:
        """What the addon has painted, [height, width, 3] uint8 RGB, top left corner of the screen."""
        return self.canvas.image

    @property
    def extent(self) -> tuple[int, int]:
        """Width and height of the painted corner, pixels."""
        return self.canvas.extent

    def spell_name(self, spell_id: int) -> str | None:
        """The client's name of a spell, None if it knows no such spell."""
        return self.spell_names.get(spell_id)

    def lua_list(self, values: list[float]):
        """A Lua list of numbers, for tests that call the addon's functions."""
        return self._lua.table_from(values)

    @property
    def globals_written(self) -> list[str]:
        """Names of all globals the addon created."""
        return self._lua_client.globals().split()

    @property
    def environment(self):
        """The addon's global environment, for tests that call its functions."""
        return self._lua_client.environment

    def event(self, name: str, *arguments) -> None:
        """Fire a client event."""
        self._call(self._lua_client.event, name, *arguments)

    def update(self, elapsed: float) -> None:
        """Let one game frame pass; the addon may paint."""
        self._call(self._lua_client.update, elapsed)

    def slash(self, text: str) -> None:
        """Type `/portunus text`."""
        self._call(self._lua_client.slash, text)

    def show(self, world: World, events: Iterable[CombatEvent] = ()) -> None:
        """Replace the world and fire the client events an addon would get for the change.

        Args:
            world: What the API answers from now on.
            events: Combat log of the time between, in order.
        """
        before, self.world = self.world, world
        if before.in_combat != world.in_combat:
            self.event("PLAYER_REGEN_DISABLED" if world.in_combat else "PLAYER_REGEN_ENABLED")
        for event in events:
            self._combat_log(event)
        if before.cast != world.cast:
            if before.cast:
                self.event("UNIT_SPELLCAST_CHANNEL_STOP" if before.cast.channelled else "UNIT_SPELLCAST_STOP", "player")
            if world.cast:
                self.event("UNIT_SPELLCAST_CHANNEL_START" if world.cast.channelled else "UNIT_SPELLCAST_START", "player")
        if before.auras != world.auras:
            self.event("UNIT_AURA", "player")
        if [unit.unit_id for unit in before.enemies[:1]] != [unit.unit_id for unit in world.enemies[:1]]:
            self.event("PLAYER_TARGET_CHANGED")
        elif before.enemies[:1] != world.enemies[:1]:
            self.event("UNIT_AURA", "target")
        if (before.global_cooldown, before.cooldowns) != (world.global_cooldown, world.cooldowns):
            self.event("SPELL_UPDATE_COOLDOWN")

    def _combat_log(self, event: CombatEvent) -> None:
        suffix: tuple = ()
        if event.kind in ("SPELL_DAMAGE", "SPELL_PERIODIC_DAMAGE"):
            suffix = (event.amount, 0, 4, 0, 0, 0, 1 if event.critical else None)
        elif event.kind == "SPELL_MISSED":
            suffix = ("MISS",)
        elif event.kind.startswith("SPELL_AURA"):
            suffix = ("BUFF" if event.target == PLAYER_ID else "DEBUFF",)
        spell = (event.spell_id, f"spell {event.spell_id}", 4)
        source, target = (PLAYER_ID, "Player", 0x511), (event.target, "Enemy", 0xA48)
        if self.client == "335":
            self.event("COMBAT_LOG_EVENT_UNFILTERED", self.world.clock, event.kind, *source, *target, *spell, *suffix)
        else:
            self.combat_log_entry = (self.world.clock, event.kind, False, *source, 0, *target, 0, *spell, *suffix)
            self.event("COMBAT_LOG_EVENT_UNFILTERED")


def _no_attributes(obj, name, setting):
    """Lua may call the functions it was given, never look inside Python objects."""
    raise AttributeError("Lua may not look inside Python objects")
