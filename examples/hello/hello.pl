# A web server in what every Debian image has: a few processes that each answer one request after the other.
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_RCVTIMEO);

my $release = $ENV{MOORING_RELEASE} // 'unknown';
my $body = "Hello from Mooring, release $release\n";
my $answer = join "\r\n", 'HTTP/1.1 200 OK', 'Content-Type: text/plain; charset=utf-8',
    'Content-Length: ' . length($body), 'Connection: close', '', $body;

my $listener = IO::Socket::INET->new(
    LocalPort => $ENV{PORT} // 8080,
    Listen    => 511,
    ReuseAddr => 1,
) or die "hello: cannot listen: $@\n";

my @workers;
for (1 .. 4) {
    my $worker = fork // die "hello: cannot fork: $!\n";
    if (!$worker) {
        serve();
        exit;
    }
    push @workers, $worker;
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
        # Whoever connects and says nothing is hung up on after five seconds.
        setsockopt $client, SOL_SOCKET, SO_RCVTIMEO, pack 'l!l!', 5, 0;
        while (defined(my $line = <$client>)) {
            last if $line =~ /^\r?\n$/;
        }
        print {$client} $answer;
        close $client;
        $busy = 0;
    }
}
