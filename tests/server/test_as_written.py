"""What a repository says of itself is read as its people wrote it, or they are told."""

import codecs
import json

from tests.server.test_buildpacks import DOMAIN, SERVER
from tests.server.user import User

NAME = "notifyVaccines_2"
PROCFILE = f"// as on Windows\r\nweb: perl web.pl\r\n{NAME}: perl web.pl\r\n"
APP_JSON = """{
  // as Dokku reads it
  "buildpacks": [{"url": "heroku/procfile"}],
  "formation": {"notifyVaccines_2": {"quantity": 1, "size": "standard-1x"}, "bot": 1,},
  "healthchecks": {"web": [{"listening": true}, {"path": "/up", /* both are asked */ "content": "PATH="}]},
  "scripts": {"dokku": {"predeploy": "true"}, "test": "exit 1"},
  "cron": [{"command": "true", "schedule": "@daily", "mailto": "me"}],
  "env": {"SECRET_TOKEN": {"required": false}}, "addons": ["heroku-postgresql"], "expo": {},
}
"""


def test_a_repository_is_read_as_it_was_written_and_told_what_is_not_read(admin: User, app_name: str) -> None:
    repo = admin.repo("written", {"web.pl": SERVER, "config/Procfile": PROCFILE.encode("utf-16")})
    (repo.folder / "Procfile").symlink_to("config/Procfile")
    repo.commit({"app.json": codecs.BOM_UTF8 + APP_JSON.replace("\n", "\r\n").encode()})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "heroku/procfile is Mooring's own buildpack procfile" in pushed.output
    assert "Read as UTF-8 with line feeds, and so built: Procfile" in pushed.output
    for said in (
        "of scripts, test is not run",
        "of cron, mailto does nothing",
        "addons: heroku-postgresql is not made by itself: `mooring postgres:create NAME`",
        "of formation, size does nothing",
        "expo does nothing",
        "formation names bot, and the app has notifyVaccines_2, web only",
    ):
        assert pushed.output.count(f"!     app.json: {said}") == 1, f"{said}:\n{pushed.output}"
    assert admin.ssh("exec", app_name, "cat", "Procfile").stdout == PROCFILE.replace("\r", "")
    rows = json.loads(admin.ssh("checks", app_name, "--json").stdout)
    assert [row["asks"] for row in rows if row["process"] == "web"] == ["port 5000 listens, then GET /up on port 5000"]

    # A process is called and reached as its line of the Procfile is.
    answer = admin.ssh("exec", app_name, "curl", "-s", f"http://{NAME}:5000")
    assert f"MOORING_PROCESS={NAME}.1" in answer.stdout, answer.stderr
    host = f"other-{app_name}.{DOMAIN}"
    for words in (("ps:restart", app_name, f"{NAME}.1"), ("domains:add", app_name, host, "--process", NAME)):
        done = admin.ssh(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    assert f"MOORING_PROCESS={NAME}.1" in admin.curl(host).body
    assert "listening" in admin.ssh("logs", app_name, "--process", f"{NAME}.1").stdout
