"""QuickBooks Online: the Accounting API v3, read only."""
