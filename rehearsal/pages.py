"""The pages that are made from the journeys: docs/journeys.md, and the pictures in README.md."""

import re
from collections.abc import Mapping
from pathlib import Path

from domain.errors import ConfigurationError
from mail.context import TEMPLATES
from mail.render import Templates
from rehearsal.catalogue import catalogue
from rehearsal.draw import draw
from workflows.vocabulary.journey import Journey

_PICTURE = re.compile(r"(<!-- picture of (\S+): .*? -->\n).*?(<!-- end of the picture -->)", re.DOTALL)


def made_pages(root: Path, journeys: Mapping[str, type[Journey]]) -> dict[Path, str]:
    """Each page's path with its text as it ought to be.

    Args:
        root: the project's folder, with README.md and docs/.
        journeys: the journeys by name.

    Raises:
        ConfigurationError: the folder is not the project's, or a picture's mark names no journey.
    """
    readme = root / "README.md"
    if not readme.is_file() or not (root / "docs").is_dir():
        raise ConfigurationError(f"{root} has no README.md and docs/ to write to: run this in a checkout of Segue")
    return {
        readme: with_pictures(readme.read_text(encoding="utf-8"), journeys),
        root / "docs" / "journeys.md": catalogue(journeys, Templates(TEMPLATES)),
    }


def with_pictures(page: str, journeys: Mapping[str, type[Journey]]) -> str:
    """A page with every marked picture drawn anew."""

    def drawn(mark: re.Match[str]) -> str:
        begin, name, end = mark.groups()
        if name not in journeys:
            raise ConfigurationError(f"README.md has a picture of {name!r}, and no journey is named so: take it out")
        return f"{begin}```mermaid\n{draw(journeys[name])}```\n{end}"

    return _PICTURE.sub(drawn, page)
