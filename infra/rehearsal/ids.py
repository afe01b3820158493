"""The ids that Rolecall derives from a `sub`, as `shared/src/domain/id.rs` does."""

import hashlib

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def member_id(organization, sub):
    """The id of a person as a member of an organization."""
    return "mem_" + _digits(organization.removeprefix("org_") + sub)


def person_id(sub):
    """The id of a person on the whole platform."""
    return "person_" + _digits("SUB\0" + sub)


def _digits(text):
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(26)))
