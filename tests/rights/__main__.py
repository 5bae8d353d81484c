"""python -m tests.rights: try every door in every role and write what came into the tables.

Read the difference before it is committed: the tables say what is right, not what happens to be.
"""

import tempfile
from pathlib import Path

from deploy import rights as table
from tests.refusals.telling import Site, tell
from tests.rights import more, walk

with tempfile.TemporaryDirectory() as folder:
    site = Site(Path(folder), **more.ENVIRON)
    try:
        tell(site, [], {}, lambda _witness: None)
        table.write(table.by_unit(walk.reaches(walk.walk(site))))
    finally:
        site.close()
