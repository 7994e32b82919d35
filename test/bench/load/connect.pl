#!/usr/bin/perl
# connect.pl ADDRESS PORT: for each number on standard input, opens so many connections one after the other and resets
# each, in the namespace that it is started in. Answers {"rate": connections a second, "p50": microseconds of connect(2)}
# in a line of JSON.
use strict;
use warnings;
use Socket;

my ($host, $port) = @ARGV;
# clock_gettime(2) by number: Time::HiRes is no part of Debian's perl-base.
my %number = (x86_64 => 228, aarch64 => 113);
my $clock_gettime = $number{machine()} // die "unknown machine";
my $address = pack_sockaddr_in($port, inet_aton($host));
my $linger = pack('ii', 1, 0);
my $time = "\0" x 16;

sub machine { chomp(my $machine = `uname -m`); return $machine }

sub now {
  syscall($clock_gettime, 1, $time);
  my ($seconds, $nanoseconds) = unpack('qq', $time);
  return $seconds * 1e6 + $nanoseconds / 1e3;
}

$| = 1;
while (my $count = <STDIN>) {
  my @took;
  my $start = now();
  for (1 .. $count) {
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
    # Reset on close: no TIME_WAIT, so the ports do not run out.
    setsockopt($socket, SOL_SOCKET, SO_LINGER, $linger) or die "setsockopt: $!";
    my $before = now();
    connect($socket, $address) or die "connect: $!";
    push @took, now() - $before;
    close($socket);
  }
  my $elapsed = now() - $start;
  @took = sort { $a <=> $b } @took;
  printf qq({"rate": %.0f, "p50": %.2f}\n), $count / $elapsed * 1e6, $took[@took / 2];
}
