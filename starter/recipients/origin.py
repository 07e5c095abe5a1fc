"""Whether a form was posted from one of our own pages.

The token in a page's address is the proof; no cookie is involved, so that a page elsewhere could only post to a link it
knows. Browsers say where a post comes from: Sec-Fetch-Site (W3C Fetch Metadata, all of them since 2023), and Origin,
which is `null` after a page that sends no referrer, as ours are. What says nothing of itself passes: mail providers
post for their readers (RFC 8058), and send neither.
"""

from urllib.parse import urlsplit

from starlette.requests import Request

_OWN = ("same-origin", "none")
"""From our own page, or typed and reloaded by the reader."""


def is_from_elsewhere(request: Request, own: str) -> bool:
    """Whether a browser says that another site made it post.

    Args:
        request: the post.
        own: our address as the world knows it; the one that was asked, behind a proxy maybe another, counts too.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in _OWN
    origin = request.headers.get("origin")
    if origin is None or origin == "null":
        return False
    return urlsplit(origin).netloc not in {urlsplit(own).netloc, request.headers.get("host")}
