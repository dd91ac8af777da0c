"""The host names of certificates (RFC 6125: a wildcard stands for one whole label)."""

from collections.abc import Iterable


def covers(names: Iterable[str], domain: str) -> bool:
    """Whether a certificate for `names` is one for the domain, which may be a wildcard itself."""
    wide = f"*.{domain.partition('.')[2]}"
    return any(name in (domain, wide) for name in names)


def uncovered(names: Iterable[str], domains: Iterable[str]) -> list[str]:
    """Those of the domains that a certificate for `names` is not for."""
    names = tuple(names)
    return [each for each in domains if not covers(names, each)]
