"""Reports as much as Segment's client for Python puts into one batch. Arguments: address, write key."""

import sys

from segment.analytics.client import Client


def main(host: str, write_key: str) -> None:
    """Report forty events of some 31 kB: the client sends them fifteen or sixteen at a time."""
    client = Client(write_key, host=host, on_error=lambda error, _calls: sys.stdout.write(f"error: {error}\n"))
    for number in range(40):
        client.track("anna", "Product Viewed", {"number": number, "text": "x" * 31_000})
    client.flush()
    client.shutdown()


main(*sys.argv[1:])
