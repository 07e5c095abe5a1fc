"""The README tells the truth about what it shows."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_journey_shown_is_the_journey_deployed() -> None:
    [shown] = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    source = (ROOT / "workflows/cart_recovery.py").read_text()
    assert shown == source[source.index("@journey\n") :]


def test_every_path_it_names_exists() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r"`([\w/.-]+/)`", README)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
