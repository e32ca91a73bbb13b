"""Xero: the Accounting API 2.0, read only."""
