"""Go, Java and Procfile apps without a Dockerfile: our examples, their settings, and what goes wrong with them."""

import base64
import hashlib
import io
import re
import time
import zipfile

import pytest

from tests.server.cache import CHECKOUT
from tests.server.pushing import change, refused
from tests.server.user import User

pytestmark = pytest.mark.long

DOMAIN = "apps.test"
EXAMPLES = CHECKOUT / "examples"
TEA = "package tea\n\nconst Kind = `oolong`\n"
PROGRAM = """package main

import (
\t"fmt"
\t"time"

\t"example.org/tea"
)

var commit = "none"

func main() {
\tfmt.Println("WHO drinks", tea.Kind, "at", commit)
\ttime.Sleep(time.Hour)
}
"""
GRADLEW = """#!/bin/bash
# What the Gradle wrapper does as far as the buildpack sees: a task is done, and downloads are in ~/.gradle.
set -e
[ -f ~/.gradle/download ] && echo "downloaded before"
mkdir -p ~/.gradle build/libs build/classes
touch ~/.gradle/download
[[ " $* " == *" stage "* ]]
javac -d build/classes src/Main.java
printf 'Main-Class: Main\\nSpring-Boot-Version: 3.5.0\\n' >build/manifest
jar --create --file build/libs/shop.jar --manifest build/manifest -C build/classes .
"""
MAIN = """
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Main {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0].replace("--server.port=", ""));
        var server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", exchange -> {
            byte[] body = ("open " + System.getProperty("shop") + " " + System.getenv("JDBC_DATABASE_URL")).getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}
"""


def module(name: str, version: str, files: dict[str, str]) -> tuple[dict[str, str | bytes | None], str]:
    """A module as a proxy of files in proxy/ serves it, and its lines of go.sum (go.dev/ref/mod)."""

    def hash_of(named: dict[str, str]) -> str:
        lines = "".join(f"{hashlib.sha256(named[path].encode()).hexdigest()}  {path}\n" for path in sorted(named))
        return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()

    files = {"go.mod": f"module {name}\n\ngo 1.24\n", **files}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(f"{name}@{version}/{path}", text)
    place = f"proxy/{name}/@v/{version}"
    served: dict[str, str | bytes | None] = {
        f"{place}.info": f'{{"Version": "{version}"}}',
        f"{place}.mod": files["go.mod"],
        f"{place}.zip": packed.getvalue(),
    }
    whole = hash_of({f"{name}@{version}/{path}": text for path, text in files.items()})
    return served, f"{name} {version} {whole}\n{name} {version}/go.mod {hash_of({'go.mod': files['go.mod']})}\n"


def test_the_go_example_deploys_builds_again_and_says_what_go_cannot_do(admin: User, app_name: str) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo_of(EXAMPLES / "go")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Using Go 1.24" in pushed.output
    assert "-----> Using the modules in vendor/" in pushed.output
    signed = admin.curl(
        host, method="POST", body="name=Ada", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert signed.status == 303
    assert "<li>Ada <small>just now</small></li>" in admin.curl(host).body

    change(repo, "page.html", "<h1>Guestbook", "<h1>Visitors")
    again = repo.push(app_name)
    assert again.ok, again.output
    assert "Installing packages" not in again.output
    assert "<h1>Visitors" in admin.curl(host).body
    assert admin.ssh("run", app_name, "ls").stdout.split() == ["bin", "go.mod", "main.go", "page.html"]

    change(repo, "go.mod", "go 1.24", "go 1.99.0")
    refused(repo, app_name, "go.mod asks for Go 1.99.0, which could not be fetched; Go 1.24.")
    change(repo, "main.go", "book.sign)", "book.scribble)")
    refused(repo, app_name, "go build failed: ./main.go:", "book.scribble undefined")
    assert "<h1>Visitors" in admin.curl(host).body


def test_go_modules_come_from_the_proxy_once_and_each_program_is_built_with_its_settings(
    admin: User, app_name: str
) -> None:
    served, sums = module("example.org/tea", "v1.0.0", {"tea.go": TEA})
    repo = admin.repo(
        "tea",
        {
            "go.mod": "module example.org/house/v2\n\ngo 1.24\n\nrequire example.org/tea v1.0.0\n",
            "go.sum": sums,
            "cmd/host/main.go": PROGRAM.replace("WHO", "the host"),
            "cmd/guest/main.go": PROGRAM.replace("WHO", "the guest"),
            "Procfile": "host: bin/host\nguest: bin/guest\n",
            "bin/go-post-compile": "#!/bin/sh\necho after: bin/*\n",
            **served,
        },
    )
    assert admin.ssh("apps:create", app_name).returncode == 0
    configured = admin.ssh(
        "config:set", app_name, "GOPROXY=file:///tmp/build/proxy", "GO_LINKER_SYMBOL=main.commit", "GONOSUMDB=*"
    )
    assert configured.returncode == 0, configured.stderr
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Downloading modules" in pushed.output
    assert "-----> Building guest host" in pushed.output
    assert "after: bin/go-post-compile bin/guest bin/host" in pushed.output
    commit = repo.git("rev-parse", "HEAD").strip()
    logs = admin.ssh("logs", app_name).stdout
    assert f"the host drinks oolong at {commit}" in logs
    assert f"the guest drinks oolong at {commit}" in logs

    # The proxy has lost it, and it is there all the same.
    repo.commit(dict.fromkeys(served), "Empty the proxy")
    change(repo, "cmd/host/main.go", "drinks", "pours")
    again = repo.push(app_name)
    assert again.ok, again.output
    assert "-----> Restoring the modules: go.mod and go.sum have not changed" in again.output
    assert "the host pours oolong" in admin.ssh("logs", app_name).stdout

    repo.commit({"go.mod": (repo.folder / "go.mod").read_text() + "require example.org/milk v1.0.0\n"})
    change(repo, "cmd/host/main.go", '"example.org/tea"', '"example.org/tea"\n\t_ "example.org/milk"')
    refused(repo, app_name, "the modules could not be had", "example.org/milk")


def test_the_java_example_deploys_restores_its_dependencies_and_says_what_java_cannot_do(
    admin: User, app_name: str
) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo_of(EXAMPLES / "java")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Using OpenJDK 21." in pushed.output
    assert "-----> Building with mvn clean package" in pushed.output
    assert "web: java $JAVA_OPTS -jar target/poll.jar" in pushed.output
    assert admin.curl(host, "/votes/tea", method="POST").body == '{"coffee":0,"tea":1,"water":0}'

    repo.write({"mvnw": '#!/bin/sh\nexec mvn "$@"\n'})
    change(repo, "src/main/resources/page.html", "What do you drink?", "Tea or coffee?")
    again = repo.push(app_name)
    assert again.ok, again.output
    assert "Installing packages" not in again.output
    assert "-----> Restoring the dependencies: pom.xml has not changed" in again.output
    assert "-----> Building with ./mvnw clean package" in again.output
    assert "<h1>Tea or coffee?</h1>" in admin.curl(host).body
    assert admin.ssh("run", app_name, "ls", "target").stdout.split() == ["poll.jar"]

    change(repo, "system.properties", "version=21", "version=17")
    refused(repo, app_name, "system.properties asks for Java 17, and the distribution has 21 and 25")
    change(repo, "src/main/java/org/example/Poll.java", "new Gson()", "new Json()")
    refused(repo, app_name, "failed: src/main/java/org/example/Poll.java:[", "cannot find symbol")
    change(repo, "pom.xml", "2.10.1", "9.9.9")
    refused(repo, app_name, "failed: ", "Could not", "gson:jar:9.9.9")
    assert "<h1>Tea or coffee?</h1>" in admin.curl(host).body


def test_gradles_stage_task_is_run_and_its_executable_jar_is_the_web_process(admin: User, app_name: str) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo(
        "shop",
        {
            "gradlew": GRADLEW,
            "build.gradle": "task stage { }\n",
            "src/Main.java": MAIN,
            "system.properties": (EXAMPLES / "java/system.properties").read_text(),
        },
    )
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh(
        "config:set", app_name, "JAVA_OPTS=-Dshop=late", "DATABASE_URL=postgres://ada:s%40x@db:5432/shop"
    ).returncode == 0  # fmt: skip
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert "-----> Building with ./gradlew stage" in pushed.output
    assert "web: java $JAVA_OPTS -jar build/libs/shop.jar --server.port=$PORT" in pushed.output
    assert admin.curl(host).body == "open late jdbc:postgresql://db:5432/shop?user=ada&password=s%40x"

    change(repo, "src/Main.java", "new InetSocketAddress", "nev InetSocketAddress")
    refused(repo, app_name, "./gradlew stage failed: src/Main.java:", "error: ")
    repo.commit({"gradlew": None})
    refused(repo, app_name, "this Gradle project has no gradlew", "gradle wrapper")


def test_the_procfile_example_runs_two_web_interfaces_and_a_worker_and_says_what_cannot_start(
    admin: User, app_name: str
) -> None:
    host = f"{app_name}.{DOMAIN}"
    repo = admin.repo_of(EXAMPLES / "procfile")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    end = time.monotonic() + 20
    while not re.search(r"has worked [1-9]\d* times", body := admin.curl(host).body):
        assert time.monotonic() < end, body
    (repo.folder / "worker.sh").chmod(0o644)
    repo.commit({})
    refused(repo, app_name, "worker of the Procfile starts ./worker.sh, which is not executable", "git update-index")
