"""Projections that may be thrown away and read again from their source.

Only a subscription that does nothing but keep a projection may be declared so: its inbox rows are
cleared with its tables, and the same events take effect again. A ledger's handler never is one.
"""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis.messages import Projection
from fivered.chassis.transaction import Opened


def clear(runtime: Opened, projection: Projection) -> int:
    """Empty a projection's tables, forget its receipts, and set its source back to the start.

    The embedded host then reads again by itself; on RabbitMQ the source says its facts again
    (`fivered events replay`). Returns how many receipts were forgotten.
    """
    chassis = runtime.chassis
    facts = runtime.reads_of.get(projection.source, {})
    handlers = {reader.method for reader in facts.values()}
    if handlers != {projection.handler}:
        raise ValueError(f"{projection.name}: {projection.source} is heard by {sorted(handlers)}")
    with runtime.engine.begin() as conn:
        for table in projection.tables:
            conn.execute(sa.delete(runtime.service_cls.tables.tables[table]))
        forgotten = conn.execute(
            sa.delete(chassis.inbox).where(chassis.inbox.c.handler == projection.handler)
        ).rowcount
        conn.execute(
            sa.update(chassis.cursors)
            .where(chassis.cursors.c.source == projection.source)
            .values(position=0)
        )
    return forgotten
