"""Procore: read what Payments Issued shows, and post to it."""
