"""What Procore's public documentation leaves open about payments; the sandbox can be either way.

The defaults are what is assumed elsewhere. `POST /procore/open-points` of the control API changes
them, so that whoever asks Procore itself is seen to understand each answer.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

BULK = ("closed", "rejects", "same", "apart", "hidden")
"""Of the partners' bulk route: closed to this app; open, but refusing every row; making rows of
Payments Issued and naming them; making them and naming others; making none that is shown."""


@dataclass(slots=True)
class OpenPoints:
    """One answer each."""

    links_on_create: bool = True
    locks_synced: bool = True
    unique_ids: bool = True
    taken_status: int = 422
    negative_amounts: bool = True
    id_on_typed_rows: bool = True
    tab_matters: bool = True
    deletes_synced: bool = False
    unlinks: bool = True
    deletes_unsynced: bool = True
    bulk: str = "closed"

    def change(self, **answers: object) -> None:
        """Be otherwise from now on; raises ``ValueError`` for what is no answer."""
        known = {each.name: type(each.default) for each in fields(self)}
        for name, value in answers.items():
            if name not in known or type(value) is not known[name]:
                raise ValueError(f"{name} is not {value!r}")
            if name == "bulk" and value not in BULK:
                raise ValueError(f"bulk is one of {', '.join(BULK)}")
            setattr(self, name, value)
