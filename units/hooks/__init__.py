"""Deliveries to webhooks: mooring-hook@."""
