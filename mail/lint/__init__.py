"""What every mail must keep: small rules over one rendered mail, run over each template, sample customer and language.

Knows mail as it is rendered, and nothing of journeys, of sending or of tracked links. A rule says what is wrong, quotes
it, and tells what to do. The rules stand in `rules`, in the order in which docs/check.md lists them.

Left to others: the headers of a mail, List-Unsubscribe among them, are made and tested in `mail.compose`; what only a
browser can tell, in tests/mail/test_accessibility.py.
"""
