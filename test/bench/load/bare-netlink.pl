#!/usr/bin/perl
# Sends netlink messages that were made before, on sockets that stay open: the floor of what a change can cost.
# One command a line, one line in answer:
#   enter PATH        opens the namespace and an rtnetlink socket in it; answers with its descriptor
#   send SOCKET:HEX…  sends each message and waits for its acknowledgement; answers with the microseconds of all
#                     together, or "error ERRNO". Sockets: h, rtnetlink of the host; n, nftables of the host; c, rtnetlink
#                     of the namespace entered last.
use strict;
use warnings;
use Socket;

my %numbers = (
  x86_64 => { clock_gettime => 228, setns => 308 },
  aarch64 => { clock_gettime => 113, setns => 268 },
);
chomp(my $machine = `uname -m`);
my $number = $numbers{$machine} // die "unknown machine $machine";
my $clone_newnet = 0x40000000;
my $time = "\0" x 16;
my $answer = '';

open(my $home, '<', '/proc/self/ns/net') or die "own namespace: $!";
my %sockets = (h => netlink_socket(0), n => netlink_socket(12));
my $namespace;
$| = 1;

while (my $line = <STDIN>) {
  my ($command, @words) = split(' ', $line);
  print $command eq 'enter' ? enter($words[0]) : send_all(@words), "\n";
}

sub netlink_socket {
  my ($protocol) = @_;
  socket(my $socket, 16, SOCK_RAW, $protocol) or die "socket: $!";
  return $socket;
}

sub enter {
  my ($path) = @_;
  close($namespace) if $namespace;
  open($namespace, '<', $path) or die "$path: $!";
  syscall($number->{setns}, fileno($namespace), $clone_newnet) == 0 or die "setns: $!";
  $sockets{c} = netlink_socket(0);
  syscall($number->{setns}, fileno($home), $clone_newnet) == 0 or die "setns back: $!";
  return fileno($namespace);
}

sub now {
  syscall($number->{clock_gettime}, 1, $time);
  my ($seconds, $nanoseconds) = unpack('qq', $time);
  return $seconds * 1e6 + $nanoseconds / 1e3;
}

sub send_all {
  my @messages = map { my ($socket, $hex) = split(/:/); [$sockets{$socket}, pack('H*', $hex)] } @_;
  my $start = now();
  for my $message (@messages) {
    my ($socket, $bytes) = @$message;
    send($socket, $bytes, 0) or return "error send: $!";
    recv($socket, $answer, 65536, 0) // return "error recv: $!";
    # struct nlmsghdr, then struct nlmsgerr: type at 4, error at 16.
    my ($type, $errno) = (unpack('S', substr($answer, 4, 2)), unpack('l', substr($answer, 16, 4)));
    return "error $errno type $type" if $type != 2 || $errno != 0;
  }
  return now() - $start;
}
