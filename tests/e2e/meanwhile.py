"""What happens in the world while a run is under way, between two of its stages."""

from collections.abc import Callable
from typing import Any

import pytest

import flows.sync_payments as flow_module


def just_before(patch: pytest.MonkeyPatch, stage: str, act: Callable[[], Any]) -> None:
    """The world moves once, just before the next run's first call of a stage."""
    real = getattr(flow_module, stage).fn
    waiting = [act]

    def staged(*arguments: Any, **named: Any) -> Any:
        while waiting:
            waiting.pop()()
        return real(*arguments, **named)

    patch.setattr(flow_module, stage, staged)
