"""How long things take and what they need; run by hand, never a timed test."""
