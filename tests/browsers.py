"""The browser that tests look at pages with, if one is here: without it they are skipped, and in CI they fail."""

import os
import shutil
from typing import Final

import pytest

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def require_browser(what_for: str) -> str:
    """Where the browser is.

    Args:
        what_for: what CI has to do with it, e.g. `look at mails in one`.
    """
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing = f"no browser is here, e.g. Debian's package chromium; looked for {', '.join(_NAMES)}"
        if os.environ.get("CI"):
            pytest.fail(f"{missing}: CI has to {what_for}")
        pytest.skip(missing)
    return found
