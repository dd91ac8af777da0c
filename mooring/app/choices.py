"""What the operator chose for an app: app.toml."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host.refusal import die


class Choices(NamedTuple):
    """app.toml: what the operator chose for an app.

    `builder` is auto, dockerfile or buildpack; `build_dir` the folder of the repository that is built, which sees only
    itself, or all of it where `build_context` is "repository". `dockerfile_path`, `build_target` and `build_args` are
    the Dockerfile below that folder, the stage of it that is built, and what its ARGs are. `keep_git_dir` says whether
    the source has its `.git` when it is built, `rev_env_var` in which more variable the app finds its commit. `stack`
    and `stack_build` are the images that buildpack apps run on and are built in, empty for Mooring's own. `build_cache`
    counts how often the cache was thrown away. `app_json_path` is where in that folder app.json is, if not at its top.
    `scale` has the count of each process type, `limits` a table of `memory`, `cpu` and `pids` for each, `checks` and
    `liveness` one of what app.json's healthchecks have, `overlap` whether it may run beside that of the release before
    it. What is `stopped` is started by a deploy; what is `disabled` is served and deployed by nothing.
    `volumes` has a table of `path`, `processes` and `read-only` for each volume that is linked.
    `domain_processes` has the process that answers to a host name where it is not `web`, `routes` a table of
    `process` and `strip` for each prefix of a path, `nginx` the settings of `nginx:set`.
    `cron` has a table for each job of `cron:add`, `cron_timezone` the zone of all jobs where it is not the server's,
    `cron_suspended` the jobs that do not run, or "*" for all.
    `certificate` is the id of the app's own certificate; `https_redirect` is on, off or empty (as it comes), `hsts` has
    what browsers are told of https, or nothing. `certs_auto` is on, off or empty (as the server has it), `certs_email`
    whom an authority writes to, `certs_dns` the hoster whose DNS answers it, empty for http.
    """

    deploy_branch: str = ""
    domains: tuple[str, ...] | None = None
    redirects: tuple[str, ...] = ()
    locked: bool = False
    stopped: bool = False
    disabled: bool = False
    created: str = ""
    builder: str = "auto"
    build_dir: str = ""
    build_context: str = "build-dir"
    dockerfile_path: str = ""
    build_target: str = ""
    build_args: Mapping[str, Any] = {}
    keep_git_dir: bool = False
    rev_env_var: str = ""
    buildpacks: tuple[str, ...] = ()
    stack: str = ""
    stack_build: str = ""
    build_cache: int = 0
    app_json_path: str = ""
    scale: Mapping[str, Any] = {}
    limits: Mapping[str, Any] = {}
    checks: Mapping[str, Any] = {}
    liveness: Mapping[str, Any] = {}
    overlap: Mapping[str, Any] = {}
    volumes: Mapping[str, Any] = {}
    domain_processes: Mapping[str, Any] = {}
    routes: Mapping[str, Any] = {}
    nginx: Mapping[str, Any] = {}
    http_auth: bool = False
    cron: Mapping[str, Any] = {}
    cron_timezone: str = ""
    cron_suspended: tuple[str, ...] = ()
    maintenance: bool = False
    certificate: str = ""
    https_redirect: str = ""
    hsts: Mapping[str, Any] = {}
    certs_auto: str = ""
    certs_email: str = ""
    certs_dns: str = ""


def parse(text: str, path: Path) -> Choices:
    """Read app.toml's text; keys that are not known are left alone. Raises Refusal that names what is wrong."""
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        die(f"{path} is not TOML: {error}", "mend that line")
    known: dict[str, Any] = {}
    plain = Choices()
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in Choices._fields:
            continue
        kind = tuple if name == "domains" else type(getattr(plain, name))
        known[name] = tuple(value) if isinstance(value, list) else value
        if type(known[name]) is not kind or (kind is tuple and not all(isinstance(each, str) for each in value)):
            example = {tuple: '["a.example"]', bool: "true", int: "1", str: '"main"', dict: "{ web = … }"}[kind]
            die(f"{path}: {key} is {value!r}", f"write it like {example}")
    return Choices(**known)
