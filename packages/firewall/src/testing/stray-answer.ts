/** Sends an address an answer to an echo that nobody has asked for: a packet of no connection. */
export const strayAnswer = `
use Socket;
socket(my $socket, PF_INET, SOCK_RAW, 1) or die "socket: $!";
send($socket, pack('C2n3', 0, 0, 0xfffd, 1, 1), 0, pack_sockaddr_in(0, inet_aton($ARGV[0]))) or die "send: $!";`;
