"""The report page: self-contained, safe against hostile names, small, and showing the numbers it was given."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from portunus.errors import PortunusError
from portunus.sim.charts import Span, Timeline
from portunus.sim.report import ActionRow, AuraRow, ComparisonRow, ReportData, render_report, summarise, write_report

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


def test_summary_is_that_of_the_textbook() -> None:
    summary = summarise(np.array([1.0, 2.0, 3.0, 4.0]), seed=5)
    assert summary.mean == 2.5
    assert summary.deviation == pytest.approx((5 / 3) ** 0.5)
    assert summary.standard_error == pytest.approx((5 / 3) ** 0.5 / 2)
    assert (summary.worst_seed, summary.best_seed) == (5, 8)


def test_same_data_same_bytes_and_a_bad_place_is_told(tmp_path: Path) -> None:
    first, second = write_report(tmp_path / "a.html", make()), write_report(tmp_path / "b.html", make())
    assert first.read_bytes() == second.read_bytes()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(PortunusError, match="cannot write"):
        write_report(tmp_path / "file" / "a.html", make())
    assert (tmp_path / "file").read_text() == "kept"
