"""What the scripts of our buildpacks decide by files alone, also where these were written on Windows."""

from pathlib import Path

import pytest

from tests.unit.scripts import bash

BOM = b"\xef\xbb\xbf"


def lay(folder: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def windows(text: str) -> bytes:
    return BOM + text.replace("\n", "\r\n").encode()


def utf16(text: str) -> bytes:
    """As PowerShell's `>` writes it."""
    return text.replace("\n", "\r\n").encode("utf-16")


READS = """
env=/nowhere
detail() { echo "$@"; }
for part in version config managers; do source "$PACKS/python/lib/$part.sh"; done
choose_manager
printf '%s\\n' "${reads[@]}" ${elsewhere[@]+"elsewhere: ${elsewhere[@]}"}
"""


def reads(folder: Path) -> set[str]:
    done = bash(READS, folder)
    assert done.returncode == 0, done.stderr
    return {line.removeprefix("./") for line in done.stdout.splitlines()}


@pytest.mark.parametrize("written", [windows, utf16, str.encode])
def test_every_file_of_requirements_counts_however_it_is_written(tmp_path: Path, written: object) -> None:
    assert callable(written)
    lay(
        tmp_path,
        requirements_txt=written('-r base.txt\n-c "my constraints.txt"\nflask==3 \\\n  --hash=sha256:0\n'),
        base_txt=written("-rsub/more.txt # and more\n"),
        sub__more_txt=written("--constraint=../last.txt\nms\n"),
        last_txt="",
        other_txt="",
        Aptfile="libpq5\n",
    )
    (tmp_path / "my constraints.txt").write_text("flask==3\n")
    assert reads(tmp_path) == {
        "requirements.txt", "base.txt", "sub/more.txt", "last.txt", "my constraints.txt", "Aptfile",
    }  # fmt: skip


@pytest.mark.parametrize("line", ["./wheels/x.whl", "libs/mine", "-e libs/mine", "-f wheels", "x @ file:libs/mine"])
def test_what_is_installed_from_the_repository_makes_all_of_it_count(tmp_path: Path, line: str) -> None:
    lay(tmp_path, requirements_txt=windows(f"{line}\n"), libs__mine__setup="", code="x")
    assert {"libs/mine/setup", "code"} <= reads(tmp_path)


def test_requirements_at_an_address_may_change_without_the_repository(tmp_path: Path) -> None:
    lay(tmp_path, requirements_txt="-c https://example.com/constraints.txt\nflask\n")
    assert "elsewhere: https://example.com/constraints.txt" in reads(tmp_path)


@pytest.mark.parametrize("written", [windows, utf16, str.encode])
@pytest.mark.parametrize("file", ["runtime_txt", ".python-version"])
def test_a_version_of_python_is_read_as_windows_writes_it(tmp_path: Path, written: object, file: str) -> None:
    assert callable(written)
    lay(tmp_path, **{file: written("# ours\n\nPython-3.12.4\n" if file == "runtime_txt" else "3.12.4\n")})
    done = bash('source "$PACKS/python/lib/version.sh"; wanted_python .; echo "$version"', tmp_path)
    assert (done.stdout, done.stderr) == ("3.12.4\n", "")


@pytest.mark.parametrize("written", [windows, utf16, str.encode])
def test_an_aptfile_is_read_as_windows_writes_it(tmp_path: Path, written: object) -> None:
    assert callable(written)
    lay(tmp_path, Aptfile=written("ffmpeg # and\nimagemagick jq"))
    assert bash('"$PACKS/apt/bin/packages" .', tmp_path).stdout.split() == ["ffmpeg", "imagemagick", "jq"]
    lay(tmp_path, Aptfile=written("ffmpeg\n:repo:deb http://x y\n"))
    assert "Aptfile line 2" in bash('"$PACKS/apt/bin/packages" .', tmp_path).stderr


@pytest.mark.parametrize(
    ("line", "server", "folder"),
    [
        ("vendor/bin/heroku-php-apache2 public/", "apache", "public"),
        ("heroku-php-nginx -C nginx.conf -i php.ini web", "nginx", "web"),
        ("./vendor/bin/heroku-php-apache2 -Capache.conf", "apache", "."),
        ('$(composer config bin-dir)/heroku-php-nginx -v -l logs/a.log "public/"', "nginx", "public"),
        ("mooring-php -w site -s apache", "apache", "site"),
        ("php -S 0.0.0.0:$PORT", "nginx", "."),
    ],
)
def test_the_server_and_the_folder_of_a_php_app_are_those_of_its_procfile(
    tmp_path: Path, line: str, server: str, folder: str
) -> None:
    lay(tmp_path, Procfile=windows(f"web: {line}\n"), **{"index.php": ""})
    done = bash('source "$PACKS/php/choices.sh"; web_server; webroot', tmp_path)
    assert done.stdout.split() == [server, folder], done.stderr


@pytest.mark.parametrize(
    ("line", "files", "said"),
    [
        ("lein run", {"project.clj": ""}, "Mooring has no buildpack for Clojure (project.clj)"),
        ("A=1 exec mix phx.server", {"mix.exs": ""}, "no buildpack for Elixir (mix.exs)"),
        ("cd api && dotnet run", {"shop.csproj": ""}, "no buildpack for .NET (shop.csproj)"),
        ("./target/release/shop", {"Cargo.toml": ""}, "no buildpack for Rust (Cargo.toml)"),
        ("no-such-program", {}, "starts no-such-program, which is not there (an Aptfile"),
        ("./run", {"run": "x"}, "not executable (git update-index --chmod=+x run"),
    ],
)
def test_a_procfile_that_starts_what_is_not_there_is_told_so_before_it_runs(
    tmp_path: Path, line: str, files: dict[str, str], said: str
) -> None:
    lay(tmp_path, Procfile=windows(f"web: {line}\n"), **files)
    done = bash('"$PACKS/procfile/bin/compile" .', tmp_path, REQUEST_ID="shop.1")
    assert done.returncode == 1
    assert said in done.stdout


@pytest.mark.parametrize("line", ["perl web.pl", "cd x && ./y", "if true; then perl x; fi", "$RUN", "A=1 exec perl x"])
def test_a_procfile_that_starts_what_is_there_is_left_alone(tmp_path: Path, line: str) -> None:
    lay(tmp_path, Procfile=windows(f"web: {line}\n"), **{"project.clj": ""})
    done = bash('"$PACKS/procfile/bin/compile" .', tmp_path, REQUEST_ID="shop.1")
    assert done.returncode == 0, done.stdout
