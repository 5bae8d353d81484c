"""红色信用 / Red Credit: consent, rules, awards, points, settlement, notice and objection."""
