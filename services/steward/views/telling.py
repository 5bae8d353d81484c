"""How somebody is told."""

from __future__ import annotations

from fivered.chassis.bus import Nothing, Tx
from fivered.services.steward import storage
from fivered.services.steward.replies.telling import MessageChoices, choices_of


def message_choices(tx: Tx, _payload: Nothing) -> MessageChoices:
    """我的消息推送偏好 / By which channels I am told.

    What the caller has chosen, or what counts where nothing was.
    """
    return choices_of(
        storage.deliveries.choice(tx.conn, tx.actor.id),
        storage.vault(tx),
        tx.settings.channels,
    )
