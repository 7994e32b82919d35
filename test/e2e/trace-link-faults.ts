import { oddTable } from './trace-injections.ts';
import type { Fault } from './trace-lab.ts';

const tcp = { from: 'web', to: 'db:80' };
const incoming = { from: 'outside', to: 'db:80' };
const incoming6 = { ...incoming, family: 6 };

/** A network holds its containers to their own addresses for a while. */
const hold = '$FAIRLEAD network update app -o com.fairlead.antispoof=true';
const release =
  'inside $WEB ip link set eth0 address $WEB_MAC; $FAIRLEAD network update app --opt-rm com.fairlead.antispoof';

/** Faults of interfaces, neighbours, sizes and names. */
export const linkFaults: readonly Fault[] = [
  { name: 'nobody has the address', trace: { from: 'web', to: '192.0.2.77' }, code: 'no-neighbor' },
  { name: 'nobody has the address, IPv6', trace: { from: 'web', to: '2001:db8::77' }, code: 'no-neighbor' },
  { name: 'nobody has the address on the network', trace: { from: 'web', to: '10.9.1.77:80' }, code: 'no-neighbor' },
  {
    name: 'a wrong neighbour entry sends it to nobody',
    trace: tcp,
    inject: 'inside $WEB ip neigh replace 10.9.1.3 lladdr 02:00:00:00:00:99 dev eth0 nud permanent',
    undo: 'inside $WEB ip neigh del 10.9.1.3 dev eth0',
    code: 'wrong-neighbor',
  },
  {
    name: 'the address was taken from the destination',
    trace: { from: 'web', to: '10.9.1.3:80' },
    inject: 'inside $DB ip addr del 10.9.1.3/24 dev eth0',
    undo: 'inside $DB ip addr add 10.9.1.3/24 dev eth0; inside $DB ip route add default via 10.9.1.1',
    code: 'address-missing',
  },
  {
    name: 'it is too big for the way',
    trace: { from: 'web', to: '192.0.2.1', size: 1400 },
    inject: 'ip link set eth0 mtu 1300',
    undo: 'ip link set eth0 mtu 1500; ip -6 addr replace 2001:db8::2/64 dev eth0 nodad; ip -6 route replace default via 2001:db8::1',
    code: 'too-big',
  },
  {
    name: 'it is too big for the way, IPv6',
    trace: { from: 'web', to: '2001:db8::1', size: 1450 },
    inject: 'ip link set eth0 mtu 1400',
    undo: 'ip link set eth0 mtu 1500',
    code: 'too-big',
  },
  {
    name: 'it is too big for the interface',
    trace: { from: 'web', to: 'db', size: 1600 },
    code: 'too-big',
  },
  {
    name: 'a container that is held to its own addresses has taken another one',
    trace: tcp,
    inject: `${hold}; inside $WEB ip link set eth0 address 02:00:00:00:00:99`,
    undo: release,
    code: 'spoofed-source',
  },
  {
    name: 'a container that is held to its own addresses sends under another one',
    trace: tcp,
    inject: `${hold}; inside $WEB ip link set eth0 address 02:00:00:00:00:99; inside $WEB ip neigh replace 10.9.1.3 lladdr $DB_MAC dev eth0 nud permanent`,
    undo: `inside $WEB ip neigh del 10.9.1.3 dev eth0; ${release}`,
    code: 'spoofed-source',
  },
  {
    name: 'the interface of the source is down',
    trace: tcp,
    inject: 'inside $WEB ip link set eth0 down',
    undo: 'inside $WEB ip link set eth0 up; inside $WEB ip route add default via 10.9.1.1; inside $WEB ip -6 addr add fd00:9:1::2/64 dev eth0 nodad; inside $WEB ip -6 route add default via fd00:9:1::1',
    code: 'interface-down',
  },
  {
    name: 'the interface of the destination is down',
    trace: { from: 'web', to: '10.9.1.3:80' },
    inject: 'inside $DB ip link set eth0 down',
    undo: 'inside $DB ip link set eth0 up; inside $DB ip route add default via 10.9.1.1; inside $DB ip -6 addr add fd00:9:1::3/64 dev eth0 nodad; inside $DB ip -6 route add default via fd00:9:1::1',
    code: 'interface-down',
  },
  {
    name: 'the host end of the cable is down',
    trace: { from: 'web', to: '10.9.1.3:80' },
    inject: 'ip link set $WEB_LINK down',
    undo: 'ip link set $WEB_LINK up',
    code: 'interface-down',
    heals: 1,
  },
  {
    name: 'the host end of the destination’s cable is down',
    trace: { from: 'web', to: '10.9.1.3:80' },
    inject: 'ip link set $DB_LINK down',
    undo: 'ip link set $DB_LINK up',
    code: 'interface-down',
    heals: 1,
  },
  {
    name: 'the cable was taken off the bridge',
    trace: { from: 'web', to: '10.9.1.3:80' },
    inject: 'ip link set $WEB_LINK nomaster',
    undo: 'ip link set $WEB_LINK master $APP',
    code: 'off-the-bridge',
    heals: 1,
  },
  {
    name: 'the cable of the destination was taken off the bridge',
    trace: { from: 'web', to: '10.9.1.3:80' },
    inject: 'ip link set $DB_LINK nomaster',
    undo: 'ip link set $DB_LINK master $APP',
    code: 'off-the-bridge',
    heals: 1,
  },
  {
    name: 'the bridge is down',
    trace: { from: 'web', to: '10.9.1.3:80' },
    inject: 'ip link set $APP down',
    undo: 'ip link set $APP up; ip -6 addr replace fd00:9:1::1/64 dev $APP nodad',
    code: 'interface-down',
  },
  {
    name: 'the ports of the bridge are isolated',
    trace: tcp,
    inject: 'bridge link set dev $WEB_LINK isolated on; bridge link set dev $DB_LINK isolated on',
    undo: 'bridge link set dev $WEB_LINK isolated off; bridge link set dev $DB_LINK isolated off',
    code: 'ports-isolated',
    heals: 1,
  },
  {
    name: 'a port of the bridge is blocked',
    trace: tcp,
    inject: 'bridge link set dev $DB_LINK state 0',
    undo: 'bridge link set dev $DB_LINK state 3',
    code: 'port-blocked',
  },
  {
    name: 'the destination has no way back',
    trace: incoming,
    inject: 'inside $DB ip route del default',
    undo: 'inside $DB ip route add default via 10.9.1.1',
    code: 'no-way-back',
  },
  {
    name: 'the destination has no way back, IPv6',
    trace: incoming6,
    inject: 'inside $DB ip -6 route del default',
    undo: 'inside $DB ip -6 route add default via fd00:9:1::1',
    code: 'no-way-back',
  },
  {
    name: 'a rule of the source keeps back questions for names',
    trace: { from: 'web', to: 'db:80' },
    ...oddTable('inside $WEB ', 'inet', 'filter hook input priority 10', 'iifname lo ip daddr 127.0.0.11 drop'),
    code: 'foreign-rule',
    says: /odd/,
  },
  {
    name: 'a rule of the source sends no questions for names',
    trace: { from: 'web', to: 'db:80' },
    ...oddTable('inside $WEB ', 'ip', 'filter hook output priority 10', 'ip daddr 127.0.0.11 drop'),
    code: 'foreign-rule',
    says: /odd/,
  },
  {
    name: 'a rule of the source keeps back answers about names',
    trace: { from: 'web', to: 'db:80' },
    ...oddTable('inside $WEB ', 'inet', 'filter hook input priority 10', 'iifname lo ip saddr 127.0.0.11 drop'),
    code: 'foreign-rule',
    says: /^In web, table inet odd, chain c, drops what .* answers: rule: iifname "lo" ip saddr 127\.0\.0\.11 drop/,
    heals: 1,
  },
  {
    name: 'a policy of the source keeps back answers about names, on their way out of the service',
    trace: { from: 'web', to: 'db:80' },
    ...oddTable('inside $WEB ', 'ip', 'filter hook output priority 10; policy drop', 'ip saddr != 127.0.0.11 accept'),
    code: 'foreign-policy',
    says: /^In web, table ip odd, chain c, drops what .* answers: no rule accepted it/,
  },
  {
    name: 'a rule of the source keeps back answers about names, IPv6',
    trace: { from: 'six', to: 'seven:80' },
    inject: `"$FAIRLEAD" -H "$DOCKER_HOST" network create --ipv4=false --ipv6 --subnet fd00:9:6::/64 sixes >/dev/null
      for name in six seven; do docker run -d --name $name --network sixes busybox sleep 1000 >/dev/null; done
      nsenter --net=$(docker inspect -f '{{.NetworkSettings.SandboxKey}}' six) nft -f - <<NFT
table ip6 odd {
chain c { type filter hook input priority 10;
ip6 saddr fd66:6c64:6e73::53 udp sport 53 drop
}
}
NFT`,
    undo: 'docker rm -f six seven >/dev/null; docker network rm sixes >/dev/null',
    code: 'foreign-rule',
    says: /^In six, table ip6 odd, chain c, drops what .* answers: rule: ip6 saddr fd66:6c64:6e73::53 udp sport 53 drop/,
  },
  { name: 'the name is unknown', trace: { from: 'web', to: 'nowhere:80' }, code: 'name-server-silent' },
  { name: 'the two share no network', trace: { from: 'web', to: 'far:80' }, code: 'no-common-network' },
  { name: 'the destination does not run', trace: { from: 'web', to: 'asleep:80' }, code: 'target-not-running' },
  {
    name: 'the default network has no names',
    trace: { from: 'simple', to: 'plain:80' },
    code: 'default-network-has-no-names',
  },
  { name: 'the source is on no network', trace: { from: 'hermit', to: '192.0.2.1' }, code: 'no-network' },
];
