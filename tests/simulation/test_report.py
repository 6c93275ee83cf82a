"""The report page: self-contained, safe against hostile names, small, and showing the numbers it was given."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from portunus.errors import PortunusError
from portunus.sim.charts import Curve, Span, Timeline
from portunus.sim.report import ComparisonRow, ReportData, render_report, write_report
from portunus.sim.results import QUANTILES, ActionResult, AuraResult, ResourceResult, SimulationResult
from portunus.sim.statistics import Distribution, Estimate, Moments, estimate
from portunus.sim.versus import StatWeight, StatWeights, VariantResult

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> {{ 7 * 7 }} </svg>"


def about(value: float) -> Estimate:
    return estimate(value, value / 100, 200)


def action(name: str, casts: float, hits: float, crits: float, misses: float, damage: float, *, owner: str = "") -> ActionResult:
    return ActionResult(name, name, 1, 0, False, owner, "fire" if damage else "", about(casts), about(hits), about(crits), about(0), about(misses), about(0),
                        about(0), about(misses), about(damage), damage / 900_000)


def result(name: str, dps: np.ndarray, *, seed: int = 11, enemies: int = 1) -> SimulationResult:
    moments, distribution = Moments(), Distribution()
    moments.add_array(dps)
    distribution.add(dps, first_seed=seed)
    return SimulationResult(
        title=name, rotation="default", seed=seed, workers=1, dps=moments.estimate(), deviation=moments.deviation,
        quantiles=tuple((p, distribution.quantile(p)) for p in QUANTILES),
        actions=(action(name, 60.0, 59.0, 29.5, 1.0, 900_000.0), action("Wait", 3.0, 0, 0, 0, 0), action("never", 0, 0, 0, 0, 0)),
        auras=(AuraResult("bomb", name, 2, 0, True, about(75.0), about(4.0)), AuraResult("never", "Never", 3, 0, False, about(0), about(0))),
        resources=(ResourceResult("mana", name, about(3400.0)),), spent=(("scorch", about(120.0)),), duration_s=300.0, enemies=enemies, seconds=1.0,
        samples=dps[:1000], distribution=distribution,
    )  # fmt: skip


def make(name: str = "Fireball", **changes: object) -> ReportData:
    casts = tuple(Span(name, 2.0 * i, 2.0 * i + 1.5, "fire", note=name) for i in range(150))
    data = ReportData(
        result=result(name, 4000.0 + np.arange(200.0)), command=f"portunus sim {name}", inputs=(("spec", name),),
        timeline=Timeline(11, 4000.0, 300.0, casts, (Span(name, 10.0, 20.0),), (Curve(name, ((0.0, 100.0), (300.0, 5.0))), Curve("Energy", ((0.0, 1.0),)))),
        versus=(VariantResult(name, about(4100.0), about(100.0), about(0.025), 0.5), VariantResult("tie", about(4000.0), estimate(1.0, 10.0, 200), about(0.1), 0.5)),
        weights=StatWeights((StatWeight("spell_power", 2500, 50, about(1.5), about(1.0), estimate(-0.5, 0.1, 200)),
                             StatWeight("stamina", 0, 50, estimate(0.0, 0.1, 200), about(1.0), None)), "spell_power", ("melee_hit",)),
        comparison=(ComparisonRow(name, 4000.0, 4001.0, -0.025, name, True),), measured=((name, name),), rotation_text=name,
    )
    return dataclasses.replace(data, **changes)  # type: ignore[arg-type]


class Page(HTMLParser):
    """Collects the elements, attributes and visible text of a page, and checks that every element is closed."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_shows_the_numbers_and_the_command() -> None:
    page = Page(render_report(make()))
    assert page.open == []
    text = " ".join(page.text.split())
    for expected in ("4,100 DPS", "200 fights of 300 s against 1 enemy", "portunus sim Fireball", "100.0 %", "3,000.0 ± 59.2", "50.0 %", "25.0 ± 0.5 %", "-0.025 %", "seed 11",
                     "60.00 ± 1.18", "+100.0 ± 2.0", "no difference shown", "1.500 ± 0.030", "gains less than it loses here", "no effect shown", "Without any effect: melee hit.", "+3,400.0 ± 67.0", "Energy"):
        assert expected in text, expected
    assert "The worst fight has seed 11, the best 210." in text
    assert "never" not in text.lower()


def test_page_needs_nothing_but_itself() -> None:
    for tag, attributes in Page(render_report(make(pictures=(("overlay", b"\x89PNG"),)))).elements:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action", "data", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith("data:image/png;base64,")


def test_hostile_names_stay_text() -> None:
    plain, hostile = Page(render_report(make("Plain"))), Page(render_report(make(HOSTILE)))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]
    assert [sorted(a) for _, a in hostile.elements] == [sorted(a) for _, a in plain.elements]
    assert hostile.text.count(HOSTILE) >= 10
    assert "49" not in hostile.text.split("The priority list")[1].split("</pre>")[0].split("Make this")[0]


def test_page_is_small_even_for_a_long_fight() -> None:
    timeline = make().timeline
    assert timeline is not None
    casts = tuple(Span("Scorch", 1.5 * i, 1.5 * i + 1.5, "fire", "crit 12,345") for i in range(400))
    fights = result("big", np.random.default_rng(1).normal(5000, 200, 100_000))
    assert len(render_report(make(result=fights, timeline=dataclasses.replace(timeline, casts=casts, duration_s=600.0))).encode()) < 400_000
    hour = dataclasses.replace(timeline, casts=tuple(Span(f"Late {i}", 1.5 * i, 1.5 * i + 1.5) for i in range(2400)), duration_s=3600.0)
    page = render_report(make(result=fights, timeline=hour))
    assert len(page.encode()) < 400_000
    assert "the first 600 s are drawn" in page and "Late 399" in page and "Late 401" not in page


@pytest.mark.parametrize("samples", [[0.0], [5.0, 5.0, 5.0], [1.0, 2.0]])
def test_few_or_equal_fights(samples: list[float]) -> None:
    few = dataclasses.replace(result("few", np.array(samples)), auras=(), actions=(), resources=(), spent=())
    page = Page(render_report(make(result=few, timeline=None, comparison=(), measured=(), versus=(), weights=None)))
    assert f"{len(samples)} fight" in page.text


def test_histogram_counts_every_fight() -> None:
    counts = re.findall(r": (\d+) fights</title>", render_report(make(timeline=None)))
    assert len(counts) == 15
    assert sum(map(int, counts)) == 200


def test_same_data_same_bytes_and_a_bad_place_is_told(tmp_path: Path) -> None:
    first, second = write_report(tmp_path / "a.html", make()), write_report(tmp_path / "b.html", make())
    assert first.read_bytes() == second.read_bytes()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(PortunusError, match="cannot write"):
        write_report(tmp_path / "file" / "a.html", make())
    assert (tmp_path / "file").read_text() == "kept"


def test_uptime_is_shared_by_the_enemies() -> None:
    three = render_report(make(result=result("three", np.array([4000.0, 4100.0]), enemies=3)))
    assert "8.3 ± 0.2 %" in three and "against 3 enemies" in three
