"""What holds for every test."""

from hypothesis import settings

pytest_plugins = ("tests.secret_watch",)

# How long an example takes is the machine's business: no test fails for it.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
