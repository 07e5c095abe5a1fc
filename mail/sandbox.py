"""The Jinja environment of templates: they read values and write text, and can do nothing else.

Templates are written by the shop's own people, so this is less a prison than a rail: escaping cannot be switched
off, methods cannot be called, a slip cannot fill the memory, and a misspelt name is an error.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment

from domain.model import Value
from mail.speech import Speech

# No `safe`: nothing turns escaping off. None that makes long text of short.
_FILTERS: Final = """
    abs batch capitalize default e escape first float int join last length list lower map max min reject rejectattr
    replace round select selectattr slice sort string sum title trim truncate unique upper
    """.split()  # noqa: SIM905 - a list of thirty words reads best as words


MAX_TEXT: Final = 400_000
"""Characters of any text that a template makes, as `mail.render` bounds the whole."""

MAX_NUMBER: Final = 10**15
"""A larger one is no price and no count, and some multiplications further fills the memory."""


class _Concatenating(CodeGenerator):
    """Lets `~` be bounded: a text that is doubled forty times is a terabyte."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 theirs
        self.write("environment.concatenate((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class Sandbox(ImmutableSandboxedEnvironment):
    """Reads templates from a folder, and speaks one way.

    Filters: the few above, `web_address`, and of the speech `money`, `number`, `day`, `time_of_day`, `day_and_time` and
    `product_name`. Functions: `word` and `distance`. See `mail.speech`.
    """

    # Text times a number can be a gigabyte before any output is seen. What is named here is not folded either.
    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = _Concatenating

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
        bounded = {"join": _join, "replace": _replace}
        self.filters = {name: self.filters[name] for name in _FILTERS} | bounded | own
        # Not Jinja's others: `lipsum` writes novels, and `namespace` lets a loop remember what it made.
        self.globals = {"range": self.globals["range"], "word": speech.word, "distance": speech.distance}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Let templates read fields of values, but call no method of values and texts."""
        if isinstance(obj, Value) and attr.startswith("model_"):
            return False
        if isinstance(obj, Value | str | bytes) and callable(value):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate with small numbers only, and put lists and texts together while they are short."""
        if operator == "+" and all(isinstance(operand, str | tuple | list) for operand in (left, right)):
            _require_short(len(left) + len(right))
            return super().call_binop(context, operator, left, right)
        if operator == "**" or not all(isinstance(operand, int | float) for operand in (left, right)):
            raise SecurityError(f"{operator} is for numbers only")
        if max(abs(left), abs(right)) > MAX_NUMBER:
            raise SecurityError(f"{operator} is for numbers up to {MAX_NUMBER} only")
        return super().call_binop(context, operator, left, right)

    def concatenate(self, parts: Sequence[Any]) -> str:
        """Make one text of several, as `~` does."""
        _require_short(sum(map(_length, parts)))
        return jinja2.runtime.markup_join(parts)


@jinja2.pass_eval_context
def _join(context: nodes.EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> Any:
    parts = list(value)
    _require_short(len(parts) * _length(d) + sum(map(_length, parts)))
    return FILTERS["join"](context, parts, d, attribute)


@jinja2.pass_eval_context
def _replace(context: nodes.EvalContext, s: str, old: str, new: str, count: int | None = None) -> Any:
    times = str(s).count(old) if old else _length(s) + 1
    _require_short(_length(s) + times * _length(new))
    return FILTERS["replace"](context, s, old, new, count)


def _length(value: object) -> int:
    return len(value) if isinstance(value, str) else len(str(value))


def _require_short(length: int) -> None:
    if length > MAX_TEXT:
        raise SecurityError(f"a text of more than {MAX_TEXT:,} characters is too long")


def web_address(address: str, default: str) -> str:
    """Pass on a web address. Whatever else a backend may have reported (`javascript:`, a path) gives the default."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return default
    return address.strip() if parts.scheme in {"http", "https"} and parts.netloc else default
