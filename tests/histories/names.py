"""What documents are called in a history that is written down."""

from collections.abc import Mapping
from typing import Any

from tests.histories.scene import Scene


class Names:
    """The names, each learnt from the move that made the document, and back."""

    def __init__(self, scene: Scene) -> None:
        seen = scene.see("/world?limit=100")
        self._values: dict[str, Any] = {}
        for kind in ("vendor", "commitment", "project"):
            for place, one in enumerate(reversed(seen[f"{kind}s"])):
                self._values[f"@{kind}.{place}"] = one["id"]
        self._names = {(_of_vendor(name), str(value)): name for name, value in self._values.items()}

    def learn(self, number: int, answer: Any) -> None:
        """Documents that a move made."""
        for path, value in _ids(answer):
            name = f"@{number}.{path}"
            self._values.setdefault(name, value)
            self._names.setdefault((False, str(value)), name)

    def written(self, value: Any, key: str = "") -> Any:
        """Arguments with names for the documents."""
        if isinstance(value, Mapping):
            return {name: self.written(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self.written(each, key) for each in value]
        if key == "id" or key.endswith(("_id", "_bill")):
            return self._names.get((_of_vendor(key), str(value)), value)
        return value

    def meant(self, value: Any) -> Any:
        """Arguments with the documents for their names. Raises LookupError for unknown ones."""
        if isinstance(value, Mapping):
            return {name: self.meant(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.meant(each) for each in value]
        return self._values[value] if isinstance(value, str) and value.startswith("@") else value


def _of_vendor(name: str) -> bool:
    return "vendor" in name  # QuickBooks counts names and transactions apart


def _ids(answer: Any, path: str = "") -> list[tuple[str, Any]]:
    """The ids in an answer with where they are in it."""
    if isinstance(answer, Mapping):
        items = list(answer.items())
    elif isinstance(answer, list):
        items = list(enumerate(answer))
    else:
        return [(path, answer)] if path.endswith("_id") and answer is not None else []
    return [found for key, each in items for found in _ids(each, f"{path}.{key}".lstrip("."))]
