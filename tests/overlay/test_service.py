"""The planner service against workers that answer, crash, hang, lie and babble."""

import array
import os
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from portunus.errors import PortunusError
from portunus.planner import service as service_module
from portunus.planner.service import Limits, PlannerService
from portunus.planner.wire import MAX_BODY

QUICK = Limits(back_off=(0.0, 0.1, 0.1, 0.1), greeting=5.0)


def words(first: int) -> array.array:
    return array.array("q", [first, 0, 0, 0])


@contextmanager
def running(mode: str, folder: Path, limits: Limits = QUICK, **options):
    command = (sys.executable, "-P", str(Path(__file__).with_name("fake_worker.py")), mode, str(folder))
    options = {"spec_name": "toy", "layout_hash": "abc", "budget_ms": 100} | options
    service = PlannerService("toy.spec", profile=None, encounter=None, limits=limits, worker=command, **options)
    try:
        yield service
    finally:
        service.stop()


def wait_for(condition, seconds: float = 10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (value := condition()) not in (None, False):
            return value
        time.sleep(0.005)
    raise AssertionError(f"did not happen within {seconds} s")


def ready(service: PlannerService) -> bool:
    return wait_for(lambda: service.status.state == service_module.READY)


def ask(service: PlannerService, value: int, sequence: int):
    service.request(words(value), sequence, time.monotonic())
    return wait_for(service.poll)


@pytest.fixture(autouse=True)
def private_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTUNUS_CACHE", str(tmp_path / "cache"))


def test_answers_a_state(tmp_path):
    with running("good", tmp_path) as service:
        ready(service)
        answer = ask(service, 42, 7)
        assert (answer.sequence, answer.action) == (7, "word_42")
        assert 0 <= answer.state_age_ms < 1000
        assert service.poll() is None
        pid = service.status.pid
    assert service.status.state == service_module.STOPPED
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_newest_state_wins(tmp_path):
    with running("slow", tmp_path) as service:
        ready(service)
        service.request(words(0), 0, time.monotonic())
        time.sleep(0.05)
        for sequence in range(1, 200):
            service.request(words(sequence), sequence, time.monotonic())
        first, second = wait_for(service.poll), wait_for(service.poll)
        assert (first.sequence, second.sequence) == (0, 199)
        time.sleep(0.3)
        assert service.poll() is None


def test_the_worker_thinks_ahead_about_what_is_expected_until_a_state_comes(tmp_path):
    with running("expects", tmp_path) as service:
        ready(service)
        service.request(words(1), 1, time.monotonic(), [(words(5), 0.7), (words(30), 0.3)])
        assert wait_for(service.poll).action == "thought_0"
        time.sleep(0.2)
        assert ask(service, 2, 2).action == "thought_35"
        service.request(words(3), 3, time.monotonic(), [(words(7), 1.0), (words(7), 2.0)])
        wait_for(lambda: "probability" in service.problem)


def test_crash_is_noticed_and_healed(tmp_path):
    with running("crash_once", tmp_path) as service:
        ready(service)
        service.request(words(1), 1, time.monotonic())
        asked = time.monotonic()
        wait_for(lambda: service.status.restarts == 1, 2.0)
        assert time.monotonic() - asked < 1.0
        ready(service)
        assert ask(service, 2, 2).action == "word_2"


def test_killed_worker_is_noticed_within_600_ms(tmp_path):
    with running("good", tmp_path) as service:
        ready(service)
        os.kill(service.status.pid, signal.SIGKILL)
        killed = time.monotonic()
        wait_for(lambda: service.status.state != service_module.READY, 2.0)
        assert time.monotonic() - killed < 0.6
        ready(service)
        assert time.monotonic() - killed < 4.0


def spare_of(service: PlannerService) -> int:
    """The process id of the spare child once it has loaded everything."""
    return wait_for(lambda: (spare := service._spare) and spare.ready and spare.child.pid)


def test_a_spare_takes_over(tmp_path):
    with running("good", tmp_path, replace(QUICK, spare=0.0)) as service:
        ready(service)
        spare = spare_of(service)
        os.kill(service.status.pid, signal.SIGKILL)
        wait_for(lambda: service.status.pid == spare)
        assert ask(service, 42, 7).action == "word_42"
        assert service.status.restarts == 1 and service.status.message == ""
        following = spare_of(service)
        assert following not in (spare, service.status.pid)
    for pid in (spare, following):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_spare_that_dies_is_replaced_and_disturbs_nobody(tmp_path):
    with running("good", tmp_path, replace(QUICK, spare=0.0, spare_again=0.05)) as service:
        ready(service)
        spare, pid = spare_of(service), service.status.pid
        os.kill(spare, signal.SIGKILL)
        wait_for(lambda: spare_of(service) != spare)
        assert service.status.pid == pid and service.status.restarts == 0
        assert ask(service, 42, 7).action == "word_42"


def test_a_spare_with_the_network_is_not_used_once_the_network_is_off(tmp_path):
    with running("good", tmp_path, replace(QUICK, spare=0.0, crashes=1)) as service:
        ready(service)
        spare = spare_of(service)
        os.kill(service.status.pid, signal.SIGKILL)
        wait_for(lambda: service.status.without_network)
        ready(service)
        assert service.status.pid != spare and service.status.evaluator == "rotation"


def test_stopped_worker_is_killed_and_replaced(tmp_path):
    with running("good", tmp_path) as service:
        ready(service)
        pid = service.status.pid
        os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: service.status.restarts == 1, 2.0)
        assert "silent" in service.status.failure
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        ready(service)
        assert ask(service, 3, 3).action == "word_3"


def test_hanging_search_is_killed_and_replaced(tmp_path):
    with running("hang_once", tmp_path) as service:
        ready(service)
        service.request(words(1), 1, time.monotonic())
        asked = time.monotonic()
        wait_for(lambda: service.status.restarts == 1, 3.0)
        assert 0.5 < time.monotonic() - asked < 1.5
        ready(service)
        assert ask(service, 4, 4).action == "word_4"


@pytest.mark.parametrize("mode", ["garbage", "oversize"])
def test_bytes_that_are_no_message_end_the_worker(mode, tmp_path):
    with running(mode, tmp_path) as service:
        wait_for(lambda: service.status.restarts == 1)
        ready(service)
        assert ask(service, 5, 5).action == "word_5"


@pytest.mark.parametrize(
    ("mode", "words_of_it"),
    [
        ("other_protocol", "protocol 99"),
        ("other_package", "another Portunus"),
        ("other_layout", "layout 'def'"),
        ("refuse", "the model is damaged"),
    ],
)
def test_a_worker_that_does_not_fit_is_refused_once(mode, words_of_it, tmp_path):
    with running(mode, tmp_path) as service:
        wait_for(lambda: service.status.state == service_module.REFUSED)
        assert words_of_it in service.status.message
        assert service.status.hint
        assert service.status.restarts == 0


def test_silent_worker_is_given_up(tmp_path):
    with running("silent", tmp_path, replace(QUICK, greeting=0.3)) as service:
        wait_for(lambda: service.status.restarts >= 1, 3.0)
        assert service.status.failure == "it did not start"


def test_three_crashes_switch_the_network_off(tmp_path):
    with running("network_crashes", tmp_path, model="some.pt") as service:
        ready(service)
        assert service.status.restarts == 3
        assert service.status.without_network
        assert service.status.evaluator == "rotation"
        assert "network" in service.status.message
        assert ask(service, 6, 6).action == "word_6"


def test_back_off_follows_the_table(tmp_path):
    slow = Limits(back_off=(0.0, 30.0), greeting=5.0)
    with running("crash_on_13", tmp_path, slow) as service:
        ready(service)
        service.request(words(13), 1, time.monotonic())
        wait_for(lambda: service.status.restarts == 1)
        ready(service)
        service.request(words(13), 2, time.monotonic())
        wait_for(lambda: service.status.restarts == 2)
        assert "restarting in 30 s" in service.status.message
        assert "exit code 1" in service.status.message
        service.request(words(1), 3, time.monotonic())  # nobody there: dropped, and no error


def test_unanswerable_state_is_a_sentence_not_a_crash(tmp_path):
    with running("no_answer", tmp_path) as service:
        ready(service)
        service.request(words(13), 1, time.monotonic())
        wait_for(lambda: service.problem == "no legal action")
        assert ask(service, 2, 2).action == "word_2"
        assert (service.problem, service.status.restarts) == ("", 0)


def test_oversize_and_misshapen_states_are_refused(tmp_path):
    with running("good", tmp_path) as service:
        ready(service)
        with pytest.raises(PortunusError, match="larger than the limit"):
            service.request(bytes(MAX_BODY + 8), 1, time.monotonic())
        service.request(bytes(8), 2, time.monotonic())
        wait_for(lambda: "1 words came where 4 were agreed" in service.problem)
        assert ask(service, 1, 3).action == "word_1"


def test_missing_program_is_one_clear_error():
    with pytest.raises(PortunusError, match="cannot be started"):
        PlannerService("toy.spec", profile=None, encounter=None, worker=("/nonexistent/program",))
