# A second web interface, for the app itself: POST counts one more, GET tells how many.
use strict;
use warnings;
require './serve.pl';

my $count = 0;
serve(sub { $count++ if $_[0] eq 'POST'; "$count\n" });
