"""The rules that data must meet before anything is matched, as Great Expectations suites."""
