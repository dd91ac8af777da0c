"""Python apps without a Dockerfile, and an Aptfile: our examples, their settings, and what goes wrong with them."""

import hashlib
import io
import json
import zipfile

import pytest

from tests.server.cache import CHECKOUT
from tests.server.user import Repo, User

pytestmark = pytest.mark.long

DOMAIN = "apps.test"
EXAMPLES = CHECKOUT / "examples"

SERVE = """
import http.server, importlib.metadata, json, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        names = sorted(each.name for each in importlib.metadata.distributions())
        self.wfile.write(json.dumps({"packages": names, "prefix": sys.prefix, "env": dict(os.environ)}).encode())
http.server.HTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
"""
"""Answers with the packages that it can import, and its environment."""

DJANGO = {
    "requirements.txt": "Django==5.2.19\ngunicorn==27.0.1\n",
    "manage.py": "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
    "from django.core.management import execute_from_command_line as run\nrun(sys.argv)\n",
    "shop/__init__.py": "",
    "shop/wsgi.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
    "shop/settings.py": "import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).parent.parent\n"
    "SECRET_KEY = os.environ['SECRET_KEY']\nROOT_URLCONF = 'shop.urls'\n"
    "if 'DYNO' in os.environ and 'CI' not in os.environ:\n"
    "    ALLOWED_HOSTS, SECURE_SSL_REDIRECT = ['*'], True\n"
    "    SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')\n"
    "else:\n    ALLOWED_HOSTS = ['.localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]']\n"
    "MIDDLEWARE = ['django.middleware.security.SecurityMiddleware', 'django.middleware.common.CommonMiddleware']\n"
    "INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_URL = 'static/'\n"
    "STATIC_ROOT = BASE_DIR / 'collected'\nSTATICFILES_DIRS = [BASE_DIR / 'assets']\n",
    "shop/urls.py": "from django.http import HttpResponse\nfrom django.urls import path\n"
    "from django.conf import settings\n"
    "def page(request):\n    found = sorted(file.name for file in settings.STATIC_ROOT.glob('*'))\n"
    "    return HttpResponse(f'{request.scheme} {found}')\nurlpatterns = [path('', page)]\n",
    "assets/shop.css": "body { color: teal }\n",
    "gunicorn.conf.py": "import os\nbind = [f'[::]:{os.environ[\"PORT\"]}']\nworker_class = 'gthread'\n"
    "workers = os.environ.get('WEB_CONCURRENCY', 1)\npreload_app = reuse_port = True\n",
}
"""It decides by DYNO, asks for https and listens as Heroku's own sample for Django does."""


def change(repo: Repo, file: str, old: str, new: str) -> None:
    text = (repo.folder / file).read_text()
    assert old in text
    repo.commit({file: text.replace(old, new)})


def refused(repo: Repo, app: str, *words: str, files: dict[str, str | bytes | None]) -> None:
    """A push with these files is told these words, in the line that says why; then they are taken back."""
    repo.commit(files)
    pushed = repo.push(app)
    assert not pushed.ok, pushed.output
    reasons = [line for line in pushed.output.splitlines() if line.startswith("remote:  !     ")]
    assert any(all(word in line for word in words) for line in reasons), pushed.output
    repo.git("reset", "-q", "--hard", "HEAD~1")


def wheel(name: str) -> bytes:
    """A package of one empty module, built."""
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file), text)
    return packed.getvalue()


def seen(user: User, app: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads(user.curl(f"{app}.{DOMAIN}").body)
    return answer


def test_the_flask_example_deploys_restores_its_packages_and_serves_on_when_a_push_is_wrong(
    admin: User, app_name: str
) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo_of(EXAMPLES / "python-flask")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "Using Python 3.13" in pushed.output
    assert "Installing dependencies from requirements.txt by pip" in pushed.output
    assert "what runs is web: gunicorn app:app" in pushed.output
    assert "it is a full moon, 100 % lit" in admin.curl(host, "/?day=2026-11-24").body
    assert admin.curl(host, "/?day=tomorrow").status == 400

    refused(
        repo,
        app_name,
        "asks for Python 3.99",
        "there are 3.",
        "3.12",
        "3.9",
        files={".python-version": "python-3.99\n"},
    )
    refused(
        repo, app_name, ".python-version says 'latest'", "write one like 3.13", files={".python-version": "latest\n"}
    )
    refused(
        repo,
        app_name,
        "requirements.txt could not be installed",
        "No matching distribution found for Flask==0.0.7",
        files={"requirements.txt": "Flask==0.0.7\n"},
    )
    assert "full moon" in admin.curl(host, "/?day=2026-11-24").body

    # The failed builds left the cache of the good one.
    change(repo, "templates/moon.html", "it is a", "you see a")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "Restoring dependencies: requirements.txt is unchanged" in pushed.output
    assert "Installing dependencies" not in pushed.output
    assert "you see a full moon" in admin.curl(host, "/?day=2026-11-24").body


def test_a_lock_file_of_uv_or_pipenv_decides_what_is_installed(admin: User, app_name: str) -> None:
    built = wheel("sextant")
    digest = f"sha256:{hashlib.sha256(built).hexdigest()}"
    repo = admin.repo(
        "locks",
        {
            "Procfile": "web: python serve.py\n",
            "serve.py": SERVE,
            "wheels/sextant-1.0-py3-none-any.whl": built,
            "pyproject.toml": '[project]\nname = "ship"\nversion = "1"\nrequires-python = ">=3.13"\n'
            'dependencies = ["sextant"]\n[tool.uv.sources]\n'
            'sextant = { path = "wheels/sextant-1.0-py3-none-any.whl" }\n',
            "uv.lock": 'version = 1\nrequires-python = ">=3.13"\n\n[[package]]\nname = "sextant"\nversion = "1.0"\n'
            'source = { path = "wheels/sextant-1.0-py3-none-any.whl" }\n'
            f'wheels = [{{ filename = "sextant-1.0-py3-none-any.whl", hash = "{digest}" }}]\n\n'
            '[[package]]\nname = "ship"\nversion = "1"\nsource = { virtual = "." }\n'
            'dependencies = [{ name = "sextant" }]\n\n[package.metadata]\n'
            'requires-dist = [{ name = "sextant", path = "wheels/sextant-1.0-py3-none-any.whl" }]\n',
        },
    )
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "Installing dependencies from uv.lock by uv" in pushed.output
    assert seen(admin, app_name)["packages"] == ["sextant"]

    lock = {
        "_meta": {"hash": {"sha256": ""}, "pipfile-spec": 6, "requires": {"python_version": "3.13"}, "sources": []},
        "default": {
            "sextant": {"version": "==1.0", "hashes": [digest], "markers": "python_version >= '3.8'"},
        },
        "develop": {"gone": {"version": "==1.0", "hashes": [digest]}},
    }
    repo.commit({"uv.lock": None, "pyproject.toml": None, "Pipfile.lock": json.dumps(lock)})
    assert admin.ssh("config:set", app_name, "PIP_FIND_LINKS=wheels").returncode == 0
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "Using Python 3.13.5, by Pipfile.lock" in pushed.output
    assert seen(admin, app_name)["packages"] == ["sextant"]
    bad = json.dumps(lock).replace(digest, "sha256:" + "0" * 64)
    refused(
        repo, app_name, "Pipfile.lock could not be installed", "DO NOT MATCH THE HASHES", files={"Pipfile.lock": bad}
    )


def test_djangos_static_files_are_collected_and_hooks_run_with_the_config_vars(admin: User, app_name: str) -> None:
    hook = "#!/bin/sh\necho this is $0 of $NAME\n"
    repo = admin.repo("shop", {**DJANGO, "bin/pre_compile": hook, "bin/post_compile": hook})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "!     collectstatic failed: KeyError: 'SECRET_KEY'" in pushed.output
    assert "DISABLE_COLLECTSTATIC=1" in pushed.output

    assert admin.ssh("config:set", app_name, "SECRET_KEY=s", "NAME=Ada").returncode == 0
    repo.commit({"notes": ""})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "1 static file copied to 'collected'" in pushed.output
    assert "bin/pre_compile of Ada" in pushed.output
    assert "bin/post_compile of Ada" in pushed.output
    assert "what runs is web: gunicorn shop.wsgi" in pushed.output
    assert "!     web sends on to https whoever asks by http" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").headers["location"] == f"https://{app_name}.{DOMAIN}/"
    assert admin.ssh("nginx:set", app_name, "x-forwarded-proto", "https").returncode == 0
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "https ['shop.css']"

    assert admin.ssh("config:set", app_name, "DISABLE_COLLECTSTATIC=1").returncode == 0
    repo.commit({"notes": "again", "bin/post_compile": "#!/bin/sh\ntest ! -e collected\n"})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "collectstatic is not run: DISABLE_COLLECTSTATIC is set" in pushed.output
    refused(repo, app_name, "bin/post_compile failed", files={"bin/post_compile": "#!/bin/sh\nexit 3\n"})


def test_a_pyproject_alone_is_enough_and_an_app_without_a_process_is_told_why(admin: User, app_name: str) -> None:
    project = '[project]\nname = "ship"\nversion = "1"\ndependencies = ["gunicorn==27.0.1"]\n'
    repo = admin.repo("project", {"pyproject.toml": project, "ship.py": "def answer(environ, start): pass\n"})
    pushed = repo.push(app_name)
    assert "no WSGI application was found" in pushed.output
    assert "web: gunicorn shop:app" in pushed.output

    repo.commit({"Procfile": "web: python serve.py\n", "serve.py": SERVE})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    answer = seen(admin, app_name)
    assert "gunicorn" in str(answer["packages"])
    assert answer["prefix"] == "/app/.python"
    assert '"WEB_CONCURRENCY": "2"' in json.dumps(answer["env"])


def test_the_apt_example_runs_what_its_aptfile_names_and_other_lines_are_refused(admin: User, app_name: str) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo_of(EXAMPLES / "apt")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "From the Aptfile: busybox figlet" in pushed.output
    assert r"|_| |_|_|" in admin.curl(host, "/cgi-bin/large?words=hi").body

    address = "busybox\nhttps://packages.example.org/figlet.deb\n"
    refused(repo, app_name, "Aptfile line 2", "address of a package", files={"Aptfile": address})
    refused(repo, app_name, "Aptfile line 1", ":repo:", files={"Aptfile": ":repo:deb http://example.org trixie main\n"})
    refused(repo, app_name, "no package figlett", files={"Aptfile": "busybox # the server\n\nfiglett\n"})
    assert admin.curl(host).status == 200
