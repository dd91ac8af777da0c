"""When the containers of an app began and ended, as dockerd tells it: whether two releases of it ever ran at once."""

import json

from tests.server.throwaway import Server


def now(server: Server) -> str:
    return server.run(["date", "+%s.%N"]).stdout.strip()


def ran_at_once(server: Server, app: str, process: str, since: str) -> list[set[str]]:
    """The containers of a process, of different releases, that ran beside each other since a time (`now`)."""
    label = f"label=mooring.app={app}"
    argv = ["docker", "events", "--since", since, "--until", now(server), "--filter", label]
    said = server.run([*argv, "--filter", "event=start", "--filter", "event=die", "--format", "{{json .}}"]).stdout
    still = server.run(["docker", "ps", "--filter", label, "--format", "{{.Names}}"]).stdout.split()
    events = [(each["Action"], each["Actor"]["Attributes"]["name"]) for each in map(json.loads, said.splitlines())]
    events = [(action, name) for action, name in events if name.split(".")[2] == process]
    assert events, said
    # What ends first, or neither begins nor ends, has run since before.
    first = {name: action for action, name in reversed(events)}
    running = {name for name, action in first.items() if action == "die"}
    running |= {name for name in still if name.split(".")[2] == process and name not in first}
    found = []
    for action, name in events:
        (running.add if action == "start" else running.discard)(name)
        if len({each.split(".")[1] for each in running}) > 1:
            found.append(set(running))
    return found
