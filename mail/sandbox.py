"""The Jinja environment of templates: they read values and write text, and can do nothing else.

Templates are written by the shop's own people, so this is less a prison than a rail: escaping cannot be switched
off, methods cannot be called, a slip cannot fill the memory, and a misspelt name is an error.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from domain.model import Value
from mail.speech import Speech

# No `safe`: nothing turns escaping off. None that makes long text of short.
_FILTERS: Final = """
    abs batch capitalize default e escape first float int join last length list lower map max min reject rejectattr
    replace round select selectattr slice sort string sum title trim truncate unique upper
    """.split()  # noqa: SIM905 - a list of thirty words reads best as words


class Sandbox(ImmutableSandboxedEnvironment):
    """Reads templates from a folder, and speaks one way.

    Filters: the few above, `web_address`, and of the speech `money`, `number`, `day`, `time_of_day`, `day_and_time` and
    `product_name`. Functions: `word` and `distance`. See `mail.speech`.
    """

    # Text times a number can be a gigabyte before any output is seen. What is named here is not folded either.
    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, folder: Path, speech: Speech) -> None:
        super().__init__(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        own = {
            "money": speech.money,
            "number": speech.number,
            "day": speech.day,
            "time_of_day": speech.time_of_day,
            "day_and_time": speech.day_and_time,
            "product_name": speech.product_name,
            "web_address": web_address,
        }
        self.filters = {name: self.filters[name] for name in _FILTERS} | own
        self.globals |= {"word": speech.word, "distance": speech.distance}

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


def web_address(address: str, default: str) -> str:
    """Pass on a web address. Whatever else a backend may have reported (`javascript:`, a path) gives the default."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return default
    return address.strip() if parts.scheme in {"http", "https"} and parts.netloc else default
