"""An app uses a service that is elsewhere: its URL is a link like those to services of this server."""

from mooring.app import link
from mooring.app.apps import App
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.pipeline import link_change
from mooring.service import elsewhere, services
from mooring.service.kind import Kind


def make(name: ServiceName, of: Kind, app: App, prefix: str, url: str) -> int:
    """Link an app to what a URL says, and release that; what does not become live is taken back."""
    made = elsewhere.link_of(of, name, app.name, url)
    if services.look(name):
        die(f"{name.name} is a {name.kind} of this server", "give the one that is elsewhere another name")
    link_change.refuse_taken(name, of, app, prefix)
    services.folder(name).mkdir(mode=0o700, parents=True, exist_ok=True)
    link.save(made)
    link.attach(app, prefix, made)
    return link_change.release_made(of, app, prefix, made)
