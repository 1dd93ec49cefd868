"""Webhooks: a run's events sent to an address that its caller named."""
