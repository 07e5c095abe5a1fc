"""Health check of a worker's container: does it hold a connection to Temporal?

A worker has no port to ask. Its container runs nothing else, so the kernel's table of connections tells. Linux only.
"""

import os
import sys
from pathlib import Path

DEFAULT_PORT = 7233
ESTABLISHED = "01"
"""Of the state column in /proc/net/tcp (include/net/tcp_states.h)."""

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def is_connected(port: int) -> bool:
    """Whether an established connection to that port of any machine starts here."""
    rows = (line.split() for table in TABLES if table.exists() for line in table.read_text().splitlines()[1:])
    return any(state == ESTABLISHED and int(remote.rpartition(":")[2], 16) == port for _, _, remote, state, *_ in rows)


def temporal_port(address: str) -> int:
    """The port in HOST:PORT."""
    port = address.rpartition(":")[2]
    return int(port) if port.isdecimal() else DEFAULT_PORT


if __name__ == "__main__":
    sys.exit(0 if is_connected(temporal_port(os.environ.get("SEGUE_TEMPORAL", ""))) else 1)
