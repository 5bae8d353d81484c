"""What the other services have told people: read to send it to phones and mailboxes."""

from fivered.chassis.facts import reads
from fivered.chassis.outgoing import MessagesHeard


@reads("credit", "messages_told.v1")
class CreditToldHeard(MessagesHeard):
    """Credit has told people something: it goes out as they have chosen."""


@reads("property", "messages_told.v1")
class PropertyToldHeard(MessagesHeard):
    """Property has told people something: it goes out as they have chosen."""


@reads("partner", "messages_told.v1")
class PartnerToldHeard(MessagesHeard):
    """Partner has told people something: it goes out as they have chosen."""


@reads("forum", "messages_told.v1")
class ForumToldHeard(MessagesHeard):
    """The forum has told people something: it goes out as they have chosen."""


@reads("identity", "messages_told.v1")
class IdentityToldHeard(MessagesHeard):
    """Identity has told people something: it goes out as they have chosen."""
