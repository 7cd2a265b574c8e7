"""The circuit breaker."""

import pytest

from issue_insight.circuit import Circuit
from issue_insight.errors import NotFound, Unavailable


class Time:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def circuit(time: Time) -> Circuit:
    return Circuit("Later, please.", failures=3, rest=10, monotonic=time)


def fail(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable, match="down"), circuit.call():
            raise Unavailable("down")


def works(circuit: Circuit) -> None:
    with circuit.call():
        pass


def refuses(circuit: Circuit, retry_after: int) -> bool:
    with pytest.raises(Unavailable, match="Later") as refusal:
        works(circuit)
    return refusal.value.retry_after == retry_after


def test_it_stays_closed_while_failures_are_few(circuit: Circuit) -> None:
    fail(circuit, 2)
    works(circuit)
    fail(circuit, 2)
    assert not circuit.is_open


def test_it_opens_after_failures_in_a_row_and_says_when_to_come_back(
    circuit: Circuit, time: Time
) -> None:
    fail(circuit, 3)
    assert circuit.is_open
    assert refuses(circuit, 10)
    time.now = 7.5
    assert refuses(circuit, 3)


def test_after_the_rest_one_trial_passes_and_the_others_wait(circuit: Circuit, time: Time) -> None:
    fail(circuit, 3)
    time.now = 10
    with circuit.call():
        assert refuses(circuit, 10)
    works(circuit)
    assert not circuit.is_open


def test_a_failed_trial_opens_it_again(circuit: Circuit, time: Time) -> None:
    fail(circuit, 3)
    time.now = 10
    fail(circuit)
    assert refuses(circuit, 10)


def test_a_trial_that_never_comes_back_does_not_keep_it_open(circuit: Circuit, time: Time) -> None:
    fail(circuit, 3)
    time.now = 10
    trial = circuit.call()
    trial.__enter__()
    time.now = 20
    works(circuit)
    assert not circuit.is_open


def test_other_exceptions_say_nothing_about_the_part(circuit: Circuit) -> None:
    fail(circuit, 2)
    with pytest.raises(NotFound), circuit.call():
        raise NotFound("no such thing")
    assert not circuit.is_open
    fail(circuit)
    assert circuit.is_open
