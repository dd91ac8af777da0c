"""The nouns that every room of Mooring shares: app, release, key, domain, settings, spool, journal, engine."""

__version__ = "0.1.0"
