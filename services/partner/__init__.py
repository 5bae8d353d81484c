"""红色合伙人: partners, offers, redemptions, statements and the money fund."""
