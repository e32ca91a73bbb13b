"""The four questions that the rules ask, answered without Great Expectations.

It needs half of a small run's time, a hundred times over in the scenarios about money. Those take
this; the runs through Prefect take the real thing, and a test compares both.
"""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from expectations import gate


class _Batch:
    def __init__(self, frame: pd.DataFrame) -> None:
        self._size = len(frame)
        self._columns = {str(name): cells.tolist() for name, cells in frame.items()}

    def validate(self, suite: Any, *, result_format: dict[str, Any]) -> SimpleNamespace:
        answers = [self._answer(each, result_format) for each in suite.expectations]
        return SimpleNamespace(results=answers)

    def _answer(self, question: Any, result_format: dict[str, Any]) -> SimpleNamespace:
        rows = self._rows(question.row_condition)
        cells = self._columns[question.column]
        given = {row: cells[row] for row in rows if not _is_missing(cells[row])}
        broken = _broken(question, given)
        result: dict[str, Any] = {"element_count": len(rows), "unexpected_count": len(broken)}
        for name in result_format.get("unexpected_index_column_names", ()):
            named = self._columns[name]
            result["unexpected_index_list"] = [{name: int(named[row])} for row in broken]
        return SimpleNamespace(
            success=not broken,
            result=result,
            exception_info=None,
            expectation_config=SimpleNamespace(meta=question.meta),
        )

    def _rows(self, about: Any) -> list[int]:
        if about is None:
            return list(range(self._size))
        cells = self._columns[about.column.name]
        return [row for row, cell in enumerate(cells) if cell == about.parameter]


def _is_missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell != cell  # NaN is not itself


def _broken(question: Any, given: dict[int, Any]) -> list[int]:
    """Rows whose cell is not as the question wants it."""
    match question.expectation_type:
        case "expect_column_values_to_be_null":
            return list(given)
        case "expect_column_values_to_be_unique":
            counts = Counter(given.values())
            return [row for row, cell in given.items() if counts[cell] > 1]
        case "expect_column_values_to_be_in_set":
            return [row for row, cell in given.items() if cell not in question.value_set]
        case "expect_column_values_to_be_between":
            low, high = question.min_value, question.max_value
            return [
                row
                for row, cell in given.items()
                if (low is not None and cell < low) or (high is not None and cell > high)
            ]
    raise AssertionError(f"The rules ask something new: {question.expectation_type}.")


def use(patch: pytest.MonkeyPatch) -> None:
    """From now on."""
    patch.setattr(gate, "_batch", _Batch)
