# serve(\&answer): an HTTP server on PORT; answer(method, path) returns the text of the page.
use strict;
use warnings;
use IO::Socket::INET;

sub serve {
    my ($answer) = @_;
    my $listener = IO::Socket::INET->new(LocalPort => $ENV{PORT} // 8080, Listen => 511, ReuseAddr => 1)
        or die "cannot listen: $@\n";
    $SIG{TERM} = sub { exit };
    while (my $client = $listener->accept) {
        my ($method, $path) = split ' ', <$client> // '';
        while (defined(my $line = <$client>)) {
            last if $line =~ /^\r?\n$/;
        }
        my $body = $answer->($method // '', $path // '');
        print {$client} "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ", length $body, "\r\n\r\n", $body;
        close $client;
    }
}

1;
