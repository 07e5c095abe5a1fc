"""What the preference centre's form sends when nothing was changed in it."""

FORM = {"do": "save", "topic": "cart reminders", "shown_topic": "cart reminders"}
FORM |= {"frequency": "as_sent", "shown_frequency": "as_sent", "language": "en", "shown_language": "en"}
