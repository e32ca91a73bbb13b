"""A year of the invented company, synced once per business day and compared with the truth."""
