"""The Jinja environment of templates: they read values and write text, and can do nothing else.

Templates are written by the shop's own people, so this is less a prison than a rail: escaping cannot be switched
off, methods cannot be called, a slip cannot fill the memory, and a misspelt name is an error.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from domain.customer import CartLine
from domain.model import Value

# No `safe`: nothing turns escaping off. None that makes long text of short.
_FILTERS: Final = """
    abs batch capitalize default e escape first float int join last length list lower map max min reject rejectattr
    replace round select selectattr slice sort string sum title trim truncate unique upper
    """.split()  # noqa: SIM905 - a list of thirty words reads best as words

_SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "JPY": "¥", "INR": "₹"}
_WITHOUT_CENTS: Final = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF"})


class Sandbox(ImmutableSandboxedEnvironment):
    """Reads templates from a folder. Filters: the few above, and `money`, `day`, `web_address`, `product_name`."""

    # Text times a number can be a gigabyte before any output is seen. What is named here is not folded either.
    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, folder: Path) -> None:
        super().__init__(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        own = {"money": money, "day": day, "web_address": web_address, "product_name": product_name}
        self.filters = {name: self.filters[name] for name in _FILTERS} | own

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Let templates read fields of values, but call no method of values and texts."""
        if isinstance(obj, Value) and attr.startswith("model_"):
            return False
        if isinstance(obj, Value | str | bytes) and callable(value):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate with small numbers only."""
        if operator == "**" or not all(isinstance(operand, int | float) for operand in (left, right)):
            raise SecurityError(f"{operator} is for numbers only")
        return super().call_binop(context, operator, left, right)


def money(amount: float, currency: str) -> str:
    """Write a price the way English-speaking shops do: `$1,234.50`, `¥1,200`, `1,234.50 SEK`."""
    number = f"{amount:,.0f}" if currency in _WITHOUT_CENTS else f"{amount:,.2f}"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{number}" if symbol else f"{number} {currency}"


def day(moment: datetime) -> str:
    """Write a date without its year: `Thursday, December 4`. In the zone the moment carries."""
    return f"{moment:%A, %B} {moment.day}"


def web_address(address: str, default: str) -> str:
    """Pass on a web address. Whatever else a backend may have reported (`javascript:`, a path) gives the default."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return default
    return address.strip() if parts.scheme in {"http", "https"} and parts.netloc else default


def product_name(line: CartLine) -> str:
    """Name a product, by its id where no name was reported."""
    return line.name.strip() or f"Item {line.product_id}"
