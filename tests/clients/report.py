"""Reports the tests' sample calls with a client for Python, and prints its errors. All of them have one shape.

Arguments: the client's module, address, write key, `gzip` or `plain`.
"""

import importlib
import sys
from datetime import UTC, datetime


def main(module: str, host: str, write_key: str, packing: str) -> None:
    """Report, and wait until all is delivered or given up."""
    client = importlib.import_module(module).Client(
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
    client.flush()  # leaving alone gives up what waits to be tried again
    getattr(client, "shutdown", client.join)()


main(*sys.argv[1:])
