"""Fixtures of the bridge tests: the sample schema's addon and stand-in clients."""

from __future__ import annotations

import pytest
from sample import NAMES, SCHEMA, busy_world

from portunus.barcode.standin import StandIn
from portunus.codegen.lua_addon import addon_files


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    return addon_files(SCHEMA)


@pytest.fixture
def client(files):
    """make(kind, **options) -> a stand-in client with the sample addon logged in."""

    def make(kind: str = "34x", **options) -> StandIn:
        options.setdefault("world", busy_world())
        return StandIn(options.pop("files", files), kind, spell_names=NAMES, **options)

    return make
