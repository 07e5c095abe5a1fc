"""Mail over a provider's HTTP API. One client for all providers, and a page for each: `resend` is the example."""
