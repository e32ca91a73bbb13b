"""What ``paidsync connect`` and ``paidsync check`` do and say about Procore's button."""

from connectors.connection import ConnectionFile
from connectors.errors import OutsideError
from connectors.procore.client import Procore
from connectors.procore.hooks import Hooks, Wanted
from connectors.procore.judge import SYSTEM
from connectors.webhooks import chosen

_LABEL = "Procore's button"
_NEEDS = (
    "needs public_url and procore_secret under [listener] in the connection file, and "
    "`paidsync listen`; see docs/listener.md."
)
_BY_POLL = "is answered within about five minutes. To answer at once it {needs}"


def connect_button(connection: ConnectionFile, procore: Procore) -> None:
    """Make or mend the hook, and say so. The connection works without it, so that a refusal is
    told and ends nothing."""
    wanted = _wanted(connection)
    if wanted is None:
        _say(_without(connection))
        return
    try:
        done = Hooks(procore).ensure(wanted)
    except OutsideError as refused:
        _say(_refused(refused))
        return
    _say(f"the hook {done}: Procore tells {wanted.url}")


def check_button(connection: ConnectionFile, procore: Procore) -> None:
    """Say whether the hook is there and as it should be; changes nothing."""
    wanted = _wanted(connection)
    if wanted is None:
        _say(_without(connection))
        return
    try:
        found = Hooks(procore).look(wanted)
    except OutsideError as refused:
        _say(_refused(refused))
        return
    if found is None:
        _say("the hook is missing in Procore. Connect again with `paidsync connect FILE.toml`.")
    elif found.faults:
        _say(f"the hook is not right: {'; '.join(found.faults)}. Connect again to mend it.")
    else:
        _say(f"the hook is there: Procore tells {wanted.url}")


def _wanted(connection: ConnectionFile) -> Wanted | None:
    """The hook that the file asks for. Raises WrongSettings where its secret cannot be used."""
    listener = connection.listener
    if listener is None or listener.procore_secret is None:
        return None
    secret = chosen(listener.procore_secret, SYSTEM)
    if listener.public_url is None:
        return None
    url = f"{listener.public_url}/procore/{connection.name}"
    return Wanted(connection=connection.name, url=url, secret=secret)


def _without(connection: ConnectionFile) -> str:
    listener = connection.listener
    if listener is not None and listener.answers_the_button:
        return _BY_POLL.format(needs=_NEEDS)
    return _NEEDS


def _refused(refused: OutsideError) -> str:
    return (
        f"the hook could not be looked at or made. {refused} Its account needs Standard on "
        "Webhooks API."
    )


def _say(line: str) -> None:
    print(f"{_LABEL:<20} {line}")
