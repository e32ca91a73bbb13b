"""The outside systems: what each delivers, in PaidSync's words."""
