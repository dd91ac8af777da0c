# What the world sees: it asks the other interface by the name of its process.
use strict;
use warnings;
require './serve.pl';

serve(sub {
    chomp(my $count = `curl -fsS --max-time 3 http://counter:5000/`);
    return "The worker has worked $count times.\n";
});
