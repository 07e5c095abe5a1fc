"""Shows that the inspector finds what it is for: each broken build breaks the promise that it must."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.faults.plan import RunPlan
from tests.faults.run import run_once

MUST_BREAK: Final[dict[str, tuple[RunPlan, tuple[str, ...]]]] = {
    "no-claim": (
        RunPlan(
            seed=4,
            kills=12,
            shoppers=40,
            every=4.0,
            aimed=1.0,
            slow=0.8,
            imported=0,
            quiet_within=30.0,
            broken="no-claim",
        ),
        ("sent_is_accepted_once",),
    ),
    "cap-outside": (
        RunPlan(seed=5, kills=0, shoppers=30, pace=7_200.0, imported=0, quiet_within=30.0, broken="cap-outside"),
        ("caps_hold",),
    ),
    "marked-first": (
        RunPlan(seed=6, kills=8, shoppers=60, every=3.0, imported=0, quiet_within=30.0, broken="marked-first"),
        ("every_dispatch_has_its_effect",),
    ),
    "doors": (
        RunPlan(seed=7, kills=0, shoppers=80, every=3.0, imported=2_000, quiet_within=30.0, broken="doors"),
        (
            "nothing_goes_after_a_no",
            "choices_hold",
            "every_report_has_its_effect_once",
            "owed_mail_waits_for_a_backend",
            "joined_customers_have_one_journey",
            "nobody_tells_of_people",
            "imported_is_there_once",
        ),
    ),
}
"""How each variant is run, and the promises that it breaks."""


async def prove(variants: Sequence[str]) -> bool:
    """Run these broken builds. Whether each was caught."""
    all_caught = True
    for variant in variants:
        plan, promises = MUST_BREAK[variant]
        with tempfile.TemporaryDirectory(prefix="segue-faults-") as folder:
            report = await run_once(plan, Path(folder))
        for promise in promises:
            caught = [found for found in report.violations if found.promise == promise]
            all_caught &= bool(caught)
            shown = f"{len(caught)} times, e.g. {caught[0].customer}: {caught[0].what}" if caught else "NOT CAUGHT"
            sys.stdout.write(f"{variant:<13} {promise}: {shown} ({report.seconds:.0f} s)\n")
            sys.stdout.flush()
    return all_caught
