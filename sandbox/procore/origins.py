"""Who holds which origin id: unique in the company, per object type (reference 3.5)."""

from __future__ import annotations


class DuplicateOrigin(ValueError):
    """Another record of the same type already holds this origin id."""


class OriginIndex:
    """From (object type, origin id) to the record that holds it."""

    def __init__(self) -> None:
        self._holders: dict[str, dict[str, int]] = {}
        self._forced: dict[tuple[str, str], list[int]] = {}

    def holder(self, item_type: str, origin_id: str) -> int | None:
        """The id of the record with this origin id, if any."""
        return self._holders.get(item_type, {}).get(origin_id)

    def items(self, item_type: str) -> list[int]:
        """Ids of all records of this type that carry an origin id."""
        forced = [i for (kind, _), ids in self._forced.items() if kind == item_type for i in ids]
        return sorted([*self._holders.get(item_type, {}).values(), *forced])

    def claim(
        self, item_type: str, origin_id: str | None, item_id: int, *, forced: bool = False
    ) -> None:
        """Take an origin id for a record.

        ``forced`` puts a second holder beside the first: no documented call can do that, but
        a client must notice if it ever meets one.
        """
        if origin_id is None:
            return
        holders = self._holders.setdefault(item_type, {})
        first = holders.setdefault(origin_id, item_id)
        if first == item_id:
            return
        if not forced:
            raise DuplicateOrigin(f"{item_type} {first} already has origin id {origin_id!r}")
        self._forced.setdefault((item_type, origin_id), []).append(item_id)

    def release(self, item_type: str, origin_id: str | None, item_id: int) -> None:
        """Give an origin id back, so that another record may take it."""
        if origin_id is None:
            return
        holders = self._holders.get(item_type, {})
        extra = self._forced.get((item_type, origin_id), [])
        if holders.get(origin_id) != item_id:
            if item_id in extra:
                extra.remove(item_id)
            return
        del holders[origin_id]
        if extra:
            holders[origin_id] = extra.pop(0)

    def move(self, item_type: str, old: str | None, new: str | None, item_id: int) -> None:
        """Exchange a record's origin id, or leave everything as it was and raise."""
        if old == new:
            return
        self.claim(item_type, new, item_id)
        self.release(item_type, old, item_id)
