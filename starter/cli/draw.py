"""`segue draw`: a journey as a picture, and the catalogue of all."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from domain.errors import ConfigurationError
from rehearsal import draw as drawing
from rehearsal.pages import made_pages
from workflows.catalogue import JOURNEYS, journey_named

ROOT = Path(__file__).resolve().parent.parent.parent
"""The checkout that this runs in."""


def draw(
    journey: Annotated[str | None, Parameter(help="Name of the journey, e.g. cart-recovery.")] = None,
    /,
    *,
    docs: Annotated[bool, Parameter(negative="", help="Write docs/journeys.md and README.md's picture.")] = False,
) -> None:
    """Print a journey as a Mermaid flowchart, made by exploring all its paths. Nothing needs to run.

    The waits are those that the journey's settings have by default.
    """
    if docs == (journey is not None):
        raise ConfigurationError(f"name a journey ({', '.join(sorted(JOURNEYS))}), or give --docs to write the pages")
    if journey is not None:
        print(drawing.draw(journey_named(journey)), end="")
        return
    for path, text in made_pages(ROOT, JOURNEYS).items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
