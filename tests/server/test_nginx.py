"""What nginx does for an app, as it is set: sizes, proxies, addresses, snippets, logs."""

import json
import subprocess

from tests.server import apps
from tests.server.answers import DOMAIN, deployed, does, listed, refuses
from tests.server.throwaway import Server
from tests.server.user import User


def seen(user: User, host: str, **headers: str) -> dict[str, str]:
    """The headers that an app which echoes was sent."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    found: dict[str, str] = json.loads(user.curl(host, headers=given).body)["headers"]
    return found


def test_what_nginx_does_for_an_app_is_set_and_a_refusal_leaves_all_as_it_was(
    admin: User, server: Server, app_name: str
) -> None:
    deployed(admin, app_name, apps.python(apps.ECHO))
    host = f"{app_name}.{DOMAIN}"
    client = seen(admin, host)["X-Forwarded-For"]

    assert admin.curl(host, method="POST", body="x" * 5000).status == 200
    does(admin, "nginx:set", app_name, "client-max-body-size", "2k")
    assert admin.curl(host, method="POST", body="x" * 5000).status == 413
    does(admin, "nginx:set", app_name, "x-forwarded-proto", "https")
    does(admin, "nginx:set", app_name, "x-forwarded-for", "replace")
    told = seen(admin, host, X_Forwarded_For="1.2.3.4")
    assert (told["X-Forwarded-For"], told["X-Forwarded-Proto"]) == (client, "https")
    does(admin, "nginx:set", app_name, "x-forwarded-proto")
    forged = {"X_Forwarded_For": "1.2.3.4", "X_Forwarded_Proto": "https", "X_Forwarded_Port": "8443"}
    for proxies, told in (
        (f"10.0.0.0/8,{client}", ("1.2.3.4", f"1.2.3.4, {client}", "https", "8443")),
        ("192.0.2.0/24", (client, client, "http", "80")),
    ):
        does(admin, "nginx:set", app_name, "trusted-proxies", proxies)
        got = seen(admin, host, **forged)
        names = ("X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port")
        assert tuple(got[name] for name in names) == told
    does(admin, "nginx:set", app_name, "trusted-proxies")
    does(admin, "nginx:set", app_name, "listen-address", server.address)
    assert admin.curl(host).status == 200
    here = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {host}", "http://127.0.0.1/"]
    assert server.run(here, check=False).stdout == "000"
    does(admin, "nginx:set", app_name, "listen-address")
    assert server.run(here).stdout == "200"
    rows = {str(row["key"]): row for row in listed(admin, "nginx", app_name)}
    assert (rows["client-max-body-size"]["value"], rows["client-max-body-size"]["default"]) == ("2k", False)
    for key, value in (("nonsense", "1"), ("client-max-body-size", "1m; root /"), ("listen-address", "192.0.2.7"),
                       ("proxy-read-timeout", "soon"), ("trusted-proxies", "x"), ("access-log", "/x")):  # fmt: skip
        refuses(admin, "nginx:set", app_name, key, value)
    assert {str(row["key"]): row for row in listed(admin, "nginx", app_name)} == rows

    snippet = 'add_header X-Frame-Options "DENY };" always; # }\nlocation /fine { return 200 "fine"; }\n'
    does(admin, "nginx:include", app_name, input=snippet + "location /app { proxy_pass http://$process_web; }\n")
    answer = admin.curl(host)
    assert (answer.status, answer.headers["x-frame-options"]) == (200, "DENY };")
    assert admin.curl(host, "/fine").body == "fine"
    assert json.loads(admin.curl(host, "/app/x").body)["path"] == "/app/x"
    shown = does(admin, "nginx:show", app_name)
    assert snippet in shown
    for text, why in (
        ("} server { listen 82; ", "would close the server block"), ("set $a ${{; }\nserver { }", "server"),
        ("expires 1d;\nnonsense x;", "in line 2"), ("location / { return 204; }", "duplicate location"),
        ("include /etc/passwd;", "not allowed"), ("error_log /etc/x;", "not allowed"), ("", "empty"),
        ("location /x { proxy_pass http://nowhere.example; }", "needs a host name"), ("expires 1d", "does not end"),
    ):  # fmt: skip
        assert why in refuses(admin, "nginx:include", app_name, input=text), text
    assert does(admin, "nginx:show", app_name) == shown
    server.run(["nginx", "-q", "-t"])
    does(admin, "ps:restart", app_name)
    assert admin.curl(host, "/fine").body == "fine"
    does(admin, "nginx:include", app_name, "--remove")
    assert '"path"' in admin.curl(host, "/fine").body

    # Requests are logged in a file, which is rotated, or in the journal, or nowhere.
    log = f"/var/log/nginx/{app_name}.access.log"
    admin.curl(host, "/before")
    assert '"GET /before HTTP/1.1" 200' in does(admin, "nginx:logs", app_name)
    assert server.run(["stat", "-c", "%U:%G %a", log]).stdout == "www-data:adm 640\n"
    following = server.popen(["mooring", "nginx:logs", app_name, "-f", "-n", "0"], stdout=subprocess.PIPE)
    try:
        server.run(["logrotate", "-f", "/etc/logrotate.d/nginx"])
        server.wait_for(["sh", "-c", f"curl -s -o /dev/null -H 'Host: {host}' http://127.0.0.1/after; test -s {log}"])
        assert "/before" not in server.read(log)
        assert "/before" in server.read(f"{log}.1")
        assert following.stdout
        assert b"/after" in following.stdout.readline()
    finally:
        following.kill()
        following.wait()
    does(admin, "nginx:set", app_name, "access-log", "journal")
    admin.curl(host, "/journal")
    server.wait_for(["sh", "-c", f"mooring nginx:logs {app_name} -n 5 | grep /journal"])
    tag = app_name.replace("-", "_")
    assert "/journal" in server.run(["journalctl", "-t", tag[:32], "--no-pager"]).stdout or len(tag) > 32
    does(admin, "nginx:set", app_name, "access-log", "off")
    assert "are not logged" in refuses(admin, "nginx:logs", app_name)
    before = server.read(log)
    admin.curl(host, "/unseen")
    assert server.read(log) == before
    does(admin, "apps:destroy", app_name, "--force")
    server.run(["sh", "-c", f"! ls {log}*"])
