"""Which roles exclude each other: said once, for rights that services keep and tokens that an
operator makes. Pure."""

from __future__ import annotations

# Who administers accounts and rights; who watches over them is none of them.
ADMINISTER = frozenset({"R_SECRETARY", "R_STREET", "R_DISTRICT"})
AUDITOR = "R_AUDITOR"


def exclude(one: str, other: str) -> bool:
    """Tell whether nobody may hold both roles, wherever they hold."""
    return (one == AUDITOR and other in ADMINISTER) or (other == AUDITOR and one in ADMINISTER)
