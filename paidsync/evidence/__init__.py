"""The run folder: what one attempt of a run read, decided, wrote and saw; sealed at the end."""

from paidsync.evidence.folder import FileRef, RunFolder, SealBroken

__all__ = ["FileRef", "RunFolder", "SealBroken"]
