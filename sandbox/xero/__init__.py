"""Xero's Accounting API and identity service, over the books of one organisation."""
