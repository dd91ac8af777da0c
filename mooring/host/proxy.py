"""The host's proxy, for what a command fetches; units are told of it by EnvironmentFile=."""

import os
from pathlib import Path

from mooring.host import env_file

FILE = Path("/etc/mooring/proxy.env")
"""What install.sh found in the environment of whoever ran it."""


def use() -> None:
    """Let this process and what it starts reach the network by the host's proxy, where there is one."""
    if FILE.exists():
        os.environ.update(env_file.parse(FILE.read_text()))
