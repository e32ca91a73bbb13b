"""The flows that people and schedules start; thin."""
