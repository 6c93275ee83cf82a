"""The report page: self-contained, safe against hostile names, small, and showing the numbers it was given."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from portunus.errors import PortunusError
from portunus.sim.charts import Span, Timeline
from portunus.sim.report import ActionRow, AuraRow, ComparisonRow, ReportData, render_report, report_of, write_report
from portunus.sim.results import ActionResult, AuraResult, ResourceResult, SimulationResult
from portunus.sim.statistics import Estimate

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> {{ 7 * 7 }} </svg>"


def make(name: str = "Fireball", **changes: object) -> ReportData:
    dps = 4000.0 + np.arange(200.0)
    casts = tuple(Span(name, 2.0 * i, 2.0 * i + 1.5, "fire", note=name) for i in range(150))
    data = ReportData(
        title=name, dps=dps, duration_s=300.0, seed=11, command=f"portunus sim {name}", inputs=(("spec", name),),
        actions=(ActionRow(name, "fire", 60.0, 59.0, 29.5, 1.0, 900_000.0), ActionRow("Wait", "", 3.0, 0, 0, 0, 0)),
        auras=(AuraRow(name, 0.25, 4.0),), resources=((name, name),),
        timeline=Timeline(11, 4000.0, 300.0, casts, (Span(name, 10.0, 20.0),), ((0.0, 100.0), (300.0, 5.0)), name),
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
    for expected in ("4,100 DPS", "200 fights of 300 s", "portunus sim Fireball", "100.0 %", "3,000", "50.0 %", "25.0 %", "-0.025 %", "seed 11"):
        assert expected in text, expected
    assert "The worst fight has seed 11, the best 210." in text


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
    big = make(dps=np.random.default_rng(1).normal(5000, 200, 100_000), timeline=dataclasses.replace(timeline, casts=casts, duration_s=600.0))
    assert len(render_report(big).encode()) < 400_000


@pytest.mark.parametrize("samples", [[0.0], [5.0, 5.0, 5.0], [1.0, 2.0]])
def test_few_or_equal_fights(samples: list[float]) -> None:
    page = Page(render_report(make(dps=np.array(samples), timeline=None, auras=(), comparison=(), measured=(), actions=())))
    assert f"{len(samples)} fight" in page.text


def test_histogram_counts_every_fight() -> None:
    titles = [part.split("<")[0] for part in render_report(make(timeline=None)).split("<title>")[2:] if " fights<" in part]
    assert sum(int(title.rsplit(": ", 1)[1].split()[0]) for title in titles) == 200


def test_same_data_same_bytes_and_a_bad_place_is_told(tmp_path: Path) -> None:
    first, second = write_report(tmp_path / "a.html", make()), write_report(tmp_path / "b.html", make())
    assert first.read_bytes() == second.read_bytes()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(PortunusError, match="cannot write"):
        write_report(tmp_path / "file" / "a.html", make())
    assert (tmp_path / "file").read_text() == "kept"


def test_report_of_a_simulation_keeps_what_happened() -> None:
    def exactly(value: float) -> Estimate:
        return Estimate(value, 0.0, 8, value, value)

    def action(name: str, casts: float, hits: float, damage: float, owner: str = "") -> ActionResult:
        return ActionResult(name, name.title(), 1, 0, False, owner, "fire", exactly(casts), hits, 1.0, 0.0, exactly(damage), 0.5)

    result = SimulationResult(
        title="Fire Mage", rotation="default", seed=3, workers=1, dps=exactly(100.0), deviation=0.0, quantiles=(),
        actions=(action("fireball", 10, 9, 6000.0), action("never", 0, 0, 0.0), action("bolt", 0, 5, 100.0, owner="image")),
        auras=(AuraResult("bomb", "Bomb", 2, 0, True, 90.0, 5.0), AuraResult("streak", "Streak", 3, 0, False, 15.0, 2.0)),
        resources=(ResourceResult("mana", "gem", 3400.0),), spent=(), duration_s=60.0, enemies=3, seconds=1.0, samples=np.array([99.0, 101.0]),
    )  # fmt: skip
    data = report_of(result, command="portunus sim x", inputs=())
    assert [row.label for row in data.actions] == ["Fireball", "Bolt"]
    assert [row.uptime for row in data.auras] == [0.5, 0.25]
    assert "3,400.0 a fight" in Page(render_report(data)).text
