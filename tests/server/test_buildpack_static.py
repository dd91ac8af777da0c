"""Front-ends that have to be built before they are served."""

import json

from tests.server.pushing import refused
from tests.server.throwaway import Server
from tests.server.user import User

DOMAIN = "apps.test"
PAGE = "<!doctype html><title>{}</title><script type='module' src='{}'></script>\n"
BUILD = "node -e \"fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', 'built ' + process.env.VITE_NAME)\""


def test_a_front_end_is_built_and_what_was_built_is_served_never_its_sources(
    admin: User, server: Server, app_name: str
) -> None:
    host = f"{app_name}.{DOMAIN}"
    scripts = {"dev": "vite", "start": "vite --host", "build": BUILD}
    files = {"package.json": json.dumps({"scripts": scripts}), "index.html": PAGE.format("sources", "/src/main.js")}
    repo = admin.repo("front", {**files, "src/main.js": "import './app.vue'\n"})
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("config:set", "--no-restart", app_name, "VITE_NAME=here").returncode == 0
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Static site app detected" in pushed.output
    assert admin.curl(host).body == admin.curl(host, "/a/route/of/its/own").body == "built here"
    assert not server.run(["docker", "run", "--rm", f"mooring/{app_name}:1", "which", "node"], check=False).stdout

    # By hand it is the same, also with a server in the repository; and by static alone the sources do not go live.
    assert admin.ssh("buildpacks:set", app_name, "node", "static").returncode == 0
    repo.commit({"server.js": "", "package.json": json.dumps({"scripts": scripts | {"start": "node server.js"}})})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert admin.curl(host).body == "built here"
    assert not server.run(["docker", "run", "--rm", f"mooring/{app_name}:2", "which", "node"], check=False).stdout

    assert admin.ssh("buildpacks:set", app_name, "static").returncode == 0
    repo.commit({"README": "static alone"})
    refused(repo, app_name, "nothing here runs it", f"`mooring buildpacks:set {app_name} node static`")
    assert admin.ssh("buildpacks:set", app_name, "go").returncode == 0
    repo.commit({"README": "go"})
    refused(repo, app_name, "the buildpack go does not take this app: it wants one of these at the top: go.mod")
    assert admin.curl(host).body == "built here"


def test_a_site_for_a_generator_is_made_and_only_the_site_is_served(admin: User, server: Server, app_name: str) -> None:
    files = {"hugo.toml": "title = 'Moon'\n", "layouts/index.html": "{{ site.Title }} by {{ hugo.Generator }}"}
    repo = admin.repo("moon", {**files, "content/_index.md": "x"})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Making the site with hugo" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body.startswith("Moon by <meta")
    assert not server.run(["docker", "run", "--rm", f"mooring/{app_name}:1", "which", "hugo"], check=False).stdout
    repo.commit({"layouts/index.html": "{{ nosuch }}"})
    refused(repo, app_name, "hugo failed", "layouts/index.html:1:")


STARTS_NOTHING = [
    {"build": "vite build"},
    {"start": "react-scripts start", "build": "react-scripts build"},
    {"start": "ng serve", "build": "ng build"},
    {"start": "cross-env PORT=1 webpack serve --open", "build": "webpack"},
    {"start": "npx @11ty/eleventy --serve", "build": "npx @11ty/eleventy"},
    {"start": "gatsby develop", "heroku-postbuild": "gatsby build"},
    {"start": "parcel src/index.html", "gcp-build": "parcel build src/index.html"},
]
STARTS_A_SERVER = [
    {"start": "node server.js", "build": "vite build"},
    {"start": "next start", "build": "next build"},
    {"start": "vite preview --host", "build": "vite build"},
    {"start": "serve -s build", "build": "react-scripts build"},
    {"start": "webpack serve && node .", "build": "webpack"},
    {"lint": "eslint ."},
]


def test_a_front_end_is_told_from_an_app_that_has_something_to_run(server: Server) -> None:
    """bin/joins in the build image, as the build asks it."""
    every = STARTS_NOTHING + STARTS_A_SERVER
    script = 'mkdir /tmp/app; while IFS= read -r line; do printf %s "$line" >/tmp/app/package.json; '
    script += "if /pack/bin/joins /tmp/app node; then echo yes; else echo no; fi; done; "
    script += "touch /tmp/app/Procfile; /pack/bin/joins /tmp/app node || echo no; "
    script += "rm /tmp/app/Procfile; /pack/bin/joins /tmp/app ruby || echo no"
    said = server.run(
        ["docker", "run", "--rm", "-i", "-v", "/opt/mooring/current/buildpacks/static:/pack:ro", "mooring-stack:build",
         "bash", "-c", script],
        input="".join(json.dumps({"scripts": scripts}) + "\n" for scripts in every),
    ).stdout.split()  # fmt: skip
    assert said == ["yes"] * len(STARTS_NOTHING) + ["no"] * (len(STARTS_A_SERVER) + 2)
