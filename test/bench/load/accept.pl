#!/usr/bin/perl
# accept.pl PORT: takes connections and closes them at once, in the namespace that it is started in. Says "ready" first.
# Perl, because its calls cost little beside the kernel's work, and because every Debian has it.
use strict;
use warnings;
use Socket;

my ($port) = @ARGV;
socket(my $server, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!";
bind($server, pack_sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
listen($server, 4096) or die "listen: $!";
$| = 1;
print "ready\n";
while (1) {
  accept(my $client, $server) or next;
  close($client);
}
