"""Facts as a person writes them: `first order=false`."""

from typing import Any

from domain.facts import FACTS, Fact
from rehearsal.stage.errors import ScriptError

_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def parse_fact(text: str) -> tuple[Fact[Any], bool | str]:
    """Read a fact and what it is to be.

    Raises:
        ScriptError: there is no such fact, or it has no such value; says what is possible.
    """
    name, _, said = (part.strip().lower() for part in text.partition("="))
    fact = FACTS.get(name)
    if fact is None:
        raise ScriptError(f"“{text}”: no fact is called “{name}”; there are {', '.join(FACTS)}")
    values: dict[str, bool | str] = {str(value).lower(): value for value in fact.values}
    value = values.get(said, _WORDS.get(said, said))
    if value not in fact.values:
        raise ScriptError(f"“{text}”: say {' or '.join(f'“{name}={value}”' for value in values)}")
    return fact, value
