"""What git pushes, and what a build sees of it: clones without history, tags, submodules, pointers, `.git`."""

import json
from pathlib import Path

from tests.server import apps
from tests.server.user import Repo, User

DOMAIN = "apps.test"


def clone(of: Repo, name: str, *options: str) -> Repo:
    """A clone of a repository at the user's machine."""
    folder = of.folder.with_name(name)
    of.git("clone", "-q", *options, f"file://{of.folder}", str(folder))
    return Repo(of.user, folder)


def history(user: User, app: str, folder: Path) -> list[str]:
    """The subjects of the commits that a developer gets who clones the app."""
    user.folder.mkdir(exist_ok=True)
    at = Repo(user, user.folder)
    at.git("clone", "-q", f"mooring@{user.server.address}:{app}", str(folder))
    return Repo(user, folder).git("log", "--format=%s").splitlines()


def branch(repo: Repo, app: str, name: str = "main") -> str:
    """The commit that a branch of the app's repository is."""
    return repo.git("ls-remote", f"mooring@{repo.user.server.address}:{app}", f"refs/heads/{name}").split()[0]


def test_a_push_from_a_shallow_clone_deploys_and_the_history_joins_it_when_it_comes(
    admin: User, app_name: str, tmp_path: Path
) -> None:
    whole = admin.repo("whole", apps.site("one"))
    whole.commit({"index.html": "two"}, "two")
    whole.commit({"index.html": "three"}, "three")
    ci = clone(whole, "ci", "--depth=1")
    pushed = ci.push(app_name)
    assert pushed.ok, pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "three"
    again = ci.push(app_name, "main", "--force")
    assert again.ok
    assert "live already" in again.output
    both = ci.git("push", f"mooring@{admin.server.address}:{app_name}", "main:side", "main:other", check=False)
    assert "one after the other" in both
    assert both.count("[remote rejected]") == 2
    assert ci.push(app_name, "main:side").ok
    assert admin.ssh("rebuild", app_name).returncode == 0
    assert history(admin, app_name, tmp_path / "before") == ["three"]

    whole.commit({"index.html": "four"}, "four")
    pushed = whole.push(app_name)
    assert pushed.ok, pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "four"
    assert history(admin, app_name, tmp_path / "after") == ["four", "three", "two", "Change"]

    # What comes without a history is joined to what is there.
    whole.commit({"index.html": "five"}, "five")
    pushed = clone(whole, "later", "--depth=1").push(app_name, "main", "--force")
    assert pushed.ok, pushed.output
    assert history(admin, app_name, tmp_path / "joined") == ["five", "four", "three", "two", "Change"]


def test_a_tag_deploys_its_commit_and_what_leads_to_no_commit_is_refused_before_a_build(
    admin: User, app_name: str
) -> None:
    repo = admin.repo("tagged", apps.site("tagged"))
    commit = repo.git("rev-parse", "HEAD").strip()
    repo.git("tag", "-m", "one", "v1")
    repo.git("-c", "advice.nestedTag=false", "tag", "-m", "of a tag", "v2", "v1")
    pushed = repo.push(app_name, "v2:refs/heads/main")
    assert pushed.ok, pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "tagged"
    assert branch(repo, app_name) == commit
    assert commit[:7] in admin.ssh("releases", app_name).stdout
    again = repo.push(app_name, "v1:refs/heads/main", "--force")
    assert again.ok
    assert "live already" in again.output
    # A branch that is only stored becomes the commit too, and a tag stays the tag.
    repo.git("push", f"mooring@{admin.server.address}:{app_name}", "v1:refs/heads/side", "v1")
    assert branch(repo, app_name, "side") == commit

    repo.git("tag", "-m", "of a file", "page", "HEAD:index.html")
    for what, kind in (("HEAD:index.html", "a blob"), ("HEAD^{tree}", "a tree"), ("page", "a tag of a blob")):
        for name in ("main", "other"):
            refused = repo.push(app_name, f"{what}:refs/heads/{name}", "--force")
            assert not refused.ok
            assert f"what was pushed to {name} is {kind}, which leads to no commit" in refused.output
    assert admin.ssh("releases", app_name).stdout.count("push") == 1
    assert branch(repo, app_name) == commit


def test_a_submodule_that_cannot_be_had_is_named_with_its_address_and_the_reason(admin: User, app_name: str) -> None:
    repo = admin.repo("outer", apps.site("x"))
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/lib")
    for url, told in (
        ("http://127.0.0.1:1/lib.git", "cannot be had from http://127.0.0.1:1/lib.git: unable to access"),
        ("../lib.git", "has the address ../lib.git, and a push does not say what that is relative to"),
    ):
        repo.write({".gitmodules": f'[submodule "lib"]\n\tpath = vendor/lib\n\turl = {url}\n'})
        repo.git("add", ".gitmodules")
        repo.git("commit", "-q", "-m", url)
        pushed = repo.push(app_name)
        assert not pushed.ok
        assert f"!     the submodule vendor/lib {told}" in pushed.output
        assert "second time" not in pushed.output


BUILT = """FROM mooring-stack:build AS built
ARG COLOUR=none
ARG GIT_REV
ARG SOURCE_VERSION
WORKDIR /s
COPY . .
RUN mkdir /tmp/www && { echo "$COLOUR $GIT_REV $SOURCE_VERSION"; git rev-parse HEAD; git describe --tags; \\
    git status --short; } >/tmp/www/index.html
FROM busybox AS serve
COPY --from=built /tmp/www /www
EXPOSE 8080
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
FROM busybox
RUN false
"""
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5000\n"


def test_a_dockerfile_of_another_name_is_built_to_its_stage_with_its_arguments_the_commit_and_git(
    admin: User, app_name: str
) -> None:
    files = {"docker/Dockerfile": BUILT, "big.bin": POINTER, ".gitattributes": "*.bin filter=lfs diff=lfs -text\n"}
    repo = admin.repo("stages", files)
    repo.git("tag", "-m", "one", "v1")
    assert admin.ssh("apps:create", app_name).returncode == 0
    for words in ("dockerfile-path docker/Dockerfile", "target serve", "build-arg COLOUR=blue", "build-arg GONE=x"):
        assert admin.ssh("builder:set", app_name, *words.split()).returncode == 0
    assert admin.ssh("builder:set", app_name, "build-arg", "GONE").returncode == 0
    assert admin.ssh("git:set", app_name, "keep-git-dir", "true").returncode == 0
    assert admin.ssh("git:set", app_name, "rev-env-var", "OUR_REV").returncode == 0
    chosen = json.loads(admin.ssh("builder", app_name, "--json").stdout)
    assert chosen["build-args"] == {"COLOUR": "blue"}
    assert (chosen["dockerfile-path"], chosen["target"]) == ("docker/Dockerfile", "serve")
    assert repo.push(app_name, "v1").ok
    commit = repo.commit({"more": "x"})
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "!     1 file is a git-LFS pointer without the content, which git does not have: big.bin" in pushed.output
    page = [f"blue {commit} {commit}", commit, f"v1-1-g{commit[:7]}"]
    assert admin.curl(f"{app_name}.{DOMAIN}").body.splitlines() == page
    told = admin.ssh("exec", app_name, "sh", "-c", "'echo $OUR_REV $GIT_REV'").stdout
    assert told.split() == [commit, commit]

    assert admin.ssh("builder:set", app_name, "target", "nope").returncode == 0
    assert "!     the Dockerfile has no stage nope" in admin.ssh("rebuild", app_name).stdout
    assert admin.ssh("builder:set", app_name, "dockerfile", "nope/Dockerfile").returncode == 0
    assert "!     the repository has no nope/Dockerfile" in admin.ssh("rebuild", app_name).stdout
    assert admin.curl(f"{app_name}.{DOMAIN}").body.splitlines() == page
    for wrong in ("dockerfile-path ../Dockerfile", "target --push", "build-arg a-b=1", "build-arg NONE", "auto x"):
        assert admin.ssh("builder:set", app_name, *wrong.split()).returncode != 0
    for wrong in ("rev-env-var a-b", "rev-env-var PATH", "keep-git-dir maybe", "object-format md5"):
        assert admin.ssh("git:set", app_name, *wrong.split()).returncode == 1


def test_an_app_takes_commits_of_sha256_where_that_was_chosen_before_its_first_push(admin: User, app_name: str) -> None:
    folder = admin.folder / "long"
    folder.mkdir(parents=True)
    repo = Repo(admin, folder)
    repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    commit = repo.commit(apps.site("long names"))
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("git:set", app_name, "object-format", "sha256").returncode == 0
    pushed = clone(repo, "ci", "--depth=1").push(app_name)
    assert pushed.ok, pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "long names"
    assert branch(repo, app_name) == commit
    assert len(commit) == 64
    assert "commits of the other kind" in admin.ssh("git:set", app_name, "object-format", "sha1").stderr
