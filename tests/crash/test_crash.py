"""Exactly once, whenever the client dies or stands still: the sandbox kills it at each request that
it makes to any system, and freezes it at each write (house plan 6, money-rules 6)."""

from collections.abc import Iterator

import pytest
from crash_scene import Request, Scene, writes
from orchestra import until

from paidsync.settings import settings
from sandbox.erps import connection_section

pytestmark = pytest.mark.timeout(600)

_BLOCKS = 6  # of so few days that no list of payments grows to a second page
_WAYS = ("before", "after")


@pytest.fixture
def both_ways(request: pytest.FixtureRequest) -> bool:
    """Whether a client is stopped before and after each request is carried out, or in turns."""
    return bool(request.config.getoption("--both-ways", default=False))


def stops(requests: list[Request], *, both: bool) -> Iterator[tuple[int, str]]:
    """Where to kill, and in which way: both ways at each write, in turns at all other requests."""
    for k in range(1, len(requests) + 1):
        for when in _WAYS if both or k in writes(requests) else (_WAYS[k % 2],):
            yield k, when


def stops_at_writes(requests: list[Request], *, both: bool) -> Iterator[tuple[int, str]]:
    """Both ways at each write, or in turns."""
    for turn, k in enumerate(writes(requests)):
        for when in _WAYS if both else (_WAYS[turn % 2],):
            yield k, when


def kill_at_each(scene: Scene, requests: list[Request], chosen: list[tuple[int, str]]) -> None:
    """A day for each: its run is killed there, and the next one does what is left."""
    for k, when in chosen:
        scene.day()
        client = scene.client()
        scene.kill(client, after=k - 1, when=when)
        assert scene.fired[-1] == requests[k - 1], (k, when)
        scene.recover()
    scene.require_sealed()


@pytest.mark.parametrize("block", range(_BLOCKS))
def test_killed_at_any_request_nothing_is_lost_and_nothing_is_doubled(
    scene: Scene, requests: list[Request], block: int, *, both_ways: bool
) -> None:
    planned = list(stops(requests, both=both_ways))
    assert {k for k, _ in planned} == set(range(1, len(requests) + 1))
    assert len(writes(requests)) == 5  # a reversal, a part payment, a check over three bills
    assert {(k, when) for k in writes(requests) for when in _WAYS} <= set(planned)
    kill_at_each(scene, requests, planned[block::_BLOCKS])


@pytest.mark.parametrize("company", ["postgresql"], indirect=True)
def test_killed_at_any_write_it_is_the_same_with_a_ledger_on_postgresql(
    scene: Scene, requests: list[Request], *, both_ways: bool
) -> None:
    kill_at_each(scene, requests, list(stops_at_writes(requests, both=both_ways)))


def test_frozen_at_any_write_a_client_that_wakes_up_too_late_sends_nothing_more(
    scene: Scene, requests: list[Request], *, both_ways: bool
) -> None:
    for k, when in stops_at_writes(requests, both=both_ways):
        scene.day()
        client = scene.client()
        scene.freeze(client, after=k - 1, when=when)
        assert scene.fired[-1] == requests[k - 1], (k, when)
        scene.recover()  # another run takes over and does all of it
        posts = scene.town.posts
        client.wake()
        assert client.ended() == 1, client.said
        assert "Busy: lease_held" in client.said
        assert scene.town.posts == posts
        scene.require_settled()
    scene.require_sealed()


def test_a_write_that_was_out_already_when_another_run_took_over_is_found_and_adopted(
    scene: Scene, requests: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = writes(requests)
    posts = scene.town.posts
    scene.day()
    scene.town.fault("late_commit", route="contract_payments", method="POST")
    client = scene.client()
    scene.freeze(client, after=first)  # as it looks for what it sent

    monkeypatch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", "600")  # as it is in earnest
    settings.cache_clear()
    scene.time_passes()
    assert scene.town.sync()["left"] == 1
    assert scene.town.do("/faults/commit-late")["statuses"] == [201]
    client.wake()
    assert client.ended() == 1, client.said
    assert "Busy: lease_held" in client.said
    scene.recover()
    assert scene.town.posts - posts == len(writes(requests))


def test_rule_6_5_whoever_comes_while_a_run_may_write_is_told_which_and_ends_busy(
    company: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = company.town
    token = town.do("/erp/tokens")["refresh_token"]
    ready = {**town.running.ready[town.erp], "refresh_token": token}
    for name, value in connection_section(town.erp, ready)[1].items():
        monkeypatch.setenv(name, value)
    assert town.paidsync("connect", str(town.file(name="sister"))).code == 0
    writer = company.client()
    company.freeze(writer, route="/vendors")  # the first that it asks once it may write
    others = [company.client(), company.client("sister")]
    for each in others:
        each.begin()
    for each in others:
        assert each.ended() == 1, each.said
        assert f"of {town.name} is writing to Procore company" in each.said
    assert town.posts == 0
    writer.wake()
    assert writer.ended() == 0, writer.said
    assert town.posts == 1
    company.require_settled()


def test_rule_6_5_two_that_begin_at_the_same_moment_post_everything_once(company: Scene) -> None:
    both = [company.client(), company.client()]
    for each in both:
        each.begin()
    codes = sorted(each.ended() for each in both)
    assert codes in ([0, 0], [0, 1]), [each.said for each in both]
    company.require_settled()
    assert company.town.sync()["state"] == "NothingToDo"


def test_rule_6_5_the_lease_of_a_dead_writer_is_over_when_its_time_is(company: Scene) -> None:
    writer = company.client(PAIDSYNC_LEASE_SECONDS="10")
    company.kill(writer, route="contract_payments", method="POST", when="after")
    until(company.lease_is_over, seconds=30, what="the lease of the dead writer ended")
    assert company.town.sync()["state"] == "Completed"
    company.require_settled()
