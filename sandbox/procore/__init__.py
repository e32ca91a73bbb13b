"""Procore on loopback: the documented REST and OAuth behaviour over real HTTP.

The package imports nothing of the product, so that it cannot share its mistakes. What is
documented, what is assumed and what is stricter than published is listed in
``docs/sandbox-procore.md``.
"""

from sandbox.procore.app import create_app
from sandbox.procore.auth_app import create_auth_app
from sandbox.procore.model import (
    BillingPeriod,
    Commitment,
    ContractPayment,
    Project,
    Requisition,
    User,
    Vendor,
)
from sandbox.procore.rates import RateLimits
from sandbox.procore.store import ProcoreStore

__all__ = [
    "BillingPeriod",
    "Commitment",
    "ContractPayment",
    "ProcoreStore",
    "Project",
    "RateLimits",
    "Requisition",
    "User",
    "Vendor",
    "create_app",
    "create_auth_app",
]
