"""What the window says for every state of the signal, the planner and the suggestion."""

from dataclasses import replace

import pytest
from portunus_overlay.screen import Shown, build_screen
from portunus_overlay.situation import Signal, Situation, State
from samples import faces, suggestion

from portunus.planner import service

NOW = 1000.0
READY = service.Status(service.READY, evaluator="network")
SITUATION = Situation(target_health=0.74, enemies=1, fight_time=83.4, fight_length=300.0, ready_at=NOW + 0.62)
LIVE = Signal(State.OK, sequence=5, captured_at=NOW - 0.03, situation=SITUATION)
SHOWN = Shown(suggestion(5), NOW - 0.038)


def screen(signal=LIVE, status=READY, shown=SHOWN, now=NOW):
    return build_screen("Fire Mage", faces(), signal, status, shown, now)


def test_live_advice():
    view = screen()
    assert view.current
    assert view.notice is None
    assert (view.header.level, view.header.word) == ("good", "live")
    assert (view.header.target, view.header.enemies, view.header.clock) == ("Target 74 %", "assumes 1 enemy", "1:23 / 5:00")
    assert (view.advice.face.label, view.advice.face.initials, view.advice.face.school) == ("Fireball", "Fi", "fire")
    assert [face.label for face in view.advice.queue] == ["Living Bomb", "Fireball", "Pyroblast", "Combustion"]
    assert (view.advice.hint, view.advice.now) == ("in 0.6 s", False)
    assert view.timing == "search 243 ms, network 12 ms, 84,000 simulations, depth 14, state age 38 ms"
    assert view.timing_short == "search 243 ms, network 12 ms, 84k sims, age 38 ms"


def test_when_to_press():
    assert screen(replace(LIVE, situation=replace(SITUATION, ready_at=NOW - 1))).advice.hint == "now"
    assert screen(replace(LIVE, situation=replace(SITUATION, ready_at=NOW - 1))).advice.now
    waiting = Shown(replace(SHOWN.suggestion, action="wait", label="Wait"), SHOWN.captured_at)
    assert screen(shown=waiting).advice.hint == "on purpose"


def test_old_suggestion_is_not_current():
    view = screen(shown=replace(SHOWN, captured_at=NOW - 0.51))
    assert view.advice is not None
    assert not view.current
    assert view.header.word == "late"
    assert view.timing.endswith("state age 510 ms, too old")


@pytest.mark.parametrize(
    ("signal", "status", "shown", "title"),
    [
        (Signal(State.PREPARING), None, None, "Getting ready"),
        (Signal(State.SEARCHING), READY, SHOWN, "No signal"),
        (replace(LIVE, state=State.STALE), READY, SHOWN, "Signal lost"),
        (replace(LIVE, captured_at=NOW - 0.6), READY, SHOWN, "Signal lost"),
        (replace(LIVE, state=State.MISMATCH), READY, SHOWN, "Other addon version"),
        (replace(LIVE, state=State.UNSUPPORTED), READY, SHOWN, "Client not supported"),
        (replace(LIVE, state=State.IDLE), READY, SHOWN, "No fight"),
        (Signal(State.FAILED, "the spec is broken"), None, None, "Cannot go on"),
        (LIVE, service.Status(service.REFUSED, "Wrong layout.", "Restart."), SHOWN, "Planner refused"),
        (LIVE, service.Status(service.RESTARTING, "It failed."), SHOWN, "Planner restarting"),
        (LIVE, service.Status(service.STARTING, "It starts."), None, "Planner starting"),
        (LIVE, READY, None, "Thinking"),
    ],
)
def test_obstacles_in_words(signal, status, shown, title):
    view = screen(signal, status, shown)
    assert view.notice.title == title
    assert view.notice.detail.endswith(".") or signal.detail
    assert view.advice is None
    assert not view.current
    assert view.header.level in ("waiting", "bad")


def test_no_advice_is_ever_shown_as_current_after_half_a_second():
    for step in range(2000):
        late = step / 400.0
        view = screen(replace(LIVE, captured_at=NOW), now=NOW + late, shown=Shown(SHOWN.suggestion, NOW))
        assert view.current == (late <= 0.5)


def test_unknown_values_are_left_out():
    view = screen(replace(LIVE, situation=Situation()))
    assert (view.header.target, view.header.enemies, view.header.clock) == ("", "", "")
    assert view.advice.hint == "now"
    assert screen(status=replace(READY, evaluator="rotation")).timing.split(", ")[1] == "no network"
