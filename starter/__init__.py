"""The ways in: collector, recipients' pages, webhooks, imports, dispatch, client, command line.

What they take in goes to the database first.
"""
