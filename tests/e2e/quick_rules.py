"""The four questions that the rules ask, answered by pandas alone.

Great Expectations needs half of a small run's time, a hundred times over in the scenarios about
money. Those take this; the runs through Prefect take the real thing, and a test compares both.
"""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from expectations import gate


class _Batch:
    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def validate(self, suite: Any, *, result_format: dict[str, Any]) -> SimpleNamespace:
        answers = [self._answer(each, result_format) for each in suite.expectations]
        return SimpleNamespace(results=answers)

    def _answer(self, question: Any, result_format: dict[str, Any]) -> SimpleNamespace:
        frame = self._frame
        about = question.row_condition
        if about is not None:
            frame = frame[frame[about.column.name] == about.parameter]
        broken = _broken(question, frame[question.column])
        result: dict[str, Any] = {"element_count": len(frame), "unexpected_count": len(broken)}
        for name in result_format.get("unexpected_index_column_names", ()):
            rows = frame.loc[broken.index, name]
            result["unexpected_index_list"] = [{name: int(position)} for position in rows]
        return SimpleNamespace(
            success=broken.empty,
            result=result,
            exception_info=None,
            expectation_config=SimpleNamespace(meta=question.meta),
        )


def _broken(question: Any, column: "pd.Series[Any]") -> "pd.Series[Any]":
    given = column.dropna()
    match question.expectation_type:
        case "expect_column_values_to_be_null":
            return given
        case "expect_column_values_to_be_unique":
            return given[given.duplicated(keep=False)]
        case "expect_column_values_to_be_in_set":
            return given[~given.isin(question.value_set)]
        case "expect_column_values_to_be_between":
            low, high = question.min_value, question.max_value
            wrong = pd.Series(data=False, index=given.index)
            wrong |= False if low is None else given < low
            wrong |= False if high is None else given > high
            return given[wrong.astype(bool)]
    raise AssertionError(f"The rules ask something new: {question.expectation_type}.")


def use(patch: pytest.MonkeyPatch) -> None:
    """From now on."""
    patch.setattr(gate, "_batch", _Batch)
