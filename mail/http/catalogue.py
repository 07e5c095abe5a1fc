"""The providers that can be chosen by a setting."""

from collections.abc import Callable
from typing import Final

from pydantic import SecretStr

from domain.errors import ConfigurationError
from mail.http import resend
from mail.http.provider import Provider

_ADAPTERS: Final[dict[str, tuple[Callable[[SecretStr, str], Provider], str]]] = {
    "resend": (resend.Resend, resend.URL),
}
"""Adapter and address of the API, by the name that SEGUE_PROVIDER gives."""


def find_provider(name: str, key: SecretStr | None, url: str | None = None) -> Provider:
    """The provider of a name.

    Args:
        name: as in SEGUE_PROVIDER.
        key: its API key.
        url: where its API answers, if not where it usually does.

    Raises:
        ConfigurationError: no adapter has that name, or the key is missing or cannot be one.
    """
    if name not in _ADAPTERS:
        raise ConfigurationError(f"SEGUE_PROVIDER: {name[:40]!r} is not known; known are {', '.join(_ADAPTERS)}")
    secret = key.get_secret_value().strip() if key else ""
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigurationError(f"SEGUE_PROVIDER_KEY: set it to an API key of {name}, in one line")
    adapter, usual = _ADAPTERS[name]
    return adapter(SecretStr(secret), url or usual)
