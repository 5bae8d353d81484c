"""Tables of the property service and the only SQL that touches them."""
