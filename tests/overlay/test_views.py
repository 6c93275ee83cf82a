"""Faces, steady advice, tree layout, icons, settings, latency: the pure parts of the overlay."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from portunus_overlay.actions import unique_initials
from portunus_overlay.icons import COLOURS, school_of, tile
from portunus_overlay.latency import LatencyLog, Percentiles
from portunus_overlay.settings import Settings, load_settings, save_settings
from portunus_overlay.steady import Steadier
from portunus_overlay.tree_layout import Metrics, lay_out, levels_in, stretch
from samples import action, faces, outcome, suggestion, tree

from portunus.errors import PortunusError
from portunus.planner.messages import TreeNode

SIZES = Metrics(row=30.0, first=140.0, action=120.0, outcome=60.0, root=20.0)


def test_initials_are_unique_and_readable():
    letters = unique_initials(
        ["Fireball", "Fire Blast", "Frostbolt", "Frost Bomb", "Frostfire Bolt", "Fel Bolt", "Fear", "Wait", "Étoile", "!!"]
    )
    assert letters["Fireball"] == "Fi"
    assert letters["Fire Blast"] == "FB"
    assert len({text.casefold() for text in letters.values()}) == len(letters)
    assert all(2 <= len(text) <= 3 for text in letters.values() if text != "?")


def test_initials_never_run_out():
    letters = unique_initials([f"Aa{'a' * n}" for n in range(40)])
    assert len(set(letters.values())) == 40


def test_faces_tell_targets_and_unknown_actions():
    known = faces()
    assert (known.of("living_bomb@2").badge, known.of("living_bomb").badge) == ("2", "")
    assert known.of("wait").school == "wait"
    assert known.of("frobnicate", "Frobnicate").label == "Frobnicate"


def with_values(best: str, values: dict[str, float]):
    made = suggestion()
    reports = tuple(replace(report, value=values.get(report.name, 0.0)) for report in made.actions)
    order = sorted(made.tree.children, key=lambda node: node.name != best)
    return replace(made, action=best, actions=reports, tree=replace(made.tree, children=tuple(order)))


def test_steady_keeps_the_action_within_the_noise():
    steadier = Steadier(0.1)
    assert steadier.settle(with_values("fireball", {"fireball": 2.0, "living_bomb": 1.9})).action == "fireball"
    kept = steadier.settle(with_values("living_bomb", {"fireball": 1.95, "living_bomb": 2.0}))
    assert (kept.action, kept.tree.children[0].name, kept.actions[0].name) == ("fireball", "fireball", "fireball")
    assert kept.queue[:2] == ("living_bomb", "fireball")
    assert sorted(node.name for node in kept.tree.children) == sorted(node.name for node in tree().children)


def test_steady_ignores_noise_for_ever():
    steadier = Steadier(0.1)
    steadier.settle(with_values("fireball", {"fireball": 2.0, "living_bomb": 1.95}))
    for turn in range(200):
        better = "fireball" if turn % 2 else "living_bomb"
        shown = steadier.settle(with_values(better, {"fireball": 1.9, "living_bomb": 1.9} | {better: 2.1}))
        assert shown.action == "fireball"
    assert steadier.changed == 0


def test_steady_lets_a_small_lasting_gain_through():
    steadier = Steadier(0.1)
    steadier.settle(with_values("fireball", {"fireball": 2.0, "living_bomb": 2.0}))
    actions = [steadier.settle(with_values("living_bomb", {"fireball": 2.0, "living_bomb": 2.2})).action for _ in range(4)]
    assert actions == ["fireball", "living_bomb", "living_bomb", "living_bomb"]
    assert steadier.changed == 1


def test_steady_lets_a_large_gain_through_at_once():
    steadier = Steadier(0.1)
    steadier.settle(with_values("fireball", {"fireball": 2.0, "living_bomb": 1.9}))
    assert steadier.settle(with_values("living_bomb", {"fireball": 2.0, "living_bomb": 2.6})).action == "living_bomb"


def test_steady_starts_anew_when_the_player_has_acted():
    steadier = Steadier(0.1)
    assert steadier.settle(with_values("fireball", {"fireball": 2.0, "living_bomb": 1.9}), ready_at=10.0).action == "fireball"
    again = with_values("living_bomb", {"fireball": 1.99, "living_bomb": 2.0})
    assert steadier.settle(again, ready_at=10.1).action == "fireball"
    assert steadier.settle(again, ready_at=12.0).action == "living_bomb"


def test_steady_lets_go_of_an_action_that_is_gone():
    steadier = Steadier(0.1)
    steadier.settle(with_values("combustion", {"combustion": 2.0}))
    later = with_values("fireball", {"fireball": 2.0})
    later = replace(later, actions=tuple(report for report in later.actions if report.name != "combustion"))
    assert steadier.settle(later).action == "fireball"


def test_chosen_line_is_straight_on_top():
    placed = lay_out(tree(), 640, 400, SIZES)
    line = [node for node in placed if node.chosen]
    assert [node.node.name for node in line] == ["fireball", "no crit", "living_bomb", "fireball"]
    assert {node.y for node in line} == {15.0}
    assert all(node.x < after.x for node, after in pairwise(line))


@pytest.mark.parametrize(("width", "height"), [(200, 90), (300, 150), (640, 400), (1200, 900)])
def test_tree_fits_and_does_not_overlap(width, height):
    placed = lay_out(tree(), width, height, SIZES)
    assert placed
    places = set()
    for node in placed:
        assert node.x >= 0 and node.x + node.width <= width
        assert 15.0 <= node.y <= height - 15.0
        assert (node.x, node.y) not in places
        places.add((node.x, node.y))
        if node.parent >= 0:
            parent = placed[node.parent]
            assert parent.x < node.x and parent.y <= node.y
    rivals = [node for node in placed if node.parent < 0]
    assert len(rivals) >= min(6, (height // 30 + 1) // 2)


def test_tree_without_room_or_children_is_empty():
    assert lay_out(tree(), 100, 400, SIZES) == []
    assert lay_out(tree(), 600, 20, SIZES) == []
    assert lay_out(TreeNode("decision", "", "", 1, 0.0, 1.0), 600, 400, SIZES) == []


def test_unvisited_branches_are_left_out():
    root = TreeNode("decision", "", "", 9, 1.0, 1.0, (action("fireball", 9, 1.0, outcome("crit", 0.4, 9)), action("wait", 0, 0.0)))
    assert [node.node.name for node in lay_out(root, 600, 400, SIZES)] == ["fireball", "crit"]


def test_stretched_columns_use_the_width():
    for width in range(160, 1300, 7):
        stretched = stretch(SIZES, width)
        assert levels_in(width, stretched) == levels_in(width, SIZES)


def test_icons_differ_in_shape_not_only_in_colour():
    greys = []
    for school in COLOURS:
        icon = tile(school, 48)
        assert icon.shape == (48, 48, 4)
        assert icon[0, 0, 3] == 0 and icon[24, 24, 3] == 255
        luminance = icon[..., :3].astype(float) @ [0.3, 0.59, 0.11]
        greys.append((luminance - luminance.mean()) / luminance.std())
    for i, one in enumerate(greys):
        for other in greys[:i]:
            assert np.mean(one * other) < 0.9


def test_school_names():
    assert (school_of("frost"), school_of("frostfire"), school_of("froth"), school_of("")) == ("frost", "frost", "", "")


def test_settings_survive(tmp_path):
    path = tmp_path / "deep" / "overlay.toml"
    assert load_settings(path) == Settings()
    settings = Settings(left=-5, top=7, width=500, height=300, borderless=False, click_through=True, opacity=0.5, steady_margin=0.02)
    save_settings(path, settings)
    assert load_settings(path) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("left = ", "not readable as TOML"),
        ("lefft = 3", "unknown setting 'lefft'"),
        ("left = 3.5", "left is not of type int"),
        ("borderless = 1", "borderless is not of type bool"),
        ("opacity = 3", "opacity is 3.0, expected 0.2 to 1.0"),
        ("opacity = nan", "opacity is nan"),
        ("width = 10", "width is 10"),
        ("a" + ".a" * 8000 + " = 1", "too long"),
        ("left = \xff", "not readable as TOML"),
    ],
)
def test_bad_settings_are_named_and_kept(text, message, tmp_path):
    path = tmp_path / "overlay.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(PortunusError, match=message):
        load_settings(path)
    assert path.read_bytes() == text.encode("latin-1")


def test_percentiles_round_up_to_a_millisecond():
    spans = Percentiles()
    assert spans.at(50) is None
    for value in range(100):
        spans.add(value + 0.5)
    assert (spans.at(50), spans.at(99), spans.at(100)) == (50, 99, 100)
    spans.add(1e9)
    assert spans.at(100) == 10_000


def test_latency_log_lines(tmp_path):
    path = tmp_path / "times.jsonl"
    log = LatencyLog(path)
    log.drawn(suggestion(3), captured_at=10.0, changed_at=9.8, drawn_at=10.25, replaced=False)
    log.drawn(suggestion(4), captured_at=11.0, changed_at=11.5, drawn_at=11.25, replaced=True)
    log.close()
    first, second, last = [json.loads(line) for line in path.read_text().splitlines()]
    assert (first["sequence"], first["age_ms"], first["change_ms"]) == (3, 250.0, 450.0)
    assert second["change_ms"] == second["age_ms"] == 250.0
    assert (last["summary"]["suggestions"], last["summary"]["replaced_percent"]) == (2, 50.0)


def test_latency_log_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PortunusError, match="cannot write"):
        LatencyLog(tmp_path / "file" / "times.jsonl")
