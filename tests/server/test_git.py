"""What git pushes: clones without their history, tags, objects that are no commit."""

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
    both = ci.push(app_name, "main:side", "main:other")
    assert not both.ok
    assert "one after the other" in both.output
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
    assert repo.push(app_name, "v1:refs/heads/side", "v1").ok
    assert branch(repo, app_name, "side") == commit

    repo.git("tag", "-m", "of a file", "page", "HEAD:index.html")
    for what, kind in (("HEAD:index.html", "a blob"), ("HEAD^{tree}", "a tree"), ("page", "a tag of a blob")):
        for name in ("main", "other"):
            refused = repo.push(app_name, f"{what}:refs/heads/{name}", "--force")
            assert not refused.ok
            assert f"what was pushed to {name} is {kind}, which leads to no commit" in refused.output
    assert admin.ssh("releases", app_name).stdout.count("push") == 1
    assert branch(repo, app_name) == commit
