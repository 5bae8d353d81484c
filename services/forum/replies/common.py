"""What several kinds of answers hold."""

from typing import Annotated

from msgspec import Meta

Own = Annotated[str, Meta(description="仅提出人和本区域工作人员可见 / for its proposer and staff")]
InFavour = Annotated[int, Meta(description="赞成 / in favour")]
