"""The few pages a recipient sees: no script, nothing loaded from elsewhere, for any browser or screen reader."""

import base64
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

_HERE: Final = Path(__file__).parent
_STYLE: Final = (_HERE / "style.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


class Pages:
    """Renders them for one shop.

    Args:
        shop_url: where to go from a dead end; left out of the pages unless it is a web address.
        shop_name: how the sender is called.
    """

    def __init__(self, shop_url: str, shop_name: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._environment.globals |= {
            "shop_url": shop_url if shop_url.startswith(("https://", "http://")) else "",
            "shop_name": shop_name,
            "style": _STYLE,
        }

    def ask(self) -> HTMLResponse:
        """Ask whether the recipient really wants to leave."""
        return self._page("ask", 200)

    def left(self) -> HTMLResponse:
        """Confirm that they have."""
        return self._page("left", 200)

    def broken(self, status: int) -> HTMLResponse:
        """Tell that a link leads nowhere: 404 if it never did, 410 if it does no more."""
        return self._page("broken", status)

    def away(self, retry_after: int) -> HTMLResponse:
        """Ask to try again later."""
        answer = self._page("away", 503)
        answer.headers["Retry-After"] = str(retry_after)
        return answer

    def _page(self, name: str, status: int) -> HTMLResponse:
        return HTMLResponse(self._environment.get_template(f"{name}.html.j2").render(), status, _HEADERS)
