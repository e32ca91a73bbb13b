"""One-time codes: RFC 6238's own values, each taken once, and none after five wrong ones."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from sqlalchemy import text

from paidsync.ledger import Ledger
from paidsync.ledger.approvers import Approvers, CodeRefused, KnownApprover
from paidsync.ledger.tokens import TokenKeyUnusable

KEY = Fernet.generate_key().decode()
WHO = "ada@hallam.example"
# RFC 6238, appendix B: the seed, and the last six of the eight digits at these instants.
SEED = b"12345678901234567890"
RFC = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924",
       2000000000: "279037", 20000000000: "353130"}  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = datetime.fromtimestamp(1_111_111_111, UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def approvers(ledger: Ledger, clock: Clock) -> Iterator[Approvers]:
    """Ada is enrolled, with the seed of the RFC."""
    made = Approvers(ledger.engine, ledger.audit, now=clock)
    made.add(WHO, key=KEY, by_whom="ops")
    _seed(ledger, SEED)
    return made


def _seed(ledger: Ledger, seed: bytes) -> None:
    with ledger.engine.begin() as db:
        db.execute(
            text("UPDATE approver SET seed = :it"), {"it": Fernet(KEY).encrypt(seed).decode()}
        )


def code(at: datetime, *, steps: int = 0) -> str:
    """Worked out by the counter, as RFC 4226 has it."""
    counter = int(at.timestamp()) // 30 + steps
    return HOTP(SEED, 6, SHA1()).generate(counter).decode()  # noqa: S303


def refused(approvers: Approvers, given: str, email: str = WHO) -> str:
    with pytest.raises(CodeRefused) as refusal:
        approvers.accept(email, given, key=KEY)
    return str(refusal.value)


@pytest.mark.parametrize(("seconds", "digits"), RFC.items())
def test_the_codes_are_those_of_the_rfc(
    approvers: Approvers, clock: Clock, seconds: int, digits: str
) -> None:
    clock.now = datetime.fromtimestamp(seconds, UTC)
    approvers.accept(WHO, digits, key=KEY)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(approvers: Approvers, clock: Clock, steps: int) -> None:
    approvers.accept(f" {WHO.upper()} ", code(clock.now, steps=steps), key=KEY)


@pytest.mark.parametrize("steps", [-2, 2])
def test_but_no_more(approvers: Approvers, clock: Clock, steps: int) -> None:
    assert "is not the present code" in refused(approvers, code(clock.now, steps=steps))


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "٣٥٣١٣٠"])
def test_what_is_no_code_is_refused(approvers: Approvers, given: str) -> None:
    assert "is not the present code" in refused(approvers, given)


def test_a_code_is_taken_once_and_an_earlier_one_never_after_it(
    approvers: Approvers, clock: Clock
) -> None:
    now = clock.now
    approvers.accept(WHO, code(now), key=KEY)
    assert "was used already" in refused(approvers, code(now))
    assert "was used already" in refused(approvers, code(now, steps=-1))
    approvers.accept(WHO, code(now, steps=1), key=KEY)
    clock.later(seconds=30)
    assert "was used already" in refused(approvers, code(now, steps=1))


def test_of_two_at_once_with_one_code_one_is_taken(approvers: Approvers, clock: Clock) -> None:
    def attempt(_: int) -> bool:
        try:
            approvers.accept(WHO, code(clock.now), key=KEY)
        except CodeRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1


def test_five_wrong_codes_in_a_quarter_of_an_hour_close_the_door(
    approvers: Approvers, clock: Clock
) -> None:
    for _ in range(5):
        refused(approvers, "000000")
        clock.later(minutes=2)
    assert "5 wrong codes came" in refused(approvers, code(clock.now))
    clock.later(minutes=4, seconds=59)
    assert "none is taken before" in refused(approvers, code(clock.now))
    clock.later(seconds=1)  # the first is a quarter of an hour ago
    assert "is not the present code" in refused(approvers, "000000")
    assert "5 wrong codes came" in refused(approvers, code(clock.now))


def test_a_right_code_makes_the_wrong_ones_forgotten(approvers: Approvers, clock: Clock) -> None:
    for _ in range(4):
        refused(approvers, "000000")
    approvers.accept(WHO, code(clock.now), key=KEY)
    for _ in range(5):
        assert "is not the present code" in refused(approvers, "000000")


def test_one_persons_code_is_nobody_elses(approvers: Approvers, clock: Clock) -> None:
    assert "has no one-time code yet" in refused(approvers, code(clock.now), "bo@hallam.example")


def test_a_seed_is_shown_once_and_kept_encrypted(ledger: Ledger) -> None:
    enrolled = ledger.approvers.add("Bo@Hallam.example", key=KEY, by_whom="ops")
    assert enrolled.uri.startswith("otpauth://totp/PaidSync:bo%40hallam.example?")
    assert f"secret={enrolled.secret}" in enrolled.uri
    assert len(enrolled.secret) == 32  # 160 bits, as RFC 4226 asks for
    with ledger.engine.begin() as db:
        kept = db.execute(text("SELECT seed FROM approver")).scalar_one()
    assert enrolled.secret not in kept
    with pytest.raises(KnownApprover, match=r"paidsync approvers remove bo@hallam\.example"):
        ledger.approvers.add("bo@hallam.example", key=KEY, by_whom="ops")
    assert [each.email for each in ledger.approvers.all()] == ["bo@hallam.example"]
    assert ledger.approvers.remove("BO@hallam.example", by_whom="ops")
    assert not ledger.approvers.remove("bo@hallam.example", by_whom="ops")
    again = ledger.approvers.add("bo@hallam.example", key=KEY, by_whom="ops")
    assert again.secret != enrolled.secret
    assert ledger.audit.broken_at() is None


def test_another_key_opens_no_seed(approvers: Approvers) -> None:
    other = Fernet.generate_key().decode()
    with pytest.raises(TokenKeyUnusable, match=f"does not open the seed kept for {WHO}"):
        approvers.accept(WHO, "000000", key=other)
    with pytest.raises(TokenKeyUnusable, match="PAIDSYNC_SECRET_KEY is not set"):
        approvers.accept(WHO, "000000", key=None)
