"""Reports the tests' sample calls with Segment's client for Python, and prints its errors.

Arguments: address, write key, `gzip` or `plain`.
"""

import sys
from datetime import UTC, datetime

from segment.analytics.client import Client


def main(host: str, write_key: str, packing: str) -> None:
    """Report, and wait until all is delivered or given up."""
    client = Client(
        write_key,
        host=host,
        gzip=packing == "gzip",
        upload_size=20,
        upload_interval=0.1,
        max_retries=3,
        on_error=lambda error, _calls: sys.stdout.write(f"error: {error}\n"),
    )
    client.identify("anna", {"email": "anna@shop.example", "first_name": "Anna"}, anonymous_id="visitor")
    client.track(
        "anna",
        "Product Added",
        {"product_id": "boots", "price": 120.5, "quantity": 2},
        timestamp=datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC),
        message_id="mine",
    )
    client.track("anna", "Product Added", message_id="mine")
    client.page(None, "Docs", "Pricing", {"url": "/pricing"}, anonymous_id="visitor")
    client.screen("anna", name="Cart")
    client.group("anna", "acme", {"plan": "pro"})
    client.alias("visitor-2", "anna")
    for number in range(50):
        client.track("anna", "Product Viewed", {"number": number, "name": "Ångström ☂"})
    client.flush()  # shutdown alone gives up what waits to be tried again
    client.shutdown()


main(*sys.argv[1:])
