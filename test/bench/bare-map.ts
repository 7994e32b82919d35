import { Host } from '@fairlead/lab';

/** Where the one container of a {@link bareMap} is. */
const container = '172.30.0.2';

/** A host port and the container port behind it. */
export type PortPair = readonly [host: number, container: number];

/**
 * A host with one bridge, one namespace on it, and one nftables map that translates: nothing more can be left out, so
 * it is the floor for what a published port costs.
 *
 * @returns the host, and the path of the namespace seen from around it.
 */
export async function bareMap(): Promise<{ readonly host: Host; readonly path: string }> {
  await using parts = new AsyncDisposableStack();
  const host = parts.use(await Host.create());
  await host.exec('sh', '-ec', topology);
  await host.exec('nft', ruleset);
  parts.move();
  return { host, path: host.pathOf('/run/netns/container') };
}

/** Publish these ports instead of those before. */
export async function publish(host: Host, ports: readonly PortPair[]): Promise<void> {
  const elements = ports.map(([outer, inner]) => `${outer} : ${container} . ${inner}`).join(', ');
  const input = `flush map ip bare published\nadd element ip bare published { ${elements} }\n`;
  // Through a pipe: nft 1.0.9 refuses the socket that a child's standard input is, and there may be thousands of ports.
  const { code, stderr } = await host.run(['sh', '-c', 'cat | nft -f -'], { input });
  if (code !== 0) throw new Error(stderr);
}

const topology = `
ip link add br0 type bridge
ip address add 172.30.0.1/24 dev br0
ip link set br0 up
ip netns add container
ip link add veth0 type veth peer name eth0 netns container
ip link set veth0 master br0 up
ip -n container address add ${container}/24 dev eth0
ip -n container link set eth0 up
ip -n container route add default via 172.30.0.1
echo 1 >/proc/sys/net/ipv4/ip_forward
`;

const ruleset = `
table ip bare {
  map published {
    type inet_service : ipv4_addr . inet_service
  }
  chain inbound {
    type nat hook prerouting priority dstnat
    dnat to tcp dport map @published
  }
}
`;
