"""The report in a real browser: nothing from outside, nothing in the console, readable wide and narrow, light and dark."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser
from PIL import Image

from portunus.cli import main

CONTRAST = """(() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => { for (let e = element; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const worst = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement, style = getComputedStyle(element);
    if (!node.data.trim() || element.closest("title")) continue;
    const inSvg = element.closest("svg");
    const [a, b] = [light(parse(inSvg ? style.fill : style.color)), light(behind(element))].sort((x, y) => y - x);
    worst.push([(a + 0.05) / (b + 0.05), node.data.trim().slice(0, 30)]);
  }
  return worst.sort((x, y) => x[0] - y[0])[0];
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a report with everything a simulation can put into it."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    with pytest.raises(SystemExit) as ended:
        main(["sim", "specs/wotlk/mage_fire.spec", "--encounter", "three_targets", "--iterations", "400", "--versus", "stats.spell_power=2600",
              "--versus", "glyphs=fireball+living_bomb", "--apl", "tests/golden/mage_fire/23_full_cd_prepull_image_1t_300s.json", "--report", str(path)])
    assert ended.value.code == 0
    return path.as_uri()


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_report_in_a_browser(page: str, window: Browser, width: int, dark: bool) -> None:
    window.open(page, width=width, dark=dark)
    assert window.complaints == []
    assert window.requests == [page]
    assert window.value("document.title").startswith("Fire Mage: ")
    assert window.value("[...document.querySelectorAll('h2')].map(e => e.textContent)") == [
        "Damage per second, fight by fight", "Variants in the same fights", "Damage by action", "Auras", "One fight, second by second",
        "Resources, per fight", "What went in", "The priority list", "Make this report again"]  # fmt: skip
    # Nothing sticks out sideways; what is wide scrolls in its own box.
    assert window.value("document.documentElement.scrollWidth") <= width
    assert window.value("[...document.querySelectorAll('section')].every(e => e.getBoundingClientRect().right <= innerWidth)")
    assert window.value("(() => { const box = document.querySelector('.timeline .wide'); return box.scrollWidth > box.clientWidth + 100 })()")
    # Labels stand at the height of their lanes.
    assert window.value("""(() => { const labels = document.querySelector('.timeline .labels').getBoundingClientRect().height;
        return Math.abs(labels - document.querySelector('.timeline svg').getBoundingClientRect().height) })()""") <= 1
    assert window.value("document.querySelectorAll('.timeline rect.cast').length") > 100
    assert window.value("document.querySelectorAll('.timeline polyline.curve').length") == 1
    ratio, text = window.value(CONTRAST)
    assert ratio >= 4.5, f"{text!r} is hard to read"
    picture = Image.open(io.BytesIO(window.picture())).convert("RGB")
    assert picture.width == width and picture.height > 1500
    corner = picture.getpixel((2, 2))
    assert isinstance(corner, tuple) and (max(corner) < 60 if dark else min(corner) > 230)
    colours = picture.getcolors(picture.width * picture.height)
    assert colours is not None and len(colours) > 50


def test_the_report_prints_and_survives_without_scripts(page: str, window: Browser) -> None:
    window.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.open(page, width=800)
        printed = window.call("Page.printToPDF", printBackground=False)["data"]
    finally:
        window.call("Emulation.setScriptExecutionDisabled", value=False)
    assert len(printed) > 20_000
    assert window.complaints == []


def test_a_page_that_reaches_out_is_noticed(window: Browser, tmp_path: Path) -> None:
    """The checks above can fail: a picture from elsewhere is a request, a broken script an entry in the console."""
    path = tmp_path / "bad.html"
    path.write_text("<!doctype html><title>x</title><img src='http://portunus.invalid/a.png'><script>missing()</script>")
    window.open(path.as_uri(), width=400)
    assert "http://portunus.invalid/a.png" in window.requests
    assert len(window.complaints) >= 2
