"""One writer per Procore company (money-rules 6.5)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from ledger_rows import UK, US
from sqlalchemy import text

from paidsync.ledger import Ledger
from paidsync.ledger.leases import Lease
from paidsync.reasons import RunStopped, Stop

COMPANY = "7"


def take(ledger: Ledger, run_id: str, connection: str = US, company: str = COMPANY) -> Lease:
    return ledger.leases.take(company, run_id=run_id, connection=connection, seconds=300)


def expire(ledger: Ledger) -> None:
    with ledger.engine.begin() as db:
        db.execute(text("UPDATE lease SET expires_at = '2020-01-01T00:00:00.000000+00:00'"))


def test_a_free_company_is_given_to_the_run_that_asks(ledger: Ledger) -> None:
    lease = take(ledger, "run-1")
    assert lease == Lease(COMPANY, "run-1", 1)
    ledger.leases.check(lease, seconds=300)


def test_a_second_run_is_told_who_writes_whatever_its_connection(ledger: Ledger) -> None:
    take(ledger, "run-1")
    with pytest.raises(
        RunStopped, match="Run run-1 of acme-us is writing to Procore company 7"
    ) as (stopped):
        take(ledger, "run-2", UK)
    assert stopped.value.reason == Stop.LEASE_HELD


def test_another_procore_company_has_a_writer_of_its_own(ledger: Ledger) -> None:
    first, second = take(ledger, "run-1"), take(ledger, "run-2", company="8")
    ledger.leases.check(first, seconds=300)
    ledger.leases.check(second, seconds=300)


def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_may_not_send(
    ledger: Ledger,
) -> None:
    old = take(ledger, "run-1")
    expire(ledger)
    new = take(ledger, "run-2")
    assert new.fencing > old.fencing
    with pytest.raises(RunStopped, match="ended while it worked") as stopped:
        ledger.leases.check(old, seconds=300)
    assert stopped.value.reason == Stop.LEASE_HELD
    ledger.leases.check(new, seconds=300)


def test_a_run_whose_lease_ran_out_may_not_send_even_if_nobody_took_it(ledger: Ledger) -> None:
    lease = take(ledger, "run-1")
    expire(ledger)
    with pytest.raises(RunStopped, match="ended while it worked"):
        ledger.leases.check(lease, seconds=300)


def test_a_check_lets_the_lease_last_on(ledger: Ledger) -> None:
    lease = ledger.leases.take(COMPANY, run_id="run-1", connection=US, seconds=1)
    ledger.leases.check(lease, seconds=3600)
    with pytest.raises(RunStopped):
        take(ledger, "run-2")


def test_whoever_reads_for_longer_than_it_lasts_keeps_it_while_nobody_took_it(
    ledger: Ledger,
) -> None:
    lease = take(ledger, "run-1")
    for _ in range(2):
        expire(ledger)
        assert ledger.leases.renew(lease, seconds=300)
    ledger.leases.check(lease, seconds=300)
    with pytest.raises(RunStopped, match=f"Run run-1 of {US}"):
        take(ledger, "run-2", UK)


@pytest.mark.parametrize("still", [True, False], ids=["still writing", "done already"])
def test_a_lease_that_another_run_took_meanwhile_is_lost_for_good(
    ledger: Ledger, *, still: bool
) -> None:
    lease = take(ledger, "run-1")
    expire(ledger)
    other = take(ledger, "run-2", UK)
    if not still:
        ledger.leases.release(other)
    assert not ledger.leases.renew(lease, seconds=300)
    with pytest.raises(RunStopped):
        ledger.leases.check(lease, seconds=300)
    if still:
        ledger.leases.check(other, seconds=300)


def test_who_takes_it_over_learns_whose_it_was(ledger: Ledger) -> None:
    assert take(ledger, "run-1").before is None
    assert take(ledger, "run-1").before is None
    expire(ledger)
    second = take(ledger, "run-2", UK)
    assert second.before == "run-1"
    ledger.leases.release(second)
    assert take(ledger, "run-3").before is None


def test_the_same_run_takes_it_again_and_its_earlier_attempt_may_not_send(ledger: Ledger) -> None:
    first = take(ledger, "run-1")
    second = take(ledger, "run-1")
    assert second.fencing > first.fencing
    with pytest.raises(RunStopped):
        ledger.leases.check(first, seconds=300)
    ledger.leases.check(second, seconds=300)


def test_a_released_lease_is_free_at_once_and_its_fencing_goes_on(ledger: Ledger) -> None:
    first = take(ledger, "run-1")
    ledger.leases.release(first)
    with pytest.raises(RunStopped):
        ledger.leases.check(first, seconds=300)
    assert take(ledger, "run-2").fencing > first.fencing


def test_an_outdated_holder_releases_nothing(ledger: Ledger) -> None:
    old = take(ledger, "run-1")
    expire(ledger)
    new = take(ledger, "run-2")
    ledger.leases.release(old)
    ledger.leases.check(new, seconds=300)


@pytest.mark.parametrize("before", ["never taken", "released", "expired"])
def test_of_runs_that_take_it_at_once_one_wins_and_the_others_learn_which(
    ledger: Ledger, ledger_url: str, before: str
) -> None:
    if before != "never taken":
        old = take(ledger, "run-0")
        ledger.leases.release(old) if before == "released" else expire(ledger)
    runs = 4
    barrier = Barrier(runs)

    def attempt(number: int) -> Lease | str:
        own = Ledger(ledger_url)
        barrier.wait(10)
        try:
            return take(own, f"run-{number}")
        except RunStopped as stopped:
            return stopped.message
        finally:
            own.close()

    with ThreadPoolExecutor(runs) as threads:
        came = list(threads.map(attempt, range(1, runs + 1)))
    won = [each for each in came if isinstance(each, Lease)]
    lost = [each for each in came if isinstance(each, str)]
    assert len(won) == 1
    assert len(lost) == runs - 1
    assert all(f"Run {won[0].run_id} of {US} is writing" in message for message in lost)
    ledger.leases.check(won[0], seconds=300)
