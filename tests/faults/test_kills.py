"""A short run of what `make faults` does at length."""

from pathlib import Path

import pytest

from domain.preferences import Frequency
from tests.faults.plan import RunPlan
from tests.faults.run import run_once

SHORT = RunPlan(
    seed=20,
    kills=8,
    shoppers=20,
    every=2.5,
    pace=5_400.0,
    linger=20.0,
    mail_within=40.0,
    late_by=8.0,
    frequency=Frequency.DAILY,
    gone_within=0,
    imported=600,
    import_kills=2,
)


@pytest.mark.timeout(900)
async def test_killing_everything_under_load_breaks_no_promise(tmp_path: Path) -> None:
    report = await run_once(SHORT, tmp_path)
    assert not report.violations, "\n".join(report.lines())
    assert len(report.evidence.kills) >= SHORT.kills
    assert report.evidence.taken
    assert report.evidence.diary.reports
