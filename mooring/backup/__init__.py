"""Backups: what a service holds, kept elsewhere by restic, on time, and proven by restoring it.

What is backed up is a subject, `postgres.orders`; what that holds, and how it is put back, `of_service.py` says. A
subject of another kind would have a module of its own beside that.
"""
