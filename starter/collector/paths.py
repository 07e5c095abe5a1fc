"""Where clients send their calls, if not to `/v1/track` and its like: read in their sources, each run in tests/clients.

None of these is described in the collector's OpenAPI description: who writes a client of their own has no use for them.
"""

from collections.abc import Mapping
from typing import Final

from domain.event import EventType

CALLS: Final = "/v1/"

BATCH: Final = "batch"

_BATCHES: Final = (
    "/v1/b",  # Segment's library for browsers, when it is told to batch
    "/v1/import",  # Segment's older clients, with calls of the past
    "/beacon/v1/batch",  # RudderStack's library for browsers: by beacon, with `?writeKey=`
    "/api/public/apps/batch",  # Dittofeed's
)

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    # By their first letter: Segment's library for browsers, and those made from it. Jitsu's by their names.
    kind.value: (f"/v1/{kind[0]}", f"/api/s/{kind}", f"/api/s/s2s/{kind}")
    for kind in EventType
} | {BATCH: _BATCHES}
"""Further paths, by the name of the call."""

METRICS: Final = "/v1/m"
"""Where Segment's library for browsers reports how it fares itself."""

SETTINGS: Final = "/v1/projects/{write_key}/settings"
"""Asked by Segment's library for browsers before it sends anything."""

CUSTOMERIO_SETTINGS: Final = f"/customerio{SETTINGS}"
"""The same, by Customer.io's. It asks at the same path and understands another answer: its `cdnURL` tells it apart."""

SOURCE_CONFIG: Final = ("/sourceConfig/", "/sourceConfig")
"""Asked by RudderStack's library for browsers, likewise."""

FOR_BROWSERS: Final = (CALLS, "/api/", "/beacon/", "/customerio/", "/sourceConfig")
"""What scripts of any site may ask. They have no business with the pages."""

KEY_BESIDE: Final = ("/beacon/", "/api/s/")
"""Where the key may stand in the address or in `X-Write-Key`. Elsewhere it may not: proxies write addresses down."""

KEYED: Final = (CALLS, "/api/", "/beacon/")
"""Where calls go: whoever shows a key there in a header is counted by it, and not by their address."""
