"""PHP and Ruby apps without a Dockerfile: our examples, their settings, and what goes wrong with them."""

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from tests.server.cache import CHECKOUT
from tests.server.pushing import change, refused
from tests.server.throwaway import Server
from tests.server.user import User

pytestmark = pytest.mark.long

DOMAIN = "apps.test"
EXAMPLES = CHECKOUT / "examples"

PROBE = """<?php
if ($_SERVER['REQUEST_URI'] === '/crash') { error_log('a note for the log'); this_is_undefined(); }
echo json_encode([
    'page' => basename(__DIR__), 'uri' => $_SERVER['REQUEST_URI'], 'server' => $_SERVER['SERVER_SOFTWARE'],
    'memory' => ini_get('memory_limit'), 'upload' => ini_get('upload_max_filesize'),
    'uid' => posix_geteuid(), 'greeting' => getenv('GREETING'),
]);
"""
"""Answers with what it sees."""


def test_the_php_example_deploys_restores_its_packages_and_says_what_it_cannot_have(admin: User, app_name: str) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo_of(EXAMPLES / "php")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "Installing the 1 packages of composer.lock" in pushed.output
    assert "<h1>Hello, Ada</h1>" in admin.curl(host, "/?name=ada").body
    picture = admin.curl(host, "/picture/ada.png")
    assert (picture.status, picture.headers["content-type"], picture.body[1:4]) == (200, "image/png", "PNG")
    assert admin.curl(host, "/style.css").headers["content-type"] == "text/css"
    assert admin.curl(host, "/nothing").body == "There is nothing here.\n"
    assert admin.curl(host, "/missing.php").status == 404

    change(repo, "src/Page.php", "Hello", "Good evening")
    pushed = repo.push(app_name)
    assert "Dependencies unchanged: restored" in pushed.output
    assert "<h1>Good evening, World</h1>" in admin.curl(host).body

    change(repo, "composer.json", '"php": "^8.2"', '"php": "^7.4"')
    refused(repo, app_name, "composer.json requires PHP ^7.4, and there is PHP 8.")
    change(repo, "composer.json", "ext-mbstring", "ext-wonder")
    refused(repo, app_name, "ext-wonder", "no such PHP extension")
    lock = (repo.folder / "composer.lock").read_text()
    repo.commit({"composer.lock": lock.replace("1.0.0", "1.1.0").replace("packages/identicon", "packages/lost")})
    refused(repo, app_name, "composer install failed")
    change(repo, "Procfile", "-w public", "-w httpdocs")
    refused(repo, app_name, "no folder httpdocs to serve")
    repo.commit({"composer.lock": None})
    refused(repo, app_name, "there is no composer.lock")
    assert "<h1>Good evening, World</h1>" in admin.curl(host).body


def test_an_htaccess_brings_apache_and_settings_choose_folder_ini_and_workers(
    admin: User, server: Server, app_name: str
) -> None:
    host = f"{app_name}.{DOMAIN}"
    rules = (
        "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.php [L]\nHeader set X-By htaccess\n"
    )
    repo = admin.repo(
        "plain",
        {
            "web/index.php": PROBE,
            "web/.htaccess": rules,
            "web/.user.ini": "upload_max_filesize = 33M\n",
            "other/index.php": PROBE,
            "small.ini": "memory_limit = 96M\n",
            "Procfile": "web: mooring-php -i small.ini\n",
            "composer.json": json.dumps({"require": {"php": ">=8", "ext-posix": "*"}}),
        },
    )
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "behind apache" in pushed.output
    answer = admin.curl(host, "/any/path?x=1")
    seen = json.loads(answer.body)
    assert answer.headers["x-by"] == "htaccess"
    assert (seen["page"], seen["uri"], seen["uid"]) == ("web", "/any/path?x=1", 1000)
    assert (seen["memory"], seen["upload"]) == ("96M", "33M")
    assert admin.curl(host, "/.htaccess").status == 404
    assert admin.curl(host, "/.user.ini").status == 404

    assert admin.ssh("config:set", app_name, "PHP_WEBROOT=other", "GREETING=hello", "WEB_CONCURRENCY=3").returncode == 0
    seen = json.loads(admin.curl(host, "/any/path").body)
    assert (seen["page"], seen["greeting"]) == ("other", "hello")

    assert admin.curl(host, "/crash").status == 500
    server.wait_for(["sh", "-c", f"mooring logs {app_name} | grep -q 'a note for the log'"])
    server.wait_for(["sh", "-c", f"mooring logs {app_name} | grep -q 'undefined function this_is_undefined'"])
    container = server.run(["docker", "ps", "-q", "--filter", f"name=^{app_name}[.]2"]).stdout.strip()
    server.run(["docker", "exec", container, "pkill", "-KILL", "-o", "php-fpm"])
    server.wait_for(["sh", "-c", f"mooring logs {app_name} | grep -q 'mooring-php: php-fpm has ended'"])
    server.wait_for(["sh", "-c", f"docker ps -q --filter name=^{app_name}[.]2 | grep -qv {container}"])


def test_herokus_words_start_the_same_servers_with_its_options(admin: User, app_name: str) -> None:
    host = f"{app_name}.{DOMAIN}"
    include = (
        "add_header X-By included;\nlocation / { try_files $uri @rewriteapp; }\n"
        "location @rewriteapp { rewrite ^(.*)$ /index.php/$1 last; }\n"
        "location ~ ^/index\\.php(/|$) { try_files @heroku-fcgi @heroku-fcgi; internal; }\n"
    )
    repo = admin.repo(
        "heroku",
        {
            "site/index.php": PROBE,
            "nginx.conf": include,
            "apache.conf.php": "<?php echo 'Header set X-By ' . getenv('GREETING');\n",
            "small.ini": "memory_limit = 77M\n",
            "pool.conf": "php_admin_value[upload_max_filesize] = 34M\n",
            "composer.json": json.dumps({"scripts": {"gcp-build": "echo as Google calls it > site/built.txt"}}),
            # As Windows writes it.
            "Procfile": "web: vendor/bin/heroku-php-nginx -C nginx.conf -F pool.conf -i small.ini site/\r\n",
        },
    )
    assert (pushed := repo.push(app_name)).ok, pushed.output
    assert "behind nginx" in pushed.output
    answer = admin.curl(host, "/any/path")
    seen = json.loads(answer.body)
    assert (answer.headers["x-by"], seen["page"], seen["uri"]) == ("included", "site", "/any/path")
    assert (seen["memory"], seen["upload"]) == ("77M", "34M")
    assert admin.curl(host, "/built.txt").body == "as Google calls it\n"

    change(repo, "Procfile", "vendor/bin/heroku-php-nginx -C nginx.conf", "heroku-php-apache2 -C apache.conf.php")
    assert admin.ssh("config:set", "--no-restart", app_name, "GREETING=hello").returncode == 0
    assert (pushed := repo.push(app_name)).ok, pushed.output
    assert "behind apache" in pushed.output
    answer = admin.curl(host, "/any/path")
    seen = json.loads(answer.body)
    assert (answer.headers["x-by"], seen["page"], seen["memory"]) == ("hello", "site", "77M")
    assert seen["server"].startswith("Apache")


def test_the_ruby_example_deploys_restores_its_gems_and_says_what_it_cannot_have(admin: User, app_name: str) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo_of(EXAMPLES / "ruby-rack")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "Installing the gems of vendor/cache" in pushed.output
    assert "Precompiling assets" in pushed.output
    page = admin.curl(host, "/2030-01-31").body
    assert "Waning crescent on 31 January 2030" in page
    style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "system-ui" in admin.curl(host, style).body
    assert admin.curl(host, "/nothing").status == 404

    change(repo, "page.html.erb", "lit.", "bright.")
    pushed = repo.push(app_name)
    assert "Gems unchanged: restored" in pushed.output
    assert "% bright." in admin.curl(host).body

    change(repo, "Gemfile", 'ruby "~> 3.3"', 'ruby "2.7.8"')
    refused(repo, app_name, "the Gemfile wants Ruby 2.7.8, and there is Ruby 3.")
    change(repo, "Gemfile", "~> 2.1", "~> 1.0")
    refused(repo, app_name, "bundle install failed")
    change(repo, "Rakefile", "assets/style.css", "assets/lost.css")
    refused(repo, app_name, "rake assets:precompile failed")
    repo.commit({"Gemfile.lock": None})
    refused(repo, app_name, "there is no Gemfile.lock")

    # A gem with an extension in C, another default of Rack, and no development gems.
    repo.write({"vendor/cache/native-1.0.0.gem": native_gem()})
    repo.write({"config.ru": 'require "native"\nrun ->(_) { [200, {}, [Native.text + ENV.fetch("RACK_ENV")]] }\n'})
    repo.write({"Gemfile": (repo.folder / "Gemfile").read_text() + 'gem "native"\ngem "lost", group: :test\n'})
    lock = (repo.folder / "Gemfile.lock").read_text()
    lock = lock.replace("  specs:\n", "  specs:\n    lost (1.0.0)\n    native (1.0.0)\n")
    repo.commit({"Gemfile.lock": lock.replace("DEPENDENCIES\n", "DEPENDENCIES\n  lost\n  native\n")})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert admin.curl(host).body == "compiled in production"


def native_gem() -> bytes:
    """The gem `native`, whose extension has to be compiled, as RubyGems packs it."""
    source = '#include <ruby.h>\nstatic VALUE text(VALUE self) { return rb_str_new_cstr("compiled in "); }\n'
    source += 'void Init_native(void) { rb_define_singleton_method(rb_define_module("Native"), "text", text, 0); }\n'
    extension = "require 'mkmf'\ncreate_makefile('native')\n"
    metadata = """--- !ruby/object:Gem::Specification
name: native
version: !ruby/object:Gem::Version
  version: 1.0.0
platform: ruby
authors: [Ada]
extensions: [ext/extconf.rb]
files: [ext/extconf.rb, ext/native.c]
require_paths: [lib]
dependencies: []
required_ruby_version: !ruby/object:Gem::Requirement
  requirements: [[">=", !ruby/object:Gem::Version {version: "3.0"}]]
specification_version: 4
summary: Says how it was made.
"""
    data = gzip.compress(tar({"ext/extconf.rb": extension.encode(), "ext/native.c": source.encode()}))
    parts = {"metadata.gz": gzip.compress(metadata.encode()), "data.tar.gz": data}
    sums = "".join(f"  {name}: {hashlib.sha256(part).hexdigest()}\n" for name, part in parts.items())
    return tar({**parts, "checksums.yaml.gz": gzip.compress(f"---\nSHA256:\n{sums}".encode())})


def tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
