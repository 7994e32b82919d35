/** What a Compose file can say of networks, and what is looked at inside and outside when it has gone up. */

/** One thing that is looked at: a command for the shell of a container, or of the host. */
export interface Look {
  /** Service whose first container is asked; the host itself when absent. */
  readonly from?: string;
  readonly command: string;
  /** Why both engines say different things, where they do. */
  readonly because?: string;
}

/** Something that a file can say. */
export interface Feature {
  /** As a file says it. */
  readonly words: string;
  /** What is looked at, in words. */
  readonly meaning: string;
  readonly looks: readonly Look[];
}

/** Each service answers at port 80 with its host name. */
export const application = `
version: "2.4"
x-service: &service { image: busybox, command: httpd -f -h /etc, stop_grace_period: 0s }
services:
  a:
    <<: *service
    hostname: a
    networks: [front]
    links: ["b:linked"]
    extra_hosts: ["box:192.0.2.50", "six:2001:db8::50"]
    dns: [192.0.2.1]
    dns_search: [corp.example]
    dns_opt: ["timeout:1"]
    depends_on: [b]
  b:
    <<: *service
    hostname: b
    domainname: corp.example
    networks: { front: { aliases: [shared, b.of.front] }, back: { aliases: [shared, inner] } }
    ports: ["18110:80", "127.0.0.1:18111:80", "18112:80/udp"]
  c:
    <<: *service
    hostname: c
    networks: { back: { aliases: [shared] } }
  d:
    <<: *service
    hostname: d
    mac_address: 02:42:0a:4e:03:63
    networks: { six: { ipv4_address: 10.78.3.99, ipv6_address: "fd00:78::99" } }
    sysctls: [net.ipv4.ip_unprivileged_port_start=80]
  e:
    <<: *service
    hostname: e
    networks: [six]
  f:
    <<: *service
    hostname: f
    networks: [vault]
    ports: ["18120:80"]
  g:
    <<: *service
    hostname: g
    networks: [vault, named]
  side:
    <<: *service
    command: sleep 1000
    network_mode: service:b
  many:
    <<: *service
    hostname: many
    networks: [front]
    ports: ["18130-18131:80"]
networks:
  front: { ipam: { config: [{ subnet: 10.78.1.0/24, ip_range: 10.78.1.128/25, gateway: 10.78.1.254 }] } }
  back: { ipam: { config: [{ subnet: 10.78.2.0/24, aux_addresses: { kept: 10.78.2.2 } }] }, labels: { made: here } }
  six:
    enable_ipv6: true
    ipam: { config: [{ subnet: 10.78.3.0/24 }, { subnet: "fd00:78::/64" }] }
    driver_opts: { com.docker.network.driver.mtu: "1400" }
  vault: { internal: true }
  named: { external: true }
`;

/** What `docker network create` makes before, for the network that the file only names. */
export const externalNetwork = ['--subnet', '10.78.5.0/24', 'named'];

/** Functions that looks use. A server may need a moment from its start to its first answer. */
export const vocabulary = `
retry() { for i in $(seq 10); do "$@" 2>/dev/null && return; sleep 0.1; done; echo no; }
reach() { retry timeout 5 wget -qO- "http://$1/hostname"; }
page() { retry curl -sf --max-time 2 "http://$1/hostname"; }
addresses() { nslookup -type="$2" "$1." 2>/dev/null | sed '1,/^$/d' | grep -c '^Address'; }
links() { ls /sys/class/net | grep -v -e tunl -e sit0 -e ip6tnl | tr '\\n' ' '; }
`;

const reach = (from: string, ...names: readonly string[]): Look[] =>
  names.map((name) => ({ from, command: `reach ${name}` }));
const addresses = (from: string, ...names: readonly string[]): Look[] =>
  names.map((name) => ({ from, command: `addresses ${name} a` }));
const inside = (from: string, ...commands: readonly string[]): Look[] => commands.map((command) => ({ from, command }));
const outside = (...commands: readonly string[]): Look[] => commands.map((command) => ({ command }));
const page = (place: string) => `page ${place}`;
const shown = (network: string, format: string) => `docker network inspect -f '${format}' app_${network}`;

/** Every row of the table. */
export const features: readonly Feature[] = [
  {
    words: 'several `networks`',
    meaning: 'interfaces, addresses, the way out, who reaches whom',
    looks: [
      ...inside('b', 'links', "ip route | sed -n 's/^default //p'", "ip -o -4 addr | grep -c ' 10.78.[12]'"),
      ...reach('a', 'b', 'c'),
      ...reach('b', 'a', 'c'),
      ...reach('c', 'a', 'b'),
    ],
  },
  {
    words: '`aliases`',
    meaning: 'of one and of several containers, on one network and on another, with dots; names with their network',
    looks: [
      ...addresses('a', 'shared', 'inner', 'b.of.front'),
      ...addresses('b', 'shared', 'inner', 'a'),
      ...addresses('c', 'shared', 'inner', 'b.app_back', 'app_b_1', 'b.app_front', 'nobody'),
    ],
  },
  {
    words: '`ipv4_address`, `ipv6_address`, `mac_address`',
    meaning: 'what the interface has, and that others find it',
    looks: [
      ...inside(
        'd',
        "ip -o addr show eth0 scope global | awk '{ print $4 }' | sort",
        'cat /sys/class/net/eth0/address',
      ),
      ...inside('e', 'nslookup -type=a d | tail -2', 'nslookup -type=aaaa d | tail -2'),
      ...reach('e', 'd', '10.78.3.99', '[fd00:78::99]'),
    ],
  },
  {
    words: '`enable_ipv6`, `driver_opts`',
    meaning: 'both families by name, the MTU, the way out',
    looks: [
      ...inside(
        'e',
        'addresses d aaaa',
        'addresses e aaaa',
        'cat /sys/class/net/eth0/mtu',
        'ping -6 -c1 -W2 d >&- && echo yes',
      ),
      ...inside('e', "ip -6 route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'", "ip route | sed -n 's/^default //p'"),
      ...outside(shown('six', '{{.EnableIPv6}} {{range .IPAM.Config}}{{.Subnet}} {{end}}')),
    ],
  },
  {
    words: '`internal`',
    meaning: 'neighbours, no way out, a published port, another network beside it',
    looks: [
      ...reach('f', 'g'),
      {
        from: 'f',
        command: 'ip route | grep -c default',
        because: 'no default route, as with later releases of Docker; dockerd 20.10 sets one and drops what takes it',
      },
      ...inside('f', 'ping -c1 -W1 192.0.2.1 >&- 2>&- && echo yes || echo no'),
      ...inside('g', "ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'", 'reach f'),
      ...outside(shown('vault', '{{.Internal}}'), page('127.0.0.1:18120')),
    ],
  },
  {
    words: '`network_mode: service:`',
    meaning: 'interfaces, names and ports of the other service',
    looks: [
      ...inside('side', 'links', 'hostname', 'reach localhost', 'reach a', 'cat /etc/hosts | grep -c corp.example'),
    ],
  },
  {
    words: '`--scale`',
    meaning: 'addresses of the name, names of replicas, a port of the range for each',
    looks: [
      ...addresses('a', 'many', 'app_many_1', 'app_many_2', 'app_many_3'),
      ...reach('a', 'many'),
      ...outside(...[18130, 18131].map((port) => page(`127.0.0.1:${port}`))),
    ],
  },
  {
    words: '`links`, `extra_hosts`, `hostname`, `domainname`',
    meaning: 'names and `/etc/hosts`',
    looks: [
      ...reach('a', 'linked'),
      ...inside('a', 'grep -c linked /etc/hosts', 'grep -e box -e six /etc/hosts', 'grep 10.78 /etc/hosts | wc -l'),
      ...inside('b', 'hostname', 'hostname -f', "sed -n 's/^10[^\\t]*\\t//p' /etc/hosts"),
    ],
  },
  {
    words: '`dns`, `dns_search`, `dns_opt`',
    meaning: '`/etc/resolv.conf`',
    looks: [
      ...inside('a', "grep -v '^#' /etc/resolv.conf | grep . | sort"),
      ...inside('b', "grep '^nameserver' /etc/resolv.conf"),
    ],
  },
  {
    words: '`ports`',
    meaning: 'on every address, on one, of UDP',
    looks: [
      ...outside(page('127.0.0.1:18110'), page('192.0.2.2:18110'), page('127.0.0.1:18111'), page('192.0.2.2:18111')),
      ...outside("docker port app_b_1 | grep -v '\\[::\\]' | sort"),
    ],
  },
  {
    words: '`ipam`, `labels`, `external`',
    meaning: 'what `docker network inspect` shows, addresses from ranges, a network that was there',
    looks: [
      ...outside(
        shown('front', '{{range .IPAM.Config}}{{.Subnet}} {{.IPRange}} {{.Gateway}}{{end}}'),
        shown(
          'back',
          '{{range .IPAM.Config}}{{.AuxiliaryAddresses}}{{end}} {{index .Labels "made"}} {{index .Labels "com.docker.compose.network"}}',
        ),
      ),
      ...inside('a', "ip -o -4 addr show eth0 | grep -c '10.78.1.1[2-9]'"),
      ...inside('c', "ip -o -4 addr show eth0 | grep -c '10.78.2.2/'"),
      ...inside('g', "ip -o -4 addr | grep -c ' 10.78.5.'"),
    ],
  },
  {
    words: '`sysctls`',
    meaning: 'in the namespace',
    looks: inside('d', 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'),
  },
];
