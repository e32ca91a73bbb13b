"""A connection's policy: the choices of money-rules that a company makes for itself."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Policy(BaseModel):
    """Stored in versions; an entry is judged by the version it was posted under (rule 5.5)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_date: date = Field(
        description="Payments dated before it that are already in the ERP at the first run are "
        "history and are not posted."
    )
    deleted_in_erp: Literal["hold", "reverse"] = Field(
        "hold", description="What follows when a posted payment was, on proof, deleted in the ERP."
    )
    details_changed: Literal["note", "repost"] = Field(
        "note",
        description="What follows when only the check number or the date of a posted payment "
        "changed in the ERP.",
    )
    schedule: Literal["hourly", "2h", "4h", "daily", "never"] = Field(
        "hourly", description="How often sync-all runs this connection."
    )
