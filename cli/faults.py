"""A user's mistake is answered with a sentence, never with a traceback."""

import argparse
import sys
from collections.abc import Callable

from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cli.logs import log_as_asked
from connectors.errors import OutsideError, WrongSettings
from paidsync.evidence import FolderUnusable
from paidsync.ledger import LedgerUnusable
from paidsync.ledger.connections import CompanyChanged
from paidsync.ledger.tokens import TokenKeyUnusable, TokenLocked
from paidsync.reasons import RunStopped

_FAILED, _WRONG_USE = 1, 2


class WrongUse(Exception):
    """The command cannot be carried out as it was given."""


_MENDABLE = (
    WrongSettings,
    LedgerUnusable,
    FolderUnusable,
    TokenKeyUnusable,
    CompanyChanged,
    WrongUse,
)


def explained(command: Callable[[argparse.Namespace], int], chosen: argparse.Namespace) -> int:
    """Run a command; what a person can mend is printed as a sentence."""
    try:
        log_as_asked()
        return command(chosen)
    except _MENDABLE as error:
        return _say(str(error), _WRONG_USE)
    except ValidationError as error:
        faults = "; ".join(
            f"PAIDSYNC_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        return _say(f"The environment's settings are wrong: {faults}.", _WRONG_USE)
    except SettingsError as error:
        # It only says `... value for field "retry_seconds" from source ...`: a list not in JSON.
        field = str(error).split('"')[1] if '"' in str(error) else "..."
        return _say(
            f"The environment's settings are wrong: PAIDSYNC_{field.upper()} is not a JSON list, "
            "for example [5, 30].",
            _WRONG_USE,
        )
    except (OutsideError, RunStopped, TokenLocked) as error:
        return _say(str(error), _FAILED)
    except SQLAlchemyError as error:
        # Only what the database says: the statement and its values are nobody's business.
        said = error.orig if isinstance(error, DBAPIError) else type(error).__name__
        return _say(f"The ledger cannot be used: {str(said).rstrip('.')}.", _WRONG_USE)
    except OSError as error:
        return _say(
            f"{error.filename or 'A file'} cannot be used ({error.strerror or error}). Check that "
            "it is there and that this user may write to it.",
            _WRONG_USE,
        )


def _say(sentence: str, code: int) -> int:
    print(f"paidsync: {' '.join(sentence.split())}", file=sys.stderr)
    return code
