"""Apps of the buildpacks node and static, as their users push them."""

import json
import re

import pytest

from tests.server import apps
from tests.server.cache import CHECKOUT
from tests.server.throwaway import Server
from tests.server.user import Repo, User

pytestmark = pytest.mark.long

DOMAIN = "apps.test"
ANSWER = 'require("http").createServer((_, out) => out.end(answer())).listen(process.env.PORT);\n'
"""A server for what the function `answer` says."""

LOCK = """lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .:
    dependencies:
      ms:
        specifier: 2.1.3
        version: 2.1.3
    devDependencies:
      mkdirp:
        specifier: 3.0.1
        version: 3.0.1

packages:

  mkdirp@3.0.1:
    resolution:
      {integrity: sha512-+NsyUUAZDmo6YVHzL/stxSu3t9YS1iljliy3BSDrXJ/dkn1KYdmtZODGGjLcc9XLgVVpH4KshHB8XmZgMhaBXg==}
    engines: {node: '>=10'}
    hasBin: true

  ms@2.1.3:
    resolution:
      {integrity: sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==}

snapshots:

  mkdirp@3.0.1: {}

  ms@2.1.3: {}
"""


def edit(repo: Repo, **changes: object) -> apps.Files:
    """package.json of the repository with these keys changed."""
    package = json.loads((repo.folder / "package.json").read_text())
    return {"package.json": json.dumps(package | changes)}


def shown(output: str) -> list[str]:
    return [line.removeprefix("remote: ").rstrip() for line in output.splitlines()]


def test_the_express_example_deploys_and_its_dependencies_are_restored_while_they_stay_as_they_are(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo_of(CHECKOUT / "examples/node-express")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Node.js app detected" in shown(pushed.output)
    assert "-----> Installing dependencies with npm (package-lock.json)" in shown(pushed.output)
    about = json.loads(admin.curl(f"{app_name}.{DOMAIN}", "/about").body)
    assert about["environment"] == "production"
    assert re.match(r"v20\.", about["node"])
    assert "<h1>Notes</h1>" in admin.curl(f"{app_name}.{DOMAIN}").body

    code = (repo.folder / "server.js").read_text()
    repo.commit({"server.js": code.replace("app: ", 'changed: "in one line", app: ')})
    pushed = repo.push(app_name)
    assert "-----> Dependencies are unchanged: restored from the last build" in shown(pushed.output)
    assert json.loads(admin.curl(f"{app_name}.{DOMAIN}", "/about").body)["changed"] == "in one line"
    layers = [
        server.run(["docker", "image", "inspect", "-f", "{{json .RootFS.Layers}}", f"mooring/{app_name}:{n}"]).stdout
        for n in (1, 2)
    ]
    # The source, and the record that is copied after it.
    assert sum(ours != theirs for ours, theirs in zip(*map(json.loads, layers), strict=True)) <= 2

    # node_modules/.bin and npm are there for what the user types.
    ran = server.run(["docker", "run", "--rm", f"mooring/{app_name}:2", "npm", "run"])
    assert "node server.js" in ran.stdout

    good = (repo.folder / "package.json").read_text()
    for changed, reason in [
        (
            edit(repo, engines={"node": "99.x"}),
            r"there is no Node\.js 99\.x, which engines\.node in package\.json asks for \(there are .*20, 21, 22",
        ),
        ({"package.json": "{oops"}, r"package\.json is no JSON object: parse error"),
        (
            edit(repo, dependencies={"express": "^4.0.0"}),
            r"package-lock\.json does not fit package\.json \(run npm install",
        ),
        ({"yarn.lock": ""}, r"there are two lock files, package-lock\.json and yarn\.lock \(git rm"),
    ]:
        repo.commit(changed)
        pushed = repo.push(app_name)
        assert not pushed.ok
        assert re.search(rf" !     .*{reason}", pushed.output), pushed.output
        assert re.search(rf"v\d failed; {app_name} v2 serves on", pushed.output)
        repo.write({"package.json": good})
    assert json.loads(admin.curl(f"{app_name}.{DOMAIN}", "/about").body)["changed"] == "in one line"


def test_a_build_script_has_the_dev_dependencies_and_config_vars_and_another_node_and_pnpm_run_the_app(
    admin: User, app_name: str
) -> None:
    package = {
        "private": True,
        "packageManager": "pnpm@10.12.1",
        "engines": {"node": "22.12.x"},
        "scripts": {
            "build": "mkdirp made && node build.js",
            "prestart": "echo before the start",
            "start": "node server.js",
        },
        "dependencies": {"ms": "2.1.3"},
        "devDependencies": {"mkdirp": "3.0.1"},
    }
    build = """
require("fs").writeFileSync("made/text.json", JSON.stringify([process.env.VITE_GREETING, process.env.NODE_ENV]));
"""
    program = """
const fs = require("fs");
const answer = () => JSON.stringify({
  made: require("./made/text.json"),
  node: process.version,
  second: require("ms")("1s"),
  modules: fs.readdirSync("node_modules").filter((name) => !name.startsWith(".")),
});
"""
    files = {"package.json": json.dumps(package), "pnpm-lock.yaml": LOCK, "build.js": build}
    repo = admin.repo("pnpm", {**files, "server.js": program + ANSWER, "Procfile": "web: pnpm start\n"})
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("config:set", app_name, "VITE_GREETING=hello").returncode == 0
    assert (pushed := repo.push(app_name)).ok, pushed.output
    assert "-----> Node.js 22.12.0, pnpm 10.12.1" in shown(pushed.output)
    wanted = {"made": ["hello", "production"], "node": "v22.12.0", "second": 1000, "modules": ["ms"]}
    assert json.loads(admin.curl(f"{app_name}.{DOMAIN}").body) == wanted

    # From the cache, the dev dependencies are there for the build as well, and away after it.
    repo.commit({"build.js": build.replace("[process", '["built again", process'), "Procfile": "web: npm start\n"})
    assert (pushed := repo.push(app_name)).ok, pushed.output
    assert "-----> Dependencies are unchanged: restored from the last build" in shown(pushed.output)
    wanted["made"] = ["built again", "hello", "production"]
    assert json.loads(admin.curl(f"{app_name}.{DOMAIN}").body) == wanted

    repo.commit({"build.js": "throw new Error('no build today');"})
    pushed = repo.push(app_name)
    assert "Error: no build today" in pushed.output
    assert re.search(r" !     .*the script build of package\.json failed", pushed.output)
    assert json.loads(admin.curl(f"{app_name}.{DOMAIN}").body) == wanted


def test_the_static_example_is_served_as_its_static_json_says(admin: User, app_name: str) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo_of(CHECKOUT / "examples/static-site")
    repo.commit({"public/.secret": "s", "public/app.4f3a2b1c.js": "let pi = 3;\n" * 100})
    assert (pushed := repo.push(app_name)).ok, pushed.output
    assert "-----> Static site app detected" in shown(pushed.output)
    page = admin.curl(host, "/about")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>About</h1>" in page.body
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-cache"
    missing = admin.curl(host, "/no/such")
    assert missing.status == 404
    assert "There is no such place here" in missing.body
    assert admin.curl(host, "/.secret").status == 404
    moved = admin.curl(host, "/news")
    assert (moved.status, moved.headers["location"]) == (302, "/")
    script = admin.curl(host, "/app.4f3a2b1c.js", headers={"Accept-Encoding": "gzip"})
    assert script.headers["content-encoding"] == "gzip"
    assert "immutable" in script.headers["cache-control"]

    settings = {
        "root": "public",
        "routes": {"/app/**": "index.html"},
        "https_only": True,
        "basic_auth": True,
        "headers": {"/**": {"X-Price": 'from $5, "really"'}},
        "surprise": 1,
    }
    repo.commit({"static.json": json.dumps(settings)})
    assert admin.ssh("config:set", app_name, "BASIC_AUTH_USERNAME=ada", "BASIC_AUTH_PASSWORD=secret").returncode == 0
    assert "Warning: static.json has surprise, which" in (pushed := repo.push(app_name)).output
    assert pushed.ok, pushed.output
    assert admin.curl(host, "/").headers["location"] == f"https://{host}/"

    repo.commit({"static.json": json.dumps(settings | {"https_only": False})})
    assert repo.push(app_name).ok
    assert admin.curl(host, "/app/deep/link").status == 401
    deep = admin.curl(host, "/app/deep/link", headers={"Authorization": "Basic YWRhOnNlY3JldA=="})
    assert (deep.status, deep.headers["x-price"]) == (200, 'from $5, "really"')
    assert "<h1>Moorings</h1>" in deep.body

    for text, reason in [
        ('{"root": oops}', r"static\.json is no JSON object: parse error.* line 1"),
        ('{"root": "dist"}', r"static\.json: root is dist, and there is no such folder"),
    ]:
        repo.commit({"static.json": text})
        pushed = repo.push(app_name)
        assert not pushed.ok
        assert re.search(rf" !     .*{reason}", pushed.output), pushed.output
    assert admin.curl(host, "/about").status == 401


def test_what_npm_builds_is_served_by_nginx_alone(admin: User, server: Server, app_name: str) -> None:
    build = "node -e \"fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', 'built here')\""
    repo = admin.repo(
        "both", {"package.json": json.dumps({"scripts": {"build": build}}), "static.json": '{"root": "dist/"}'}
    )
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("buildpacks:set", app_name, "node", "static").returncode == 0
    assert (pushed := repo.push(app_name)).ok, pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "built here"
    assert not server.run(["docker", "run", "--rm", f"mooring/{app_name}:1", "which", "node"], check=False).stdout
