"""From power on until many apps answer, against as many containers that Docker is told to start.

The floor is the same server, switched on in the same way, with the same networks and images: no unit of ours starts
an app, and each container is made beforehand as Mooring makes it (its network, init, slice, journal, limits), so that
after the boot there is one `docker start` for each, side by side. It is over when the last of them runs; none of them
has to answer, and nothing has to be written for nginx.
"""

import time

from tests.bench import crowd
from tests.bench.bench import calm, say
from tests.server.installed import DOMAIN
from tests.server.throwaway import Server

MAKE_ALL = """
import subprocess, sys
image, *apps = sys.argv[1:]
for app in apps:
    name, network, slice = f"plain.{app}", f"mooring.{app}", f"mooring-{app.replace('-', '_')}.slice"
    own = [f"--name={name}", f"--network={network}", f"--cgroup-parent={slice}", f"--log-opt=tag={app}"]
    each = ["--init", "--log-driver=journald", "--security-opt=no-new-privileges", "--pids-limit=4096"]
    subprocess.run(["docker", "create", *own, *each, image], check=True, stdout=subprocess.DEVNULL)
"""
"""A container for each app, as Mooring makes it."""
START_ALL = """
import subprocess, sys
run = [subprocess.Popen(["docker", "start", f"plain.{app}"], stdout=subprocess.DEVNULL) for app in sys.argv[1:]]
sys.exit(sum(each.wait() != 0 for each in run))
"""
"""`docker start` of each app's, side by side; the status is how many failed."""


def compare(server: Server, count: int, patience: float) -> None:
    """Print both, and their ratio."""
    apps = crowd.names(count)
    server.shutdown()
    calm(patience)
    ours = of_apps(server, apps)
    say(f"from power on until all {count} apps answered: {ours:.1f} s")
    prepare(server, apps)
    server.shutdown()
    calm(patience)
    booted, floor, failed = of_containers(server, apps)
    said = f", {failed} of them in vain" if failed else ""
    say(f"from power on until `docker start` of each of {count} such containers, side by side: {floor:.1f} s{said}")
    say(f"  of which until Docker was up, with a network for each: {booted:.1f} s")
    say(f"ratio    {ours / floor:.2f}")


def of_apps(server: Server, apps: list[str]) -> float:
    began = time.monotonic()
    server.boot()
    crowd.all_answer(server, 80, [f"{name}.{DOMAIN}" for name in apps], 60 + 5 * len(apps))
    return time.monotonic() - began


def prepare(server: Server, apps: list[str]) -> None:
    """Stop the apps and let none of them start, and make a container for each."""
    server.run(["systemctl", "stop", "mooring.target"], timeout=60 + 5 * len(apps))
    # What removes the containers that no release owns would remove these.
    server.run(["systemctl", "disable", "mooring.target", "mooring-recover.service"])
    image = server.run(["docker", "image", "ls", "-q", f"mooring/{crowd.SAMPLE}"]).stdout.split()[0]
    server.run(["python3", "-c", MAKE_ALL, image, *apps], timeout=60 + 5 * len(apps))


def of_containers(server: Server, apps: list[str]) -> tuple[float, float, int]:
    """Seconds until Docker was up and until all were started, and how many were not."""
    began = time.monotonic()
    server.boot()
    booted = time.monotonic() - began
    started = server.run(["python3", "-c", START_ALL, *apps], check=False, timeout=60 + 5 * len(apps))
    return booted, time.monotonic() - began, started.returncode
