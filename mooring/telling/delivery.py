"""One delivery to a webhook: an HTTP request, signed; no redirect is followed."""

import http.client
import json
import signal
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mooring import __version__
from mooring.telling import webhook

TIMEOUT = 10
"""Seconds for each answer of the network."""
PATIENCE = 30
"""Seconds for all of it: a receiver that answers byte by byte does not hold up the others."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A redirect could lead where no operator sent anything: it is an answer like another."""
        return None


def send(table: dict[str, Any], content: bytes) -> str:
    """Deliver a body to the webhook of this definition; return what went wrong, or nothing."""
    told = json.loads(content)
    request = urllib.request.Request(  # noqa: S310 (hook.check_url lets http and https in)
        table["url"],
        data=content,
        method="POST",
        headers={
            "Content-Type": "application/json",
            "User-Agent": f"Mooring/{__version__}",
            "X-Mooring-Event": told["event"],
            "X-Mooring-Delivery": told["id"],
            "X-Mooring-Signature": webhook.signature(table["secret"], content),
        },
    )
    try:
        with patience(), urllib.request.build_opener(NoRedirect).open(request, timeout=TIMEOUT):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        redirected = ", and redirects are not followed" if 300 <= error.code < 400 else ""
        return f"it answered {error.code}{redirected}"
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f"its certificate is refused: {reason.verify_message}"
        return str(getattr(reason, "strerror", "") or reason)
    except TimeoutError:
        return "it did not answer in time"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__


@contextmanager
def patience() -> Iterator[None]:
    def over(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
