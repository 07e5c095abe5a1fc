"""What enrollments ask of Temporal, in the words of `tests.replay.history.fingerprint`: what all scenes share."""

BEGIN = ["local admit_enrollment"]
GATE = ["local score_customer", "upsert SegueStep SegueTier", "local decide_message"]
HAND_OVER = ["local render_message", "activity send_message"]
MAIL = [*GATE, *HAND_OVER]
FACT = "local read_fact"
ACTIVITY = "local read_last_activity"
"""Asked when a quiet time is over: it may have to begin again."""
OFFER = ["local score_customer", "local choose_offer"]
END = ["upsert SegueOutcome", "local close_enrollment"]
