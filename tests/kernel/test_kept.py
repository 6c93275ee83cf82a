"""What kernels find once and keep, or know beforehand, is what they would find each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from portunus.cli.client import twin_spec
from portunus.codegen.python import Twin
from portunus.compiler import load_model, resolve_encounter, resolve_profile, static_values
from portunus.dsl.model import Expr
from portunus.ir.expressions import StaticValues, make
from portunus.ir.layout import kept_field
from portunus.ir.stats import kept_stats, stat_function
from portunus.runtime import random_numba, random_python

SPECS = Path(__file__).parents[2] / "specs" / "wotlk"


@pytest.mark.parametrize("name", ["hunter_survival", "rogue_combat", "warrior_fury", "deathknight_frost"])
def test_kept_statistics_are_those_of_the_moment(name: str) -> None:
    spec = twin_spec(SPECS / f"{name}.spec")
    twin, kept = Twin(spec.program), kept_stats(spec.program.model)
    s, t, m = twin.blocks(dict(spec.table_values))
    seen: set[tuple[str, float]] = set()
    r = [5, 0, 0, 0]
    twin.functions["begin"](s, t, m, r)
    while s.finished == 0:
        for stat in kept:
            now = twin.functions[f"fresh_{stat_function(stat.name)}"](s, t, 0)
            assert getattr(s, kept_field(stat.name)) == now, stat.name
            seen.add((stat.name, now))
        twin.follow(s, t, m, r, "default")
    assert len(seen) > len(kept) > 0  # some of them did change


@pytest.mark.parametrize("name", ["warlock_affliction", "mage_fire"])
def test_the_kept_speed_of_casts_is_that_of_the_moment(name: str) -> None:
    spec = twin_spec(SPECS / f"{name}.spec")
    twin, seen = Twin(spec.program), set()
    s, t, m = twin.blocks(dict(spec.table_values))
    r = [5, 0, 0, 0]
    twin.functions["begin"](s, t, m, r)
    while s.finished == 0:
        seen.add(s.cast_speed_kept)
        assert s.cast_speed_kept == twin.functions["fresh_cast_speed"](s, t)
        twin.follow(s, t, m, r, "default")
    assert len(seen) > (1 if name == "warlock_affliction" else 0)


def _values(whole: float, bound: float) -> tuple[StaticValues, Expr, Expr]:
    model = load_model(SPECS / "hunter_survival.spec")
    values = static_values(model, resolve_profile(model, None), resolve_encounter(None))
    like = model.stats[0].formula
    return values, make("number", whole, like=like), make("number", bound, like=like)


@pytest.mark.parametrize("op", ["lt", "le", "gt", "ge"])
def test_a_share_is_compared_without_dividing(op: str) -> None:
    values, whole, bound = _values(1.0, 1.0)
    compare = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}[op]
    rng = np.random.default_rng(1)
    for maximum, share in [*zip(rng.uniform(50, 30_000, 300), rng.uniform(0, 1, 300), strict=True), (5_046.0, 0.1), (100.0, 0.35), (7.0, 0.0), (3.0, 1.0), (0.0, 0.5)]:
        edge = values.value(make("share_edge", op, replace(whole, args=(float(maximum),)), replace(bound, args=(float(share),)), like=whole))
        near = share * maximum
        for x in (0.0, near, *(np.nextafter(near, side) for side in (-np.inf, np.inf)), near * (1 - 1e-15), near * (1 + 1e-15), maximum):
            amount = min(max(float(x), 0.0), float(maximum))
            with np.errstate(invalid="ignore"):
                asked = bool(compare(np.float64(amount) / np.float64(maximum), share))
            assert asked == (amount < edge if op in ("lt", "le") else amount >= edge)


def test_numbers_drawn_ahead_are_those_drawn_in_time() -> None:
    ahead, plain = np.array([77, 0, 0, 0], np.uint64), [77, 0, 0, 0]
    random_numba.prepare(ahead)
    assert [random_numba.uniform(ahead) for _ in range(200)] == [random_python.uniform(plain) for _ in range(200)]
    assert int(ahead[0]) == plain[0]
