"""What Docker has in its build cache on an installed server: packages of languages, services, and base images.

To install them is the longest part of most builds. What is here is of use to a build where nothing that decides its
step differs (stack image, script, list of packages); where something does, it is as on a server that has no cache.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.server.cache import CHECKOUT
from tests.server.throwaway import Server

BASES = ("busybox", "python:3-slim")
LISTS = (
    "build:golang-go",
    "openjdk-21-jre-headless build:maven build:openjdk-21-jdk-headless build:libgoogle-gson-java "
    "build:libmaven-clean-plugin-java build:libmaven-compiler-plugin-java build:libmaven-jar-plugin-java "
    "build:libmaven-resources-plugin-java build:libmaven-shade-plugin-java build:libsurefire-java",
    "openjdk-21-jre-headless build:maven build:openjdk-21-jdk-headless",
    "nodejs build:libnode-dev build:python3",
    "build:nodejs build:libnode-dev build:python3 nginx",
    "nginx php-cli php-fpm systemd-standalone-tmpfiles build:php-composer-semver build:composer build:php-curl "
    "build:php-mbstring build:php-zip",
    "nginx php-cli php-fpm systemd-standalone-tmpfiles php-gd php-mbstring build:php-composer-semver build:composer "
    "build:php-curl build:php-zip",
    "apache2-bin php-cli php-fpm systemd-standalone-tmpfiles build:php-composer-semver",
    "apache2-bin php-cli php-fpm systemd-standalone-tmpfiles build:php-composer-semver build:composer build:php-curl "
    "build:php-mbstring build:php-zip",
    "python3 build:python3-dev build:python3-venv",
    "ruby ruby-bundler build:ruby-dev",
    "nginx",
)
"""What buildpacks ask for of apps that tests push, as their bin/packages print it."""
STEPS = [CHECKOUT / "builders/buildpack" / name for name in ("Dockerfile", "inside/install", "inside/start")]
STACK = sorted((CHECKOUT / "builders/stack").glob("*"))
SERVICES = sorted((CHECKOUT / "services").glob("*/Dockerfile"))
ON_TOP = "\nUSER 0\nRUN true\n"
"""A build on top of this finds the rest in layers that all servers share: the last one is copied to each."""
CONTEXT = "/tmp/build-cache"
DETECT = """#!/bin/bash
mkdir -p /tmp/detected/packages/{build,run}
tr ' ' '\\n' <<<"$REQUEST_ID" | sed 's/^build://' | sort -u >/tmp/detected/packages/build/list
tr ' ' '\\n' <<<"$REQUEST_ID" | grep -v '^build:' | sort -u >/tmp/detected/packages/run/list
"""
COMPILE = """#!/bin/bash
mkdir -p /tmp/slug/{made,about,source}
"""
BUILD = """
cd "$0"
arguments=(--output=type=cacheonly --cgroup-parent=/mooring_builds.slice "--build-arg=REQUEST_ID=$1")
arguments+=(--build-arg=BUILD_IMAGE=mooring-stack:build --build-arg=RUN_IMAGE=mooring-stack:run)
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name}" ] || arguments+=("--build-arg=$name")
done
exec docker build "${arguments[@]}" .
"""


def recipe() -> list[bytes]:
    """What decides what is in it."""
    return [path.read_bytes() for path in (Path(__file__), *STEPS, *STACK, *SERVICES) if path.is_file()]


def services() -> Iterator[tuple[Path, str]]:
    """The Dockerfiles of kinds of service, with each version that they make."""
    for dockerfile in SERVICES:
        for version in tomllib.loads((dockerfile.parent / "service.toml").read_text())["packaged"]:
            yield dockerfile, version


def fill(server: Server) -> None:
    """Build what the steps of a buildpack app are that every app with these packages shares.

    What the app decides is left out: the packages are given, and nothing is compiled.
    """
    folder = CHECKOUT / "builders/buildpack"
    server.put_tree(CONTEXT, {str(path.relative_to(folder)): path for path in STEPS})
    server.run(["mkdir", f"{CONTEXT}/buildpacks", f"{CONTEXT}/repository"])
    for name, script in {"detect": DETECT, "compile": COMPILE}.items():
        server.put(f"{CONTEXT}/inside/{name}", script, mode=0o755)
    for packages in LISTS:
        server.run(["bash", "-c", BUILD, CONTEXT, packages], timeout=900)
    for base in BASES:
        server.run(["docker", "build", "--output=type=cacheonly", "-"], input=f"FROM {base}{ON_TOP}")
    for dockerfile, version in services():
        argv = ["docker", "build", "--output=type=cacheonly", f"--build-arg=VERSION={version}", "-"]
        server.run(argv, input=dockerfile.read_text() + ON_TOP, timeout=900)
    # What apt has downloaded would be copied to each server.
    server.run(["docker", "builder", "prune", "--force", "--filter=type=exec.cachemount"])
    server.run(["rm", "-rf", CONTEXT])
