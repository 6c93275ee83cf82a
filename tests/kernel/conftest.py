"""The fire mage compiled once for all kernel tests, in play and with the reference's artefacts."""

from __future__ import annotations

import pytest

from portunus.compiler import compile_spec
from portunus.runtime.compiled import CompiledSpec

SPEC = "specs/wotlk/mage_fire.spec"


@pytest.fixture(scope="session")
def mage() -> CompiledSpec:
    """The fire mage as played."""
    return compile_spec(SPEC)


@pytest.fixture(scope="session")
def mage_three() -> CompiledSpec:
    """Against three enemies."""
    return compile_spec(SPEC, encounter="three_targets")


@pytest.fixture(scope="session")
def crowd_busy() -> CompiledSpec:
    """A small spec where enemies come and go, the player must move and damage changes."""
    return compile_spec("specs/examples/crowd.spec", encounter="busy")


@pytest.fixture(scope="session")
def mage_reference() -> CompiledSpec:
    """With the reference's artefacts."""
    return compile_spec(SPEC, reference=True)
