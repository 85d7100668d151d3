"""An agent stays on his break, and people hear of it, by real servers in real time.

Measured from the instant at which he is late: nothing happens then but that the PBX's clock
goes on, so the second between two of its heartbeats is part of it.
"""

import logging
import random
import statistics
import time
from collections.abc import Iterator

import pytest

from tests.integration.paging import Chain, chain
from tests.pult.command import good, rows, wait_for

LOG = logging.getLogger(__name__)
PAGES = 20
FIRED_MEDIAN_SECONDS, FIRED_WORST_SECONDS = 2.0, 5.0
KEPT_SECONDS = 30.0
RESOLVED_WORST_SECONDS = KEPT_SECONDS + 5.0

_CRITICAL = """code!="system_suspect",state!="acknowledged"}) == 1
        keep_firing_for: 30s"""
HASTY = {
    "scrape_interval: 5s": "scrape_interval: 1s",
    "scrape_timeout: 4s": "scrape_timeout: 900ms",
    "    interval: 5s": "    interval: 500ms",
    "for: 15s": "for: 1s",
    _CRITICAL: _CRITICAL.replace("30s", "2s"),
}
"""A dead part is missed sooner, and what is critical is kept for 2 s instead of 30."""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain(tmp_path_factory.mktemp("hasty") / "chain", HASTY) as made:
        yield made


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """All settings as they are delivered."""
    with chain(tmp_path_factory.mktemp("patient") / "chain", {}) as made:
        yield made


# --- in make test ---------------------------------------------------------------------------


def test_who_is_late_is_told_of_within_seconds_and_so_is_his_return(hasty: Chain) -> None:
    agent = hasty.agent()
    time.sleep(random.Random(1).random())  # the phase, not a wait for anything
    late_at = hasty.pause(agent, "Never")
    fired = hasty.page(agent, "firing") - late_at
    returned_at = hasty.back(agent)
    resolved = hasty.page(agent, "resolved") - returned_at

    assert 0 < fired < FIRED_WORST_SECONDS
    assert 2 < resolved < 2 + RESOLVED_WORST_SECONDS - KEPT_SECONDS
    receivers = {each.receiver for each in hasty.told("firing", agent=agent)}
    assert receivers == {"oncall", "supervisors"}


def test_what_somebody_has_seen_pages_nobody_any_more(hasty: Chain) -> None:
    agent, data = hasty.agent(), hasty.folder / "data"
    hasty.pause(agent, "Never")
    hasty.page(agent, "firing")
    query = f"SELECT episode_id FROM violations WHERE agent_id = '{agent}' AND state = 'firing'"
    wait_for(lambda: bool(rows(data, query)), 20, "it in the history")
    (episode,) = [each["episode_id"] for each in rows(data, query)]

    good("violations", "ack", episode, "--by", "Maria", "--data", data)

    hasty.page(agent, "resolved")
    assert hasty.is_violated(agent)
    hasty.back(agent)


def test_a_restart_neither_fires_again_nor_resolves(hasty: Chain) -> None:
    agent = hasty.agent()
    hasty.pause(agent)
    hasty.page(agent, "firing")
    since = hasty.alerts_now(agent=agent)["PultViolation"]["startsAt"]

    hasty.restart()
    wait_for(lambda: hasty.is_violated(agent), 30, "the violation again")

    (page,) = hasty.told("firing", agent=agent)
    assert page.receiver == "supervisors"
    assert not hasty.told("resolved", agent=agent)
    assert hasty.alerts_now(agent=agent)["PultViolation"]["startsAt"] == since
    hasty.back(agent)


def test_a_killed_run_is_an_alert_and_silences_discipline(hasty: Chain) -> None:
    agent = hasty.agent()
    hasty.pause(agent)
    hasty.page(agent, "firing")

    hasty.kill()

    def is_silenced() -> bool:
        held_back = hasty.alerts_now(agent=agent)["PultViolation"]["status"]["inhibitedBy"]
        gone = hasty.alerts_now(alertname="PultPartGone", job="run").values()
        return bool(held_back) and held_back == [each["fingerprint"] for each in gone]

    wait_for(is_silenced, 20, "PultPartGone, which holds the violation back")
    assert not hasty.told("resolved", agent=agent)


# --- in make soak: settings as they are delivered -------------------------------------------


@pytest.mark.soak
def test_twenty_at_random_phase(patient: Chain) -> None:
    dice = random.Random(1)
    fired, returned_at = [], {}
    for agent in [patient.agent() for _ in range(PAGES)]:
        time.sleep(dice.random())
        late_at = patient.pause(agent)
        fired.append(patient.page(agent, "firing") - late_at)
        returned_at[agent] = 0.0
    for agent in returned_at:
        time.sleep(dice.random() / 10)
        returned_at[agent] = patient.back(agent)
    resolved = [patient.page(agent, "resolved") - at for agent, at in returned_at.items()]

    told = f"fired after {_spread(fired)}, resolved after {_spread(resolved)}"
    LOG.info(told)
    assert statistics.median(fired) < FIRED_MEDIAN_SECONDS, told
    assert max(fired) < FIRED_WORST_SECONDS, told
    assert max(resolved) < RESOLVED_WORST_SECONDS, told


def _spread(seconds: list[float]) -> str:
    middle = statistics.median(seconds)
    return f"{min(seconds):.2f} / {middle:.2f} / {max(seconds):.2f} s (least, median, most)"


@pytest.mark.soak
def test_nothing_is_heard_of_a_restart_until_long_after_it(patient: Chain) -> None:
    stays, returns = patient.agent(), patient.agent()
    for each in (stays, returns):
        patient.pause(each)
        patient.page(each, "firing")

    patient.restart()
    patient.back(returns)
    # His end is told as late as an end of the other would be.
    patient.page(returns, "resolved")

    assert [each.receiver for each in patient.told("firing", agent=stays)] == ["supervisors"]
    assert not patient.told("resolved", agent=stays)
    patient.back(stays)


@pytest.mark.soak
def test_a_run_that_is_dead_for_a_minute_is_told_of_and_nothing_else(patient: Chain) -> None:
    agent = patient.agent()
    patient.pause(agent)
    patient.page(agent, "firing")

    patient.kill()
    gone = {"alertname": "PultPartGone", "job": "run"}
    wait_for(lambda: bool(patient.told("firing", **gone)), 60, "that the part is gone")
    # Prometheus itself no longer knows of the violation; who holds it back is Alertmanager.
    wait_for(lambda: not patient.prometheus.series(_alert(agent)), 60, "its end in Prometheus")
    patient.start()
    wait_for(lambda: bool(patient.prometheus.series(_alert(agent))), 60, "its new beginning")
    wait_for(lambda: bool(patient.told("resolved", **gone)), 90, "that the part is back")

    assert [each.receiver for each in patient.told("firing", agent=agent)] == ["supervisors"]
    assert not patient.told("resolved", agent=agent)
    returned_at = patient.back(agent)
    assert patient.page(agent, "resolved") - returned_at < RESOLVED_WORST_SECONDS


def _alert(agent: str) -> str:
    return f'ALERTS{{alertname="PultViolation",agent="{agent}",alertstate="firing"}}'
