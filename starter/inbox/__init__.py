"""The development inbox: a mail server that delivers nothing, and pages to read what was sent."""
