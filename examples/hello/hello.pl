# A web server in what every Debian image has: a few processes that each answer one request after the other.
use strict;
use warnings;
use IO::Socket::INET;

my $release = $ENV{MOORING_RELEASE} // 'unknown';
my $body = "Hello from Mooring, release $release\n";
my $answer = join "\r\n", 'HTTP/1.1 200 OK', 'Content-Type: text/plain; charset=utf-8',
    'Content-Length: ' . length($body), 'Connection: close', '', $body;

my $listener = IO::Socket::INET->new(
    LocalPort => $ENV{PORT} // 8080,
    Listen    => 511,
    ReuseAddr => 1,
) or die "hello: cannot listen: $@\n";

my @workers = map { fork // die "hello: cannot fork: $!\n" } 1 .. 4;
if (grep { $_ == 0 } @workers) {
    serve();
    exit;
}
# Every worker ends the request that it is at before it goes.
$SIG{TERM} = $SIG{INT} = sub { kill TERM => @workers };
1 while wait != -1;

sub serve {
    my ($stopping, $busy) = (0, 0);
    $SIG{TERM} = $SIG{INT} = sub { exit unless $busy; $stopping = 1 };
    while (!$stopping) {
        my $client = $listener->accept or next;
        $busy = 1;
        $client->timeout(10);
        while (defined(my $line = <$client>)) {
            last if $line =~ /^\r?\n$/;
        }
        print {$client} $answer;
        close $client;
        $busy = 0;
    }
}
