"""Loaded by the fork server before it forks its first client: what is slow at its first use, and
what the end-to-end tests leave out, too, because it only costs time here."""

import functools
import gc
from datetime import date

import crash_client  # noqa: F401
import fastapi  # noqa: F401
import httpx
import prefect.flow_engine
import prefect.task_engine  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pytest
import quick_rules

import connectors.oauth  # noqa: F401
from expectations import bill_payments, payment_applications
from paidsync.records import ALLOCATIONS, PAYMENT_APPLICATIONS

_patch = pytest.MonkeyPatch()
_context = httpx.create_ssl_context()
_patch.setattr("ssl.create_default_context", lambda *_, **__: _context)  # for TLS nobody speaks
quick_rules.use(_patch)
for _rules in (bill_payments, payment_applications):
    _patch.setattr(_rules, "suite", functools.cache(_rules.suite))
bill_payments.validate(ALLOCATIONS.frame([]), today=date.max)
payment_applications.validate(PAYMENT_APPLICATIONS.frame([]))
gc.freeze()  # what is shared stays shared
gc.disable()  # a client lives for a second
