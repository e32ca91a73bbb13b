"""What public documentation leaves open, as `paidsync probe` asks it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Question(StrEnum):
    """In the order in which they are asked and shown; the README counts them the same way."""

    plain: str
    bears_on: str

    def __new__(cls, code: str, plain: str = "", bears_on: str = "") -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.plain = plain
        member.bears_on = bears_on
        return member

    LINKS_ON_CREATE = (
        "links_on_create",
        "Does requisition_id link a payment to its invoice when it is created?",
        "If not, the first write of every connection stops the run: tell the makers of PaidSync.",
    )
    CHANGE_SYNCED = (
        "change_synced",
        "What may be changed on a synced payment?",
        "PaidSync changes nothing either way. What may be changed can drift: look at such holds.",
    )
    ID_IS_UNIQUE = (
        "id_is_unique",
        "Is an origin_id unique, and with which error?",
        "If not, nothing but PaidSync's own reading guards against a second row under one id.",
    )
    NEGATIVE_AMOUNT = (
        "negative_amount",
        "Does a negative amount pass?",
        "If not, every reversal is refused and held: enter corrections in Procore by hand.",
    )
    ID_ON_TYPED_ROW = (
        "id_on_typed_row",
        "Can PaidSync's id be set on a row that somebody typed?",
        'If not, leave the policy\'s typed_rows at "hold".',
    )
    TAB_MATTERS = (
        "tab_matters",
        "Is a payment refused where the Payments Issued tab is off?",
        "PaidSync holds such payments either way.",
    )
    BULK_ROUTE = (
        "bulk_route",
        "Does the ERP partners' bulk route exist, and do its rows show under the same ids?",
        "PaidSync does not use it. If they show, it could be used for large companies later.",
    )
    DELETE_SYNCED = (
        "delete_synced",
        "May a synced payment be deleted?",
        "PaidSync deletes nothing either way. If it may, rows can disappear: look at such holds.",
    )
    UNLINK_AND_DELETE = (
        "unlink_and_delete",
        "May the id be taken off a synced payment, and the row then be deleted?",
        "PaidSync does neither. If it may, rows can disappear: look at such holds.",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """``yes``, ``no``, ``unknown`` or ``not asked``, or a list of words; and what was seen."""

    answer: str
    seen: str
