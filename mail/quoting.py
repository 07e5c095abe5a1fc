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

_BYTE: Final = r"0{0,2}(?:25[0-5]|2[0-4]\d|1\d\d|\d{1,2})"
_HOST_OF_IP: Final = re.compile(
    rf"(?<![\w.-])(?:[\w-]*[a-z_-])?(?<!\d)(?:{_BYTE}-){{3}}{_BYTE}(?!\d)[\w-]*(?:\.[\w-]+)+"
    r"|(?<![\w.-])[\w-]*(?:[0-9a-f]{1,4}-){7}[0-9a-f]{1,4}[\w-]*(?:\.[\w-]+)+"
    r"|(?<![\w.-])[0-9a-f-]+\.ipv6-literal\.net\b",
    re.IGNORECASE,
)
"""Names that providers give to their customers' lines: `dsl-192-0-2-1.isp.example`."""


def quote(answer: str, recipient: str) -> str:
    """An answer in one line that tells of nobody: servers like to repeat whose it is, or where it leads.

    Mail addresses go, IP addresses and hosts that are named by one, and hosts in the recipient's domain: many a domain
    is a family's. Other hosts stay, for they are the mail services that say what is wrong.
    """
    said = " ".join(answer.split())[: 20 * LONGEST]
    quoted = re.sub(re.escape(recipient), "the recipient", said, flags=re.IGNORECASE)
    quoted = _in_domain(recipient).sub("the recipient's domain", _ADDRESS.sub("an address", quoted))
    quoted = _PERHAPS_IP.sub(_masked, _HOST_OF_IP.sub("a host named by its IP address", quoted))
    return quoted[:LONGEST]


def _in_domain(recipient: str) -> re.Pattern[str]:
    """Hosts in the domain of an address, itself included, however it is written."""
    domain = recipient.rpartition("@")[2].strip().rstrip(".")
    written = {domain, _in_ascii(domain), _in_letters(domain)} if "." in domain else {"\0"}
    names = "|".join(re.escape(each) for each in sorted(written))
    return re.compile(rf"(?<![\w.-])\.*(?:[\w-]+\.)*(?:{names})(?![\w-])", re.IGNORECASE)


def _in_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _in_letters(domain: str) -> str:
    try:
        return domain.encode().decode("idna")
    except UnicodeError:
        return domain


def _masked(found: re.Match[str]) -> str:
    bare = re.sub("^IPv6:", "", found[0], flags=re.IGNORECASE)
    end = "." if bare.endswith(".") else ""
    try:
        ip_address(bare.removesuffix("."))
    except ValueError:
        return found[0]
    return f"an IP address{end}"
