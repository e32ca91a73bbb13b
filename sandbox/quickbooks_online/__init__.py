"""QuickBooks Online's Accounting API v3, as strict as its documentation."""
