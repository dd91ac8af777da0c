"""Why a build failed: one line with the true cause, in the push and in `releases`."""

import json

from tests.server.user import User

FAILING = {
    "an image that cannot be pulled": (
        {"Dockerfile": "FROM registry.invalid/no/such:1\n"},
        ("the image registry.invalid/no/such:1 cannot be pulled: registry.invalid cannot be reached",),
    ),
    "a step after a warning": (
        {
            "Dockerfile": "FROM mooring-stack:build\nUSER root\n"
            'RUN echo "DeprecationWarning: the errors of old" && curl -sS http://packages.invalid/x\n'
        },
        ("line 3: RUN echo", "ended with status 6: curl: (6) Could not resolve host: packages.invalid"),
    ),
    "a file that is not there": (
        {"Dockerfile": "FROM mooring-stack:build\nCOPY lost /\n"},
        ("line 2: COPY lost /: the repository has no lost",),
    ),
    "a language of no buildpack": (
        {"Dockerfile": None, "Procfile": "web: lein run\r\n", "project.clj": "(defproject shop)\n"},
        ("web of the Procfile starts lein, and Mooring has no buildpack for Clojure (project.clj)", "a Dockerfile"),
    ),
}


def test_a_build_that_fails_says_why_in_one_line_of_the_push_and_of_releases(admin: User, app_name: str) -> None:
    repo = admin.repo("reasons", {"README": "fails"})
    for what, (files, words) in FAILING.items():
        repo.commit(dict(files))
        pushed = repo.push(app_name)
        assert not pushed.ok
        reason = json.loads(admin.ssh("releases", app_name, "--json").stdout)[0]["reason"]
        assert all(word in reason for word in words), (what, reason)
        assert f"remote:  !     {reason}" in pushed.output, what
        assert "above" not in reason
