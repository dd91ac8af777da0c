"""Telling others what happened: events, webhooks, log drains, and reading the journal."""
