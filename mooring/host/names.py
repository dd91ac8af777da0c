"""Names, checked where they enter: every one of them becomes part of a path, a unit or a host name."""

import re
from typing import NamedTuple

from mooring.host.refusal import die

APP = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
PROCESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,58}[A-Za-z0-9])?")
"""A host name has room for 64 letters, of which the number of a container is a few."""
PROCESS_RULE = "1 to 60 letters, digits, dashes and underscores, not beginning or ending with a dash or an underscore"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""A config var's name (POSIX.1 XBD 8.1)."""
NUMBER = re.compile(r"[1-9][0-9]{0,8}")
RELEASE_PHASE = "release"
"""The Procfile's line that is run once for each release, before its processes are."""
PREDEPLOY, POSTDEPLOY, SETUP = "release-predeploy", "release-postdeploy", "release-setup"
"""What app.json's `scripts` run: before the release phase, when the release is live, and then once for the app."""
PHASES = (PREDEPLOY, RELEASE_PHASE, SETUP, POSTDEPLOY)
"""All that is run once for a release in a container of its own, in this order."""
ONE_OFF = "run"
"""What is run once by a person's `run`, beside the release's own processes."""
VOLUME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
JOB = "cron"
"""What is run on time; cron.report is a run of the job report."""
KIND = re.compile(r"[a-z][a-z0-9]{0,19}")
"""A kind of service: no dash, so that its slice and its host names are no other's."""
IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:@-]{0,200}", re.IGNORECASE)
RESERVED = frozenset({"all", "default", "localhost", "mooring"})


def check_app(name: str) -> str:
    """Return `name` if it may name an app; raise Refusal otherwise."""
    if not APP.fullmatch(name):
        die(
            f"{name[:60]!r} cannot name an app",
            "1 to 40 lower-case letters, digits and dashes, not beginning or ending with a dash",
        )
    if name in RESERVED:
        die(f"{name!r} is a reserved word", f"choose another name, e.g. {name}-app")
    return name


def check_image(name: str) -> str:
    """Return `name` if it may name an image, here or in a registry; raise Refusal otherwise."""
    if not IMAGE.fullmatch(name):
        die(f"{name[:60]!r} cannot name an image", "e.g. nginx:1.27 or ghcr.io/team/app@sha256:…")
    return name


def check_volume(name: str) -> str:
    """Return `name` if it may name a volume; raise Refusal otherwise."""
    if not VOLUME.fullmatch(name):
        die(
            f"{name[:60]!r} cannot name a volume",
            "1 to 63 lower-case letters, digits, dashes and underscores, a letter or digit at both ends, e.g. uploads",
        )
    return name


class ReleaseName(NamedTuple):
    """`my-app.42`: release 42 of my-app. Names its marker, its image and the instances of its stages."""

    app: str
    number: int

    def __str__(self) -> str:
        return f"{self.app}.{self.number}"

    @property
    def image(self) -> str:
        return f"mooring/{self.app}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> "ReleaseName":
        """Read `APP.NUMBER`; raise Refusal for anything else."""
        app, dot, number = text.rpartition(".")
        if not (dot and APP.fullmatch(app) and app not in RESERVED and NUMBER.fullmatch(number)):
            die(f"{text[:80]!r} names no release", "APP.NUMBER, e.g. my-app.42")
        return cls(app, int(number))


class ContainerName(NamedTuple):
    """`my-app.42.web.1`: the first web process of release 42. Names its container and its unit's instance."""

    release: ReleaseName
    process: str
    ordinal: int

    def __str__(self) -> str:
        return f"{self.release}.{self.label}"

    @property
    def label(self) -> str:
        """What people call it: web.1."""
        return f"{self.process}.{self.ordinal}"

    @property
    def job(self) -> str:
        """The ID of the job whose run it is; empty for anything else."""
        kind, dot, job = self.process.partition(".")
        return job if dot and kind == JOB else ""

    @property
    def runs_once(self) -> bool:
        """Whether it belongs to no release's own processes: it goes on when its release does not."""
        return self.process == ONE_OFF or bool(self.job)

    @property
    def key(self) -> str:
        """What its container is called, and its files in /run."""
        return str(self)

    @property
    def fields(self) -> dict[str, str]:
        """What is said of it has these in the journal."""
        app = self.release.app
        return {
            "CONTAINER_NAME": str(self),
            "MOORING_APP": app,
            "MOORING_RELEASE": str(self.release),
            "MOORING_PROCESS": self.label,
            "SYSLOG_IDENTIFIER": f"{app}/{self.label}",
        }

    @property
    def unit(self) -> str:
        if self.job:
            # The first of those that run at a time has the job's own.
            return f"mooring-cron@{self.release.app}.{self.job}{f'.{self.ordinal}' * (self.ordinal > 1)}.service"
        if self.process in PHASES:
            return f"mooring-release@{self}.service"
        if self.process == ONE_OFF:
            return f"mooring-run@{self}.service"
        return f"mooring-app@{self}.service"

    @classmethod
    def parse(cls, text: str) -> "ContainerName":
        """Read `APP.NUMBER.PROCESS.INDEX`, or `APP.NUMBER.cron.JOB.INDEX`; raise Refusal for anything else."""
        parts = text.rsplit(".", 2)
        if len(parts) != 3 or not (PROCESS.fullmatch(parts[1]) and NUMBER.fullmatch(parts[2])):
            die(f"{text[:80]!r} names no process", "APP.NUMBER.PROCESS.INDEX, e.g. my-app.42.web.1")
        release, dot, kind = parts[0].rpartition(".")
        if dot and kind == JOB:
            return cls(ReleaseName.parse(release), f"{JOB}.{parts[1]}", int(parts[2]))
        return cls(ReleaseName.parse(parts[0]), parts[1], int(parts[2]))


class ServiceName(NamedTuple):
    """`postgres.orders`: a service and its kind. Names its container and its unit's instance."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}"

    @property
    def key(self) -> str:
        """What its container is called, and its files in /run: by the underscore, never an app's."""
        return f"{self.kind}_{self.name}"

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name

    @property
    def host(self) -> str:
        """The name by which the apps that link it reach it."""
        return f"{self.name}.{self.kind}"

    @property
    def unit(self) -> str:
        return f"mooring-service@{self}.service"

    @property
    def slice(self) -> str:
        """Below a slice of all services, which no app's name can be."""
        return f"mooring_services-{self.kind}_{self.name.replace('-', '_')}.slice"

    @property
    def network(self) -> str:
        """The network of its own, in which there is nothing else."""
        return f"mooring.service.{self}"

    @property
    def fields(self) -> dict[str, str]:
        """What is said of it has these in the journal."""
        return {
            "CONTAINER_NAME": self.key,
            "MOORING_SERVICE": str(self),
            "SYSLOG_IDENTIFIER": f"{self.kind}/{self.name}",
        }

    @classmethod
    def parse(cls, text: str) -> "ServiceName":
        """Read `KIND.NAME`; raise Refusal for anything else."""
        kind, dot, name = text.partition(".")
        if not (dot and KIND.fullmatch(kind) and APP.fullmatch(name)):
            die(f"{text[:80]!r} names no service", "KIND.NAME, e.g. postgres.orders")
        return cls(kind, name)

    @classmethod
    def of_key(cls, key: str) -> "ServiceName":
        """Read what its container is called; raise Refusal for what is no service's."""
        return cls.parse(key.replace("_", ".", 1))


def check_service(kind: str, name: str) -> ServiceName:
    """The name of a service, if it may be one; raise Refusal otherwise."""
    if not APP.fullmatch(name):
        die(
            f"{name[:60]!r} cannot name a service",
            "1 to 40 lower-case letters, digits and dashes, not beginning or ending with a dash",
        )
    return ServiceName(kind, name)


def slice_of(app: str) -> str:
    """The slice of an app's containers. A dash nests slices (systemd.slice(5)), and names have no underscore."""
    return f"mooring-{app.replace('-', '_')}.slice"


def network_of(app: str) -> str:
    return f"mooring.{app}"
