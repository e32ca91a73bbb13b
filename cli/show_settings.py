"""``paidsync settings``."""

from pydantic import SecretStr

from paidsync.ledger import Ledger
from paidsync.settings import settings


def show() -> int:
    """Each setting with its effective value; secrets are masked."""
    own = settings()
    for name, field in type(own).model_fields.items():
        value = getattr(own, name)
        if isinstance(value, SecretStr):
            value = "********"
        print(f"PAIDSYNC_{name.upper():<24} {'' if value is None else value}")
        print(f"    {field.description}")
    print(f"the ledger       {Ledger(own.ledger_url).shown_url}")
    print(f"the run folders  {own.runs_dir}")
    return 0


def new_key() -> int:
    """A key for PAIDSYNC_SECRET_KEY, on standard output alone."""
    from cryptography.fernet import Fernet

    print(Fernet.generate_key().decode())
    return 0
