# TCP between two namespaces, for as long as its standard input is open.
#   stream.pl serve PORT             takes connections: counts the bytes of those that bring many, and sends single ones back;
#                                    writes the number of bytes so far for each line that it reads
#   stream.pl fill ADDRESS PORT      sends bytes as fast as they are taken
#   stream.pl ask ADDRESS PORT       for each line with a number: sends that many bytes, each when the last one is back, and
#                                    writes how many seconds that took, and how many of them on the processor
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

$| = 1;
my ($mode, @place) = @ARGV;

sub peer {
    my $peer = IO::Socket::INET->new(PeerAddr => $place[0], PeerPort => $place[1]) or die "$place[0]: $!";
    setsockopt($peer, IPPROTO_TCP, TCP_NODELAY, 1);
    return $peer;
}

# Seconds that this process has had of a processor, in user and in kernel mode.
sub cpu {
    open(my $file, '<', '/proc/self/schedstat') or die $!;
    my ($nanoseconds) = split(' ', <$file>);
    return $nanoseconds / 1e9;
}

if ($mode eq 'fill') {
    my ($peer, $bytes) = (peer(), "\0" x 131072);
    1 while defined syswrite($peer, $bytes);
} elsif ($mode eq 'ask') {
    my $peer = peer();
    while (my $count = <STDIN>) {
        my ($start, $spent) = (time, cpu());
        for (1 .. $count) {
            syswrite($peer, 'x');
            sysread($peer, my $back, 1) or die 'no answer';
        }
        print join(' ', time - $start, cpu() - $spent), "\n";
    }
} else {
    my $server = IO::Socket::INET->new(LocalPort => $place[0], Listen => 2, ReuseAddr => 1) or die $!;
    print "ready\n";
    my ($total, $ready) = (0, IO::Select->new($server, \*STDIN));
    for (;;) {
        for my $one ($ready->can_read) {
            if ($one == $server) {
                my $peer = $server->accept;
                setsockopt($peer, IPPROTO_TCP, TCP_NODELAY, 1);
                $ready->add($peer);
            } elsif (fileno($one) == 0) {
                defined <STDIN> or exit;
                print "$total\n";
            } else {
                my $count = sysread($one, my $bytes, 262144);
                $count or do { $ready->remove($one); next };
                $count == 1 ? syswrite($one, $bytes) : ($total += $count);
            }
        }
    }
}
