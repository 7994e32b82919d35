# TCP between two namespaces, for as long as its standard input is open.
#   stream.pl serve PORT             takes connections: takes in the bytes of those that bring many, sends single ones back, and
#                                    for each line that it reads writes how many bytes had come when, since the line before
#   stream.pl fill ADDRESS PORT      for each line that it reads says that it begins, sends bytes as fast as they are taken, until it gets SIGUSR1
#   stream.pl ask ADDRESS PORT       the same with single bytes, each when the last one is back; writes how many were back when
# What is written is one line of numbers, three for each note, made every few milliseconds: seconds of the monotonic clock, seconds
# that this process has had of a processor, and the count.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID);

$| = 1;
my $STEP = 0.004;
my ($mode, @place) = @ARGV;
my ($count, $next, @notes) = (0, 0);
my $over = 0;
$SIG{USR1} = sub { $over = 1 };

sub peer {
    my $peer = IO::Socket::INET->new(PeerAddr => $place[0], PeerPort => $place[1]) or die "$place[0]: $!";
    setsockopt($peer, IPPROTO_TCP, TCP_NODELAY, 1);
    return $peer;
}

# A note, if it is time for one.
sub note {
    my $now = clock_gettime(CLOCK_MONOTONIC);
    return if $now < $next;
    $next = $now + $STEP;
    push @notes, $now, clock_gettime(CLOCK_PROCESS_CPUTIME_ID), $count;
}

# All notes, to this moment; the next ones begin with it.
sub report {
    $next = 0;
    note();
    print join(' ', @notes), "\n";
    @notes = @notes[-3 .. -1];
}

if ($mode eq 'serve') {
    my $server = IO::Socket::INET->new(LocalPort => $place[0], Listen => 2, ReuseAddr => 1) or die $!;
    print "ready\n";
    my $ready = IO::Select->new($server, \*STDIN);
    for (;;) {
        for my $one ($ready->can_read) {
            if ($one == $server) {
                my $peer = $server->accept;
                setsockopt($peer, IPPROTO_TCP, TCP_NODELAY, 1);
                $ready->add($peer);
            } elsif (fileno($one) == 0) {
                defined <STDIN> or exit;
                report();
            } else {
                my $length = sysread($one, my $bytes, 262144);
                $length or do { $ready->remove($one); next };
                $length == 1 ? syswrite($one, $bytes) : do { $count += $length; note() };
            }
        }
    }
}

my ($peer, $bytes) = (peer(), "\0" x 131072);
while (<STDIN>) {
    ($next, @notes) = (0);
    note();
    print "begin\n";
    until ($over) {
        note();
        if ($mode eq 'fill') {
            syswrite($peer, $bytes);
            next;
        }
        syswrite($peer, 'x');
        # A signal interrupts it.
        my $length;
        do { $length = sysread($peer, my $back, 1) } until defined $length or not $!{EINTR};
        $length or die 'no answer';
        $count++;
    }
    $over = 0;
    report();
}
