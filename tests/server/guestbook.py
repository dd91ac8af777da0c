"""An app that counts its visits in a postgres and in a redis, and who looks at it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.server.throwaway import Server
from tests.server.user import User

APP, DOMAIN = "guestbook", "apps.test"
FILES: dict[str, str | bytes | None] = {
    "Dockerfile": 'FROM mooring-service/postgres:17\nUSER 0\nCOPY web.pl /\nEXPOSE 5000\nCMD ["perl", "/web.pl"]\n',
    "Procfile": "release: [ -z $DATABASE_URL ] "
    "|| psql $DATABASE_URL -c 'create table if not exists visits (n serial)'\n",
    "web.pl": r"""
use IO::Socket::INET;
sub redis {
    my ($user, $password, $host, $port) = ($ENV{REDIS_URL} // '') =~ m{^redis://(.*?):(.*?)@(.*?):(\d+)$}
        or return 'none';
    my $redis = IO::Socket::INET->new("$host:$port") or return 'gone';
    print $redis "AUTH $user $password\r\nINCR visits\r\n";
    my ($in, $count) = (scalar <$redis>, scalar <$redis>);
    return $count =~ /^:(\d+)/ ? $1 : "$in$count";
}
sub postgres {
    $ENV{DATABASE_URL} or return 'none';
    my @sql = ('insert into visits default values', 'select count(*) from visits');
    chomp(my $said = `psql "\$DATABASE_URL" -qXAt -c '$sql[0]' -c '$sql[1]' 2>&1`);
    return $said;
}
my $listener = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
$SIG{TERM} = sub {
    exit 0 if !-e '/tmp/last';
    sleep 3;
    print STDERR 'The last visit: ', postgres(), "\n";
    exit 0;
};
while (my $client = $listener->accept) {
    my $asked = <$client> // next;
    while (<$client>) { last if /^\r?$/ }
    my $said = $asked =~ m{^GET /visit } ? join(' ', postgres(), redis()) : 'here';
    print $client "HTTP/1.0 200 OK\r\n\r\n$said";
    close $client;
}
""",
}
"""A visit is counted in both, and answered with what they have counted.

It takes its time to end where there is a /tmp/last, and counts one more visit then.
"""

REFUSED: list[tuple[list[str], str]] = [
    (["postgres:create", "Orders"], "cannot name a service"),
    (["postgres:create", "orders"], "there is a postgres orders already"),
    (["postgres:create", "postgres"], "is a database of the server's own"),
    (["postgres:create", "x", "--version", "99"], "there is no PostgreSQL 99 (there are 17, 16"),
    (["postgres:create", "x", "--version", "16"], "the distribution's packages have 17"),
    (["postgres:create", "x", "--memory", "lots"], "--memory is 'lots'"),
    (["postgres:link", "nothing", APP], "there is no postgres nothing"),
    (["postgres:link", "orders", "nothing"], "there is no app nothing"),
    (["postgres:link", "orders", APP], f"{APP} has orders already, as DATABASE_URL"),
    (["redis:link", "idle", APP, "--as", "database"], "cannot begin a config var"),
    (["redis:link", "nothing", APP, "--as", "DATABASE"], "there is no redis nothing"),
    (["redis:link", "idle", APP, "--database", "x"], "a redis has no databases"),
    (["redis:unlink", "idle", APP], f"{APP} does not use idle"),
    (["config:set", APP, "DATABASE_URL=x"], "DATABASE_URL comes of a service"),
    (["postgres:expose", "orders", "80"], "nothing can listen at 127.0.0.1:80"),
    (["postgres:expose", "orders", "here"], "is no place to listen at"),
    (["redis:destroy", "cache", "--force"], f"cache is used by {APP}"),
    (["postgres:info", "nothing"], "there is no postgres nothing"),
    (["oracle:create", "x"], "there is no command 'oracle:create'"),
]
"""Commands that cannot be, and what is said of each."""


@dataclass(frozen=True)
class House:
    """The server, its administrator, and the app."""

    server: Server
    admin: User

    def visit(self, app: str = APP) -> tuple[int, int]:
        """Count one more visit: what postgres and redis have counted."""
        counted = self.admin.curl(f"{app}.{DOMAIN}", "/visit", timeout=30).body
        assert re.fullmatch(r"\d+ \d+", counted), counted
        postgres, redis = counted.split()
        return int(postgres), int(redis)

    @contextmanager
    def counting_on(self) -> Iterator[None]:
        """Whatever is done meanwhile: what was counted before is there afterwards."""
        postgres, redis = self.visit()
        yield
        assert self.visit() == (postgres + 1, redis + 1)

    def does(self, *words: str, input: str | bytes | None = None) -> str:
        done = self.admin.ssh(*words, input=input)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def refuses(self, *words: str, input: str | bytes | None = None) -> str:
        """What is said of a command that is refused: one line."""
        done = self.admin.ssh(*words, input=input if input is not None else "")
        assert done.returncode != 0, f"{words}: {done.stdout}"
        assert done.stderr.startswith("mooring: "), done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr

    def config(self, name: str) -> str:
        return self.does("config:get", APP, name).strip()

    def sql(self, text: str) -> list[str]:
        quiet = "\\set QUIET on\n\\pset format unaligned\n\\pset tuples_only on\n"
        return self.does("postgres:connect", "orders", input=quiet + text).splitlines()
