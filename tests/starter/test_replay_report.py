"""Findings summed up: by journey, and by the place where code and enrollments part."""

from starter.replay.finding import Finding, Verdict
from starter.replay.report import sum_up

CART, ORDER = "cart-recovery", "post-purchase"


def found(verdict: Verdict, customer: str, *places: str, journey: str = CART, asked: bool = True) -> Finding:
    return Finding(
        journey=journey, workflow_id=f"{journey}/{customer}", verdict=verdict, places=tuple(places), asked=asked
    )


def test_counts_are_by_journey_and_who_ended_counts_nowhere() -> None:
    report = sum_up(
        [
            found(Verdict.FITS, "anna"),
            found(Verdict.BREAKS, "boris", "step 1", asked=False),
            found(Verdict.MISREADS, "clara", "step 2"),
            found(Verdict.DIFFERS, "dora", "step 3"),
            found(Verdict.ENDED, "emil"),
            found(Verdict.BREAKS, "frieda", "gone", journey=ORDER),
        ],
        deployed=[CART],
    )
    cart, order = report.journeys
    assert (cart.running, cart.fits, cart.differs, cart.misreads, cart.breaks, cart.not_asked) == (4, 1, 1, 1, 1, 1)
    assert (cart.deployed, order.deployed) == (True, False)
    assert (report.running, report.breaks, report.misreads, report.not_asked, report.ended) == (5, 2, 1, 1, 1)


def test_who_parts_at_the_same_place_is_counted_together_the_worst_first() -> None:
    many = [found(Verdict.DIFFERS, f"d-{number}", "step 3", "step 5") for number in (4, 3, 2, 1)]
    few = [found(Verdict.BREAKS, "anna", "step 1"), found(Verdict.BREAKS, "boris", "step 0")]
    (cart,) = sum_up([*many, *few, found(Verdict.BREAKS, "clara", "step 1")], deployed=[CART]).journeys
    assert [(each.verdict, each.words, each.count, each.examples) for each in cart.places] == [
        (Verdict.BREAKS, "step 1", 2, ("cart-recovery/anna", "cart-recovery/clara")),
        (Verdict.BREAKS, "step 0", 1, ("cart-recovery/boris",)),
        (Verdict.DIFFERS, "step 3", 4, ("cart-recovery/d-1", "cart-recovery/d-2", "cart-recovery/d-3")),
        (Verdict.DIFFERS, "step 5", 4, ("cart-recovery/d-1", "cart-recovery/d-2", "cart-recovery/d-3")),
    ]


def test_nothing_that_runs_is_nothing_to_report() -> None:
    report = sum_up([], deployed=[CART])
    assert (report.journeys, report.running, report.breaks) == ((), 0, 0)
