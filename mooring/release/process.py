"""One process type of a release, what it may use, and where its containers are reached."""

from typing import NamedTuple

from mooring.app.checks import Check, of_liveness

DEFAULT_PORT = 5000


class Limits(NamedTuple):
    """The most that one container of a process may have: bytes of memory, processor cores, processes and threads.

    0 is no limit; for `pids`, that of every container.
    """

    memory: int = 0
    cpu: float = 0
    pids: int = 0


class Process(NamedTuple):
    """One process type: how many containers run it, with which command, reached on which port.

    The release phase is one of which none runs. Every line of a Procfile is told of a PORT, as a repository may have
    several web interfaces; only where `port` is set does something wait for it.

    `command` is a shell command line from the Procfile, None for the image's own CMD. `port` is None for a
    process that nothing connects to. `check` and `liveness` are the source's; what the operator chose holds instead.
    `own_quantity` is what the source asks for, where a scale, a domain or a route may have decided otherwise, and
    `own_port` the source's port where another was chosen, 0 for none. Where `overlap` is False it may run only once at
    a time: that of the release before is stopped before it is started. Where `ports` has several, which of them it is
    is asked when it runs. `heard` says that no source names the port: the image's CMD was found to answer HTTP on it.
    """

    name: str
    quantity: int = 1
    command: str | None = None
    port: int | None = None
    check: Check = Check()
    limits: Limits = Limits()
    liveness: Check | None = None
    chosen_check: Check | None = None
    chosen_liveness: Check | None = None
    own_quantity: int | None = None
    own_port: int | None = None
    ports: tuple[int, ...] = ()
    heard: bool = False
    overlap: bool = True
    chosen_overlap: bool | None = None

    @property
    def overlaps(self) -> bool:
        """Whether it may run while that of the release before it runs."""
        return self.overlap if self.chosen_overlap is None else self.chosen_overlap

    @property
    def readiness(self) -> Check:
        """How it is asked whether it is ready."""
        return self.chosen_check or self.check

    @property
    def watch(self) -> Check | None:
        """How it is asked whether it is alive still; None where it is not asked."""
        check = self.chosen_liveness or self.liveness
        return of_liveness(check) if check and check.kind != "uptime" else None


class Placement(NamedTuple):
    """Where one container of a release is reached: decided once, the same after a crash and a reboot."""

    process: str
    ordinal: int
    address: str
