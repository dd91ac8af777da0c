"""Apps that ask for a Node.js of long ago, and reasons of an installation that fails."""

import json

from tests.server.pushing import refused
from tests.server.user import User

DOMAIN = "apps.test"
SAMPLE = """
var express = require('express')
var app = express()
app.get('/', function(request, response) { response.send('Hello from ' + process.version) })
app.listen(process.env.PORT || 5000)
"""
"""As Heroku's node-js-sample is written."""

PROGRAM = """
const fs = require("fs");
const modules = fs.readdirSync("node_modules").filter((name) => !name.startsWith("."));
const answer = JSON.stringify([process.version, require("ms")("1s"), fs.existsSync("made"), modules]);
require("http").createServer((_, out) => out.end(answer)).listen(process.env.PORT);
"""
MS = "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="
MKDIRP = "sha512-+NsyUUAZDmo6YVHzL/stxSu3t9YS1iljliy3BSDrXJ/dkn1KYdmtZODGGjLcc9XLgVVpH4KshHB8XmZgMhaBXg=="
PACKAGE = {
    "name": "later",
    "version": "1.0.0",
    "engines": {"node": "12.x"},
    "scripts": {"build": "mkdirp made", "gcp-build": "mkdirp made && touch made/as-google-calls-it"},
    "dependencies": {"ms": "2.1.3"},
    "devDependencies": {"mkdirp": "3.0.1"},
}
LOCK = {
    "name": "later",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {
        "": {name: PACKAGE[name] for name in ("name", "version", "engines", "dependencies", "devDependencies")},
        "node_modules/mkdirp": {
            "version": "3.0.1",
            "integrity": MKDIRP,
            "dev": True,
            "bin": {"mkdirp": "dist/cjs/src/bin.js"},
        },
        "node_modules/ms": {
            "version": "2.1.3",
            "integrity": MS,
        },
    },
}


def test_an_app_of_ten_years_ago_runs_on_the_node_that_it_asks_for_with_an_npm_that_fits(
    admin: User, app_name: str
) -> None:
    host = f"{app_name}.{DOMAIN}"
    package = {
        "name": "node-js-sample",
        "version": "0.2.0",
        "scripts": {"start": "node index.js"},
        "dependencies": {"express": "^4.13.3"},
        "engines": {"node": "4.0.0"},
    }
    repo = admin.repo("sample", {"package.json": json.dumps(package), "index.js": SAMPLE})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Node.js 4.0.0, npm 3." in pushed.output
    assert admin.curl(host).body == "Hello from v4.0.0"

    # A lock file of today: it is npm 7 that reads it and runs on that Node.js.
    files = {"package.json": json.dumps(PACKAGE), "package-lock.json": json.dumps(LOCK), "server.js": PROGRAM}
    repo.commit({"index.js": None, **files})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Node.js 12.22.12, npm 7." in pushed.output
    assert "-----> Running gcp-build" in pushed.output
    assert json.loads(admin.curl(host).body) == ["v12.22.12", 1000, True, ["ms"]]

    for engines, words in (
        ({"node": "8.x"}, ("lockfileVersion 3", "no npm for Node.js 8.17.0 reads", "or ask for Node.js 10 or newer")),
        ({"node": "12.x", "npm": "9.x"}, ("npm 9.", "does not run on Node.js 12.22.12", "can name npm 7, which does")),
    ):
        repo.commit({"package.json": json.dumps(PACKAGE | {"engines": engines})})
        refused(repo, app_name, *words)


def test_a_registry_that_does_not_answer_is_the_reason_in_the_push_and_in_releases(admin: User, app_name: str) -> None:
    package = {"scripts": {"start": "node server.js"}, "dependencies": {"ms": "2.1.3"}}
    repo = admin.repo(
        "unreachable",
        {"package.json": json.dumps(package), ".npmrc": "registry=https://registry.invalid/\nfetch-retries=0\n"},
    )
    pushed = repo.push(app_name)
    assert not pushed.ok
    reason = json.loads(admin.ssh("releases", app_name, "--json").stdout)[0]["reason"]
    assert "registry.invalid" in reason
    assert "push again when it is" in reason
    assert f"remote:  !     {reason}" in pushed.output
