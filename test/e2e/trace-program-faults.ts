import type { Fault } from './trace-lab.ts';
import { out, tcp, tcp6 } from './trace-questions.ts';

/** A program of perl in db that keeps a socket on a port; `wait` says when it is there. */
function program(port: number, work: string, protocol: 't' | 'u' = 't'): Required<Pick<Fault, 'inject' | 'undo'>> {
  const filter = protocol === 't' ? `-Hltn` : `-Huan`;
  const list = `inside $DB ss ${filter}p sport = :${port}`;
  return {
    inject: `inside $DB perl -MSocket -MIO::Socket::INET -e '${work}; sleep 100' </dev/null >/dev/null 2>&1 &
for i in $(seq 50); do ${list} | grep -q . && break; sleep 0.1; done`,
    undo: `kill -9 $(${list} | grep -o "pid=[0-9]*" | cut -d= -f2 | sort -u)`,
  };
}

const listen = (port: number) => `$s = IO::Socket::INET->new(LocalPort => ${port}, Listen => 5)`;

/** struct tcp_md5sig (include/uapi/linux/tcp.h) for web. */
const signature = 'pack("a128 C C S L a80", pack_sockaddr_in(0, inet_aton("10.9.1.2")), 0, 0, 6, 0, "secret")';
const server = '$(inside $DB ss -Hltnp sport = :80 | grep -o "pid=[0-9]*" | cut -d= -f2 | head -1)';

/** Faults of the programs at the end of the way, and of those that judge packets on it. */
export const programFaults: readonly Fault[] = [
  {
    name: 'the server was stopped by a signal',
    trace: { ...tcp, connect: true },
    inject: `kill -STOP ${server}`,
    undo: `kill -CONT ${server}`,
    code: 'program-stopped',
    says: /httpd \(pid \d+\), is stopped by a signal/,
  },
  {
    name: 'the container of the server is paused, IPv6',
    trace: tcp6,
    inject: 'docker pause db',
    undo: 'docker unpause db',
    code: 'program-stopped',
    says: /frozen with its control group/,
  },
  {
    name: 'the server wants signed segments (TCP MD5)',
    trace: { from: 'web', to: '10.9.1.3:5306' },
    ...program(5306, `${listen(5306)}; setsockopt($s, 6, 14, ${signature})`),
    code: 'server-wants-more',
    says: /signed with its key/,
  },
  {
    name: 'the server wants packets that come from near',
    trace: { from: 'web', to: '10.9.1.3:5305' },
    ...program(5305, `${listen(5305)}; setsockopt($s, 0, 21, pack("i", 255))`),
    code: 'server-wants-more',
    says: /least time to live/,
  },
  {
    name: 'a filter on the socket of the server refuses everything',
    trace: { from: 'web', to: '10.9.1.3:5304' },
    ...program(5304, `${listen(5304)}; $f = pack("SCCL", 6, 0, 0, 0); setsockopt($s, 1, 26, pack("Sx6P", 1, $f))`),
    code: 'socket-full',
    says: /a filter on the socket refuses it/,
  },
  {
    name: 'the server for datagrams is connected to somebody else',
    trace: { from: 'web', to: '10.9.1.3:5302', protocol: 'udp' },
    ...program(
      5302,
      '$s = IO::Socket::INET->new(LocalPort => 5302, PeerAddr => "10.9.1.1", PeerPort => 99, Proto => "udp")',
      'u',
    ),
    code: 'connected-elsewhere',
  },
  {
    name: 'a rule hands packets to a program that does not run, IPv6',
    trace: { from: 'web', to: '2001:db8::1' },
    inject: 'ip6tables-nft -I FORWARD -j NFQUEUE --queue-num 3',
    undo: 'nft delete table ip6 filter',
    code: 'queue-unheard',
    says: /table ip6 filter, chain FORWARD/,
  },
  {
    name: 'a rule of the older iptables hands packets to a program that does not run',
    trace: out,
    inject: 'iptables-legacy -I FORWARD -j NFQUEUE --queue-num 3',
    undo: 'iptables-legacy -D FORWARD -j NFQUEUE --queue-num 3',
    code: 'queue-unheard',
    says: /the older iptables, ip filter FORWARD: -j NFQUEUE/,
  },
  {
    name: 'all ports to send from are taken',
    trace: { ...tcp, connect: true },
    inject: `inside $WEB sysctl -qw net.ipv4.ip_local_port_range='40000 40000' net.ipv4.ip_local_reserved_ports=40000`,
    undo: `inside $WEB sysctl -qw net.ipv4.ip_local_reserved_ports= net.ipv4.ip_local_port_range='32768 60999'`,
    code: 'ports-exhausted',
  },
  {
    name: 'lo is down, by which a container asks for names',
    trace: { from: 'web', to: 'db:80' },
    inject: 'inside $WEB ip link set lo down',
    undo: 'inside $WEB ip link set lo up',
    code: 'interface-down',
    says: /The interface lo of web is down/,
  },
  {
    name: 'lo is down, by which a container reaches itself',
    trace: { from: 'db', to: '127.0.0.1:80' },
    inject: 'inside $DB ip link set lo down',
    undo: 'inside $DB ip link set lo up',
    code: 'interface-down',
    says: /The interface lo of db is down/,
  },
];
