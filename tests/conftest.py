"""What holds for every test."""

pytest_plugins = ("tests.secret_watch",)
