"""What runs: on which port it is reached, what it finds, and how it is told to end."""

import json
import shlex

from tests.server import apps
from tests.server.installed import DOMAIN
from tests.server.user import User

TELLER = """
import http.server, json, os, signal, sys, threading
me = sys.argv[1] if len(sys.argv) > 1 else "web"
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"headers": dict(self.headers), "env": dict(os.environ), "argv": sys.argv[1:]}).encode()
        named = self.headers["Host"].endswith(".apps.test")
        self.send_response(200 if named else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
if me == "web":
    server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(me, "is up", flush=True)
signal.sigwait([signal.SIGTERM])
print(me, "was told", flush=True)
"""
LINES = """\
web: python3 app.py
pipe: python3 app.py pipe | cat
list: cd / && X="a b" python3 /app/app.py list
exec: exec python3 app.py exec
jobs: python3 app.py one & python3 app.py two & wait
script: ./start.sh
bot: bash -c 'python3 app.py bot; true'
"""
TOLD = ("web", "pipe", "list", "exec", "one", "two", "script", "bot")


def does(user: User, *words: str) -> str:
    answer = user.ssh(*map(shlex.quote, words))
    assert answer.returncode == 0, f"{words}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def seen(user: User, app: str, **headers: str) -> dict[str, dict[str, str]]:
    answer = user.curl(f"{app}.{DOMAIN}", headers=headers)
    assert answer.status == 200, answer
    found: dict[str, dict[str, str]] = json.loads(answer.body)
    return found


def test_every_line_of_a_procfile_is_told_to_end_and_the_web_is_found_and_known(admin: User, app_name: str) -> None:
    files = apps.python(TELLER, Procfile=LINES)
    files["Dockerfile"] = str(files["Dockerfile"]).replace("EXPOSE 8080", "EXPOSE 22 3000")
    files["start.sh"] = "#!/bin/sh\npython3 app.py script\ntrue\n"
    formation = {line.partition(":")[0]: 1 for line in LINES.splitlines()}
    check = {"web": [{"type": "startup", "path": "/", "attempts": 1}]}
    files["app.json"] = json.dumps({"formation": formation, "healthchecks": check})
    pushed = admin.repo("lines", files).push(app_name)
    assert pushed.ok, pushed.output
    assert "the image exposes 22, 3000: which of them answers HTTP is asked" in pushed.output
    assert "web answers HTTP on port 3000" in pushed.output

    found = seen(admin, app_name, api_key="1", X_Forwarded_For="192.0.2.1", **{"X-Real_IP": "192.0.2.1"})
    expected = {"DYNO": "web.1", "PORT": "3000", "DOKKU_APP_NAME": app_name, "HEROKU_RELEASE_VERSION": "v1"}
    assert found["env"].items() >= expected.items()
    assert found["headers"]["api_key"] == "1"
    assert "192.0.2.1" not in json.dumps(found["headers"])

    run = does(admin, "run:detached", app_name, "sh", "-c", "python3 app.py run && echo next").split()[0]
    admin.server.run(["sh", "-c", f"journalctl -f -n all -t {app_name}/{run} | grep -m1 'run is up'"])
    does(admin, "run:stop", app_name, run)
    does(admin, "ps:stop", app_name)
    lines = does(admin, "logs", app_name, "-n", "200")
    for each in (*TOLD, "run"):
        assert f"{each} was told" in lines, lines
    assert "next" not in lines


def test_an_image_that_exposes_nothing_is_web_where_it_answers_and_a_port_can_be_chosen(
    admin: User, app_name: str
) -> None:
    files = apps.python(TELLER)
    files["Dockerfile"] = str(files["Dockerfile"]).replace("EXPOSE 8080\n", "")
    repo = admin.repo("unexposed", files)
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "it answers HTTP on port 5000: it is started again, as web" in pushed.output
    assert seen(admin, app_name)["env"]["PORT"] == "5000"

    assert "v2 is live" in does(admin, "ports:set", app_name, "http:80:4000")
    assert seen(admin, app_name)["env"]["PORT"] == "4000"
    assert json.loads(does(admin, "ports", app_name, "--json")) == [
        {"process": "web", "port": 4000, "chosen-by": "ports:set"}
    ]
    assert "v3 is live" in does(admin, "ports:clear", app_name)
    assert seen(admin, app_name)["env"]["PORT"] == "5000"


def test_an_entrypoint_is_given_words_and_a_base_images_shell_is_no_web(admin: User, app_name: str) -> None:
    program = 'FROM python:3-slim\nCOPY . /app\nWORKDIR /app\nENTRYPOINT ["python3", "-u"]\n'
    files: apps.Files = {"Dockerfile": program, "app.py": TELLER, "Procfile": 'web: app.py web "a b" $PORT\n'}
    repo = admin.repo("entrypoint", files)
    assert repo.push(app_name).ok
    assert seen(admin, app_name)["argv"] == ["web", "a b", "5000"]

    repo.commit({"Dockerfile": "FROM python:3-slim\nEXPOSE 8080\n", "Procfile": "bot: sleep 999\n"})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "It has no process web: a service-only app" in pushed.output
    assert [row["process"] for row in json.loads(does(admin, "ps", app_name, "--json"))] == ["bot.1"]


LATE = """
import http.server, time
class Late(http.server.BaseHTTPRequestHandler):
    answered = 0
    def do_GET(self):
        self.send_response(404)
        self.end_headers()
        self.wfile.write(str(Late.answered).encode())
        Late.answered += 1
server = http.server.HTTPServer(("", 8080), Late)
time.sleep(2)
server.serve_forever()
"""
"""Listens at once and answers later; says how many questions were answered before."""


def test_a_release_is_live_when_it_has_answered_and_not_when_its_port_is_open(admin: User, app_name: str) -> None:
    assert admin.repo("late", apps.python(LATE)).push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "1"


def test_an_app_that_listens_and_answers_nothing_is_live_only_where_listening_is_all_it_is_asked(
    admin: User, app_name: str
) -> None:
    mute = "import socket, time\nlistener = socket.create_server(('', 8080))\ntime.sleep(1000)\n"
    check: dict[str, object] = {"type": "startup", "attempts": 2, "wait": 1, "timeout": 1}
    repo = admin.repo("mute", apps.python(mute, **{"app.json": json.dumps({"healthchecks": {"web": [check]}})}))
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "web.1: port 8080 listens, and GET / has got no answer" in pushed.output
    repo.commit({"app.json": json.dumps({"healthchecks": {"web": [{**check, "listening": True}]}})})
    assert repo.push(app_name).ok
