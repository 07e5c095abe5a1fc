"""The open pixel: a picture of one transparent dot, whose address tells of which mail it is. Off by default.

It says when a mail was opened, and often when a program opened it (`domain.machines`). Many mail programs load no
picture, so that who opened nothing may have read all.
"""

import html
from typing import Final

GIF: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""One transparent dot (GIF89a), 43 bytes."""

_END: Final = "</body>"


def with_pixel(page: str, address: str) -> str:
    """An HTML mail with the picture at its end; one without an end of its body stays as it is.

    Screen readers pass over it, it takes no room, and the plain text has none.
    """
    before, end, after = page.rpartition(_END)
    if not end:
        return page
    source = html.escape(address, quote=True)
    dot = f'<img src="{source}" alt="" role="presentation" width="1" height="1" style="display:block;border:0">'
    return f"{before}{dot}{end}{after}"
