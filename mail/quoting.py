"""What a server said, fit for a log line and a workflow's history."""

import re
from ipaddress import ip_address
from typing import Final

LONGEST: Final = 300
"""Characters. Some servers answer with an essay."""

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")


_PERHAPS_IP: Final = re.compile(
    r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)"
    r"|(?<![\w:])(?:IPv6:)?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}(?![\w:])",
    re.IGNORECASE,
)
"""Times of day look like it, too."""


def quote(answer: str, recipient: str) -> str:
    """An answer in one line without mail and IP addresses: servers like to repeat whose it is, or where it leads."""
    quoted = re.sub(re.escape(recipient), "the recipient", answer, flags=re.IGNORECASE)
    quoted = _PERHAPS_IP.sub(_masked, _ADDRESS.sub("an address", quoted))
    return " ".join(quoted.split())[:LONGEST]


def _masked(found: re.Match[str]) -> str:
    bare = re.sub("^IPv6:", "", found[0], flags=re.IGNORECASE)
    end = "." if bare.endswith(".") else ""
    try:
        ip_address(bare.removesuffix("."))
    except ValueError:
        return found[0]
    return f"an IP address{end}"
