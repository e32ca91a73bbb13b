"""The run folder: what one attempt of a run read, decided, wrote and saw; sealed at the end."""

from paidsync.evidence.folder import FileRef, FolderUnusable, RunFolder, SealBroken

__all__ = ["FileRef", "FolderUnusable", "RunFolder", "SealBroken"]
