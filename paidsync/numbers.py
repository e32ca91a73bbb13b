"""Bill, invoice and check numbers: strings of digits are ids, not numbers."""

import unicodedata


def normalised(number: str | None) -> str | None:
    """What of a number people mean when they call two the same: letters and digits, in one case.

    Leading zeros stay: ``INV-007`` and ``INV-7`` may be two invoices. None where nothing is left.
    """
    if not number:
        return None
    folded = unicodedata.normalize("NFKC", number).casefold()
    return "".join(character for character in folded if character.isalnum()) or None
