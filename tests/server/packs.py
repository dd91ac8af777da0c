"""Third-party buildpacks at the server, and apps that they take."""

import re

from tests.server import apps
from tests.server.throwaway import Server

PACKS = "/srv/packs"

WEB = "web: perl web.pl\n"

EITHER = "web: if command -v perl; then exec perl web.pl; else exec httpd -f -p $PORT -h /www; fi\n"

SERVER = """
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
print "listening\\n";
$SIG{TERM} = sub { print "leaving in order\\n"; exit 0 };
while (my $client = $listener->accept) {
    while (<$client>) { last if /^\\r?$/ }
    my $body = join "", map { "$_=$ENV{$_}\\n" } sort keys %ENV;
    if (open my $file, "<", "made") { local $/; $body .= <$file> }
    print $client "HTTP/1.0 200 OK\\r\\n\\r\\n$body";
    close $client;
}
"""
"""Answers with its environment and with the file `made`."""


def app(**files: str | bytes | None) -> apps.Files:
    return {"web.pl": SERVER, "Procfile": WEB, **files}


def pack(compile: str, *, detect: str = "echo Made", release: str = "echo '--- {}'", **files: str) -> apps.Files:
    """A buildpack as third parties write them."""
    scripts = {"detect": detect, "compile": compile, "release": release}
    return {**{f"bin/{name}": f"#!/usr/bin/env bash\nset -e\n{text}\n" for name, text in scripts.items()}, **files}


THIRD_PARTY = {
    # Leaves a tool and an `export` for the buildpacks after it, as Heroku's nodejs does.
    "tool": pack(
        """
mkdir -p "$1/.tool/bin"
runs=$(cat "$2/runs" 2>/dev/null || echo empty)
printf '#!/bin/sh\\necho made by the tool, with cache %s\\n' "$runs" > "$1/.tool/bin/tool"
chmod +x "$1/.tool/bin/tool"
echo "$(cat "$2/runs" 2>/dev/null)x" > "$2/runs"
echo "export PATH=$1/.tool/bin:\\$PATH TOOL_HOME=$1/.tool" > "$(dirname "$0")/../export"
echo "-----> Tool installed"
""",
        detect='test -f "$1/Procfile" && echo Tool',
    ),
    # Uses what the one before exported, and sets the environment of the app by .profile.d.
    "profile": pack(
        """
tool > "$1/made"
echo "tool home $TOOL_HOME" >> "$1/made"
mkdir -p "$1/.profile.d"
echo 'export FROM_PROFILE="set at start in $HOME"' > "$1/.profile.d/profile.sh"
for name in "$3"/*; do printf '%s=<%s>\\n' "${name##*/}" "$(cat "$name")"; done >> "$1/made"
echo "build $STACK $HOME ${SOURCE_VERSION:0:7} ${GIT_REV:0:7} $REQUEST_ID $(id -u) $(basename "$1")" >> "$1/made"
""",
        release="printf -- '---\\nconfig_vars:\\n  FROM_RELEASE: by default\\naddons: [db]\\n'",
    ),
    # heroku-buildpack-multi's way: runs other buildpacks itself, and has the last one's bin/release speak.
    "multi": pack(
        """
while read -r url; do
    dir=$(mktemp -d)
    git clone -q "$url" "$dir"
    echo "=====> Downloading Buildpack: $url"
    chmod -f +x "$dir"/bin/{detect,compile,release}
    framework=$("$dir/bin/detect" "$1")
    echo "=====> Detected Framework: $framework"
    "$dir/bin/compile" "$1" "$2" "$3"
    if [ -e "$dir/export" ]; then source "$dir/export"; fi
    if [ -x "$dir/bin/release" ]; then "$dir/bin/release" "$1" > "$1/last_pack_release.out"; fi
done < "$1/.multi"
""",
        detect='test -f "$1/.multi" && echo Multipack',
        release='cat "$1/last_pack_release.out"; printf "default_process_types:\\n  web: perl web.pl\\n"',
    ),
}


def put_pack(server: Server, name: str, files: apps.Files) -> str:
    """Commit the buildpack to its repository on the server; the commit's id."""
    folder = f"{PACKS}/{name}"
    for path, text in files.items():
        assert text is not None
        server.put(f"{folder}/{path}", text, mode=0o755 if path.startswith("bin/") else 0o644)
    git = f"git -c safe.directory=* -C {folder}"
    server.run(["sh", "-c", f"{git} init -q -b main && {git} add -A && {git} -c user.name=x -c user.email=x@x "
                "commit -q --allow-empty -m pack"])  # fmt: skip
    return server.run(["sh", "-c", f"{git} rev-parse HEAD"]).stdout.strip()


def env_of(body: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in body.splitlines() if re.match(r"[A-Z_]+=", line))
