import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestHost } from './test-host.ts';

/** Asks by UDP from a port of its own, and prints the answer. */
const question = `
use Socket;
my ($port, $to, $toPort) = @ARGV;
socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, pack_sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
send($socket, 'hello', 0, pack_sockaddr_in($toPort, inet_aton($to))) or die "send: $!";
alarm 2;
recv($socket, my $answer, 100, 0);
print $answer;`;

/** Sends an empty datagram under any address and port. IPPROTO_RAW: with a header of its own, and UDP without a checksum. */
const forgery = `
use Socket;
my ($from, $fromPort, $to, $toPort) = @ARGV;
socket(my $socket, PF_INET, SOCK_RAW, 255) or die "socket: $!";
my $header = pack('C2n3C2n', 0x45, 0, 28, 0, 0, 64, 17, 0) . inet_aton($from) . inet_aton($to);
send($socket, $header . pack('n4', $fromPort, $toPort, 8, 0), 0, pack_sockaddr_in(0, inet_aton($to))) or die "send: $!";`;

/** What fits a connection of a1's, on a host where UDP port 8080 is a1's, does not leave i1's network, which is internal. */
export function defineForgeryTest(host: () => TestHost): void {
  const perl = (name: string, script: string, ...words: string[]) => host().run(name, ['perl', '-e', script, ...words]);
  const dropped = () => {
    const rules = host().run('host', ['nft', 'list', 'chain', 'inet', 'fairlead', 'leaving']);
    return Number(/packets (\d+) bytes \d+ drop comment "internal network: nothing leaves"/.exec(rules)?.[1]);
  };

  test('forged packets that fit connections of other networks do not leave an internal one', () => {
    // The kernel's own check of senders would keep the rules from seeing them.
    for (const name of ['all', 'br-i']) host().run('host', ['sysctl', '-qw', `net.ipv4.conf.${name}.rp_filter=0`]);
    assert.equal(perl('a1', question, '4001', '192.0.2.2', '80'), 'outside 192.0.2.1 80\n');
    assert.equal(perl('outside', question, '4002', '192.0.2.1', '8080'), 'a1 192.0.2.2 80\n');
    const before = dropped();
    perl('i1', forgery, '172.30.1.2', '4001', '192.0.2.2', '80');
    perl('i1', forgery, '192.0.2.2', '4002', '192.0.2.1', '8080');
    perl('i1', forgery, '172.30.1.2', '80', '192.0.2.2', '4002');
    assert.equal(dropped() - before, 3);
  });
}
