"""The ways in: collector, links, client, recordings, command line. What they take in goes to the database first."""
