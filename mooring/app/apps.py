"""An app: a folder with what the operator chose, its config vars, its repository and its releases."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mooring.app import choices
from mooring.app.choices import Choices
from mooring.host import env_file, files, names, paths
from mooring.host.names import ReleaseName
from mooring.host.refusal import die


class App(NamedTuple):
    """One app, by its name; whether it exists is asked of the disk."""

    name: str

    @property
    def folder(self) -> Path:
        return paths.APPS / self.name

    @property
    def repository(self) -> Path:
        return self.folder / "repo.git"

    @property
    def sources(self) -> Path:
        """Where the git user lays out source trees, a folder for each release; making it claims the number."""
        return self.folder / "sources"

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    @property
    def tags(self) -> Path:
        """Links called like tags, to the releases that have them."""
        return self.folder / "tags"

    @property
    def ssh(self) -> Path:
        """The app's own key, and the hosts that it has met: the git user's alone."""
        return self.folder / "ssh"

    @property
    def live_link(self) -> Path:
        return self.folder / "live"

    @property
    def live(self) -> ReleaseName | None:
        """The release that serves: where the link `live` points."""
        try:
            return ReleaseName(self.name, int(self.live_link.readlink().name))
        except FileNotFoundError:
            return None

    def exists(self) -> bool:
        return self.folder.is_dir()

    def choices(self) -> Choices:
        """What app.toml says; raises Refusal where a person broke it."""
        path = self.folder / "app.toml"
        try:
            return choices.parse(path.read_text(), path)
        except FileNotFoundError:
            return Choices()

    def choose(self, **changes: Any) -> None:
        """Write changed choices into app.toml, its comments kept. None takes a choice back to its default.

        A function is given the choice as it is, and returns what it becomes: no other change is lost.
        """
        import tomlkit

        path = self.folder / "app.toml"
        with files.locked(self.folder):
            document = tomlkit.parse(path.read_text() if path.exists() else "")
            before = choices.parse(tomlkit.dumps(document), path)
            for name, change in changes.items():
                key = name.replace("_", "-")
                value = change(getattr(before, name)) if callable(change) else change
                if value is None:
                    document.pop(key, None)
                else:
                    document[key] = list(value) if isinstance(value, tuple) else value
            files.write(path, tomlkit.dumps(document))

    def purge_build_cache(self) -> None:
        """Let the next build by buildpacks begin with an empty cache."""
        self.choose(build_cache=self.choices().build_cache + 1)

    def config(self) -> dict[str, str]:
        """The config vars that the next release gets."""
        try:
            return env_file.parse((self.folder / "env").read_text())
        except FileNotFoundError:
            return {}

    def write_config(self, config: dict[str, str]) -> None:
        files.write(self.folder / "env", env_file.render(config), mode=0o600)

    def claim_number(self) -> ReleaseName:
        """The app's next release number, claimed by making its source folder: nobody else gets it."""
        while True:
            taken = [
                int(entry.name)
                for folder in (self.releases, self.sources)
                for entry in folder.iterdir()
                if names.NUMBER.fullmatch(entry.name)
            ]
            number = max(taken, default=0) + 1
            try:
                (self.sources / str(number)).mkdir(mode=0o755)
            except FileExistsError:
                continue
            if os.geteuid() == 0:
                files.give(self.sources / str(number), paths.GIT_USER, paths.GIT_USER)
            return ReleaseName(self.name, number)

    def made(self) -> float:
        """When it was made (seconds since the epoch): what an earlier app of its name said and did is not its own."""
        import datetime

        try:
            return datetime.datetime.fromisoformat(self.choices().created).timestamp()
        except ValueError:
            return 0

    def release_numbers(self) -> list[int]:
        """The numbers of its releases, the newest first."""
        if not self.releases.is_dir():
            return []
        return sorted((int(e.name) for e in self.releases.iterdir() if names.NUMBER.fullmatch(e.name)), reverse=True)


def find(name: str) -> App:
    """The app of that name; raise Refusal if there is none."""
    app = App(names.check_app(name))
    if not app.exists():
        die(f"there is no app {name}", f"`mooring apps` lists them; `mooring apps:create {name}` makes it")
    return app


def refuse_disabled(app: App) -> None:
    """Raise Refusal for an app that takes no release."""
    if app.choices().disabled:
        die(f"{app.name} is disabled", f"`mooring apps:enable {app.name}` starts it")


def every() -> Iterator[App]:
    """All apps, by name."""
    if paths.APPS.is_dir():
        for entry in sorted(path.name for path in paths.APPS.iterdir()):
            if names.APP.fullmatch(entry):
                yield App(entry)


def now() -> str:
    """The time as `created` in app.toml has it: in the server's own zone, ISO 8601."""
    import datetime

    return datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")


def create(name: str) -> App:
    """Make an app: its folder appears whole or not at all. Raises Refusal for a bad or a taken name."""
    app = App(names.check_app(name))
    if app.exists():
        die(f"there is an app {name} already", f"`git push` to it, or `mooring apps:destroy {name}` first")
    draft = paths.APPS / f".tmp-{name}.{os.getpid()}"
    draft.mkdir(parents=True, mode=0o755)
    try:
        (draft / "releases").mkdir(mode=0o755)
        files.write(draft / "app.toml", f'created = "{now()}"\n')
        files.write(draft / "env", "", mode=0o600)
        for folder, mode in (("sources", 0o755), ("repo.git", 0o755), ("ssh", 0o700)):
            (draft / folder).mkdir(mode=mode)
            files.give(draft / folder, paths.GIT_USER, paths.GIT_USER)
        init(draft / "repo.git", "sha1")
        draft.rename(app.folder)
    except OSError:
        files.remove_tree(draft)
        raise
    return app


def init(repository: Path, object_format: str) -> None:
    """Make the git user's folder a repository; `object_format` is sha1 or sha256 (git-init(1))."""
    from mooring.host.program import as_git_user, run

    run(*as_git_user(("git", "init", "--quiet", "--bare", "--template=", "--initial-branch=main",
                      f"--object-format={object_format}", str(repository))), cwd=Path("/"))  # fmt: skip


def init_anew(app: App, object_format: str) -> None:
    """Give an app that was never deployed another repository, for commits of the other kind."""
    draft = app.folder / f".tmp-repo.{os.getpid()}"
    draft.mkdir(mode=0o755)
    files.give(draft, paths.GIT_USER, paths.GIT_USER)
    init(draft, object_format)
    files.remove_tree(app.repository)
    draft.rename(app.repository)
