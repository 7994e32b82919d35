const net = (body: object) => ['POST', '/networks/create', { Name: 'new', ...body }] as const;
const pools = (...Config: object[]) => net({ EnableIPv6: true, IPAM: { Config } });
const connect = (network: string, Container: string, EndpointConfig?: object) =>
  ['POST', `/networks/${network}/connect`, { Container, ...(EndpointConfig && { EndpointConfig }) }] as const;
const disconnect = (network: string, Container: string) =>
  ['POST', `/networks/${network}/disconnect`, { Container }] as const;
const start = (name: string) => ['POST', `/containers/${name}/start`] as const;
const make = (body: object, version = '') =>
  ['POST', `${version}/containers/create`, { Image: 'busybox', Cmd: ['true'], ...body }] as const;
const shared = (more: object, wire: object = {}) =>
  make({ ...wire, HostConfig: { NetworkMode: 'container:web', ...more } });
const endpoint = (settings: object | null, name = 'app') =>
  make({ HostConfig: { NetworkMode: name }, NetworkingConfig: { EndpointsConfig: { [name]: settings } } });

const setUp = 'failed to set up container networking: ';
const sharing =
  'container sharing network namespace with another container or host cannot be connected to any other network';
const alone = 'container cannot be connected to multiple networks with one of the networks in private (none) mode';
const hostOnly = 'cannot connect container to host network - container must be created in host network mode';
const sysctl = 'net.ipv4.conf.eth0.log_martians=1';
const form = "represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'";
const depends = 'supported if the network depends on a configuration network';

/** What is asked, and what is said to it; `{NAME}` in a text stands for an id. */
export type NetworkRefusal = readonly [
  question: readonly [method: string, path: string, body?: unknown],
  status: number,
  message: string | RegExp,
];

/** Every request about networks that cannot be carried out. */
export const networkRefusals: readonly NetworkRefusal[] = [
  // Networks that are not there, or must not go.
  [['GET', '/networks/nowhere'], 404, 'network nowhere not found'],
  [['DELETE', '/networks/nowhere'], 404, 'network nowhere not found'],
  [
    ['GET', '/networks/app?verbose=maybe'],
    400,
    /^invalid value for verbose: maybe: strconv\.ParseBool: parsing "maybe"/,
  ],
  [['DELETE', '/networks/bridge'], 403, 'bridge is a pre-defined network and cannot be removed'],
  [['DELETE', '/networks/host'], 403, 'host is a pre-defined network and cannot be removed'],
  [
    ['DELETE', '/networks/app'],
    403,
    'error while removing network: network app has active endpoints (name:"web" id:"{endpoint:12}")',
  ],
  [['DELETE', '/networks/shape'], 403, 'error while removing network: configuration network "shape" is in use'],
  // Filters.
  [['GET', '/networks?filters=%7B%22x%22%3A%5B%22y%22%5D%7D'], 400, "invalid filter 'x'"],
  [['GET', '/networks?filters=%7B%22type%22%3A%5B%22y%22%5D%7D'], 400, "invalid filter: 'type'='y'"],
  [
    ['GET', '/networks?filters=%7B%22dangling%22%3A%5B%22y%22%5D%7D'],
    400,
    /invalid value for filter 'dangling', must be "true" \(or "1"\), or "false" \(or "0"\)/,
  ],
  [
    ['GET', '/networks?filters=%7B%22dangling%22%3A%5B%22true%22%2C%22false%22%5D%7D'],
    400,
    /got more than one value for filter key "dangling"/,
  ],
  // Networks that cannot be made.
  [net({ Name: '' }), 400, 'invalid name: name is empty'],
  [net({ Name: ' ' }), 400, 'invalid name: name is empty'],
  [net({ Name: 'app' }), 409, 'network with name app already exists'],
  [net({ Name: 'bridge' }), 403, 'operation is not permitted on predefined bridge network '],
  [net({ Name: 'default' }), 403, 'operation is not permitted on predefined default network '],
  [net({ Driver: 'weave' }), 404, 'could not find plugin weave in v1 plugin registry: plugin not found'],
  [
    net({ Driver: 'overlay' }),
    403,
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  ],
  [net({ Driver: 'host' }), 403, 'only one instance of "host" network is allowed'],
  [net({ EnableIPv4: false }), 400, 'IPv4 or IPv6 must be enabled'],
  [
    net({ Options: { 'com.docker.network.enable_ipv6': 'maybe' } }),
    400,
    'driver-opt "com.docker.network.enable_ipv6" is not a valid bool',
  ],
  [
    net({ Options: { 'com.docker.network.bridge.name': 'app0' } }),
    403,
    /^cannot create network [0-9a-f]{64} \(app0\): conflicts with network {app} \(app0\): networks have same bridge name$/,
  ],
  [net({ ConfigFrom: { Network: 'app' } }), 404, 'configuration network "app" does not exist'],
  [
    net({ ConfigFrom: { Network: 'shape' }, Labels: { a: 'b' } }),
    403,
    `user-specified configurations are not ${depends}`,
  ],
  [net({ ConfigFrom: { Network: 'shape' }, Options: { a: 'b' } }), 403, `network driver options are not ${depends}`],
  [
    net({ ConfigOnly: true, ConfigFrom: { Network: 'shape' } }),
    403,
    'a configuration network cannot depend on another configuration network',
  ],
  [
    net({ ConfigOnly: true, Internal: true }),
    403,
    'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
  ],
  [
    net({ ConfigFrom: { Network: 'shape' }, IPAM: { Config: [{ Subnet: '10.48.0.0/24' }] } }),
    403,
    `user-specified configurations are not ${depends}`,
  ],
  [net({ ConfigFrom: { Network: 'nowhere' } }), 404, /^configuration network "nowhere" (not found|does not exist)$/],
  [['POST', '/networks/prune?filters=%7B%22x%22%3A%5B%22y%22%5D%7D'], 400, "invalid filter 'x'"],
  // Pools.
  [
    pools({ Subnet: '10.0.0.1/24' }),
    400,
    'invalid network config:\ninvalid subnet 10.0.0.1/24: it should be 10.0.0.0/24',
  ],
  [
    pools({ Subnet: '10.0.0.0/24', IPRange: '10.0.0.0/16' }),
    400,
    'invalid network config:\ninvalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24',
  ],
  [
    pools({ Subnet: '10.0.0.0/24', IPRange: '10.0.0.1/25' }),
    400,
    'invalid network config:\ninvalid ip-range 10.0.0.1/25: it should be 10.0.0.0/25',
  ],
  [
    pools({ Subnet: '10.0.0.0/24', IPRange: '10.1.0.0/25' }),
    400,
    "invalid network config:\ninvalid ip-range 10.1.0.0/25: parent subnet 10.0.0.0/24 doesn't contain ip-range",
  ],
  [
    pools({ Subnet: '10.0.0.0/24', IPRange: 'fd00::/64' }),
    400,
    'invalid network config:\ninvalid ip-range fd00::/64: parent subnet is an IPv4 block',
  ],
  [
    pools({ Subnet: '10.0.0.0/24', Gateway: '10.0.1.1' }),
    400,
    "invalid network config:\ninvalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address",
  ],
  [
    pools({ Subnet: 'fd00::/64', Gateway: '10.0.1.1' }),
    400,
    'invalid network config:\ninvalid gateway 10.0.1.1: parent subnet is an IPv6 block',
  ],
  [
    pools({ Subnet: '10.0.0.0/24', AuxiliaryAddresses: { db: '10.0.1.1' } }),
    400,
    "invalid network config:\ninvalid auxiliary address db: parent subnet 10.0.0.0/24 doesn't contain this address",
  ],
  [
    pools({ Subnet: '10.0.0.1/24', Gateway: '10.9.0.1' }),
    400,
    "invalid network config:\n* invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24\n* invalid gateway 10.9.0.1: parent subnet 10.0.0.1/24 doesn't contain this address",
  ],
  [pools({ Subnet: '10.40.0.0/16' }), 403, 'invalid pool request: Pool overlaps with other one on this address space'],
  [pools({ Subnet: '0.0.0.0/4' }), 400, 'all predefined address pools have been fully subnetted'],
  [
    pools({ Subnet: '10.41.0.0/24' }, { Subnet: '10.42.0.0/24' }),
    400,
    "bridge driver doesn't support multiple subnets",
  ],
  [
    pools({ Subnet: '10.41.0.0/24', AuxiliaryAddresses: { a: '10.41.0.9' }, Gateway: '10.41.0.0' }),
    500,
    'failed to allocate gateway (10.41.0.0): Address already in use',
  ],
  [net({ IPAM: { Driver: 'weave' } }), 404, 'could not find plugin weave in v1 plugin registry: plugin not found'],
  [net({ IPAM: { Driver: 'null' } }), 400, 'ipv4 pool is empty'],
  // Containers that come and go.
  [connect('nowhere', 'web'), 404, 'network nowhere not found'],
  [connect('app', 'nobody'), 404, 'No such container: nobody'],
  [connect('app', 'web'), 403, 'endpoint with name web already exists in network app'],
  [connect('host', 'web'), 400, hostOnly],
  [connect('app', 'hosted'), 400, sharing],
  [connect('app', 'joiner'), 400, sharing],
  [connect('app', 'lone'), 400, alone],
  [connect('none', 'web'), 400, alone],
  [connect('shape', 'web'), 403, 'cannot create endpoint on configuration-only network'],
  [
    connect('bridge', 'web', { IPAMConfig: { IPv4Address: '172.17.0.9' } }),
    400,
    'invalid endpoint settings:\nuser-specified IP address is supported on user-defined networks only',
  ],
  [
    connect('bridge', 'web', { Aliases: ['a'] }),
    400,
    'invalid endpoint settings:\nnetwork-scoped aliases are only supported for user-defined networks',
  ],
  [
    connect('shaped', 'web', { IPAMConfig: { IPv4Address: '10.9.9.9' } }),
    400,
    'invalid endpoint settings:\nno configured subnet contains IP address 10.9.9.9',
  ],
  [
    connect('shaped', 'web', { IPAMConfig: { IPv4Address: 'x', IPv6Address: 'y', LinkLocalIPs: ['z'] } }),
    400,
    'invalid endpoint settings:\n* invalid IPv4 address: x\n* invalid IPv6 address: y\n* invalid link-local IP address: z',
  ],
  [
    connect('shaped', 'web', { DriverOpts: { 'com.docker.network.endpoint.sysctls': sysctl } }),
    400,
    `invalid endpoint settings:\nunrecognised network interface sysctl '${sysctl}'; ${form}`,
  ],
  [connect('tiny', 'web'), 500, "no available IPv4 addresses on this network's address pools: tiny ({tiny})"],
  [disconnect('app', 'nobody'), 404, 'No such container: nobody'],
  [disconnect('shaped', 'web'), 500, 'container {web} is not connected to network shaped'],
  [disconnect('shaped', 'idle'), 500, 'container {idle} is not connected to the network shaped'],
  [
    disconnect('host', 'hosted'),
    400,
    'cannot disconnect container from host network - container was created in host network mode',
  ],
  // Ports of containers that can have none of their own.
  [
    ['POST', '/fairlead/containers/joiner/ports', { add: ['81:80'] }],
    400,
    'conflicting options: port publishing and the container type network mode',
  ],
  [
    ['POST', '/fairlead/containers/hosted/ports', { add: ['81:80'] }],
    400,
    'Published ports are discarded when using host network mode',
  ],
  // Starts.
  [start('late'), 404, `${setUp}network nowhere not found`],
  [start('shaping'), 403, `${setUp}cannot create endpoint on configuration-only network`],
  [start('crowded'), 500, `${setUp}no available IPv4 addresses on this network's address pools: tiny ({tiny})`],
  [
    start('orphan'),
    409,
    'joining network namespace of container: cannot join network namespace of a non running container: container {idle} is created',
  ],
  // Containers that cannot be.
  [endpoint(null), 400, 'invalid config for network app: EndpointsConfig is nil'],
  [
    endpoint({ IPAMConfig: { IPv4Address: 'x' } }),
    400,
    'invalid config for network app: invalid endpoint settings:\ninvalid IPv4 address: x',
  ],
  [
    endpoint({ IPAMConfig: { IPv4Address: '172.17.0.9' } }, 'bridge'),
    400,
    'invalid config for network bridge: invalid endpoint settings:\nuser-specified IP address is supported on user-defined networks only',
  ],
  [
    make({ HostConfig: { NetworkMode: 'container:' } }),
    400,
    'invalid network mode: invalid container format container:<name|id>',
  ],
  [
    make({ MacAddress: '02:00:00:00:00:01', HostConfig: { NetworkMode: 'host' } }, '/v1.43'),
    400,
    'conflicting options: mac-address and the network mode',
  ],
  [
    make({ MacAddress: '02:00:00:00:00:01', HostConfig: { NetworkMode: 'container:web' } }, '/v1.43'),
    400,
    'conflicting options: mac-address and the network mode',
  ],
  [shared({}, { Hostname: 'x' }), 400, 'conflicting options: hostname and the network mode'],
  [shared({ Dns: ['192.0.2.1'] }), 400, 'conflicting options: dns and the network mode'],
  [shared({ ExtraHosts: ['a:192.0.2.1'] }), 400, 'conflicting options: custom host-to-IP mapping and the network mode'],
  [
    shared({ PortBindings: { '80/tcp': [{}] } }),
    400,
    'conflicting options: port publishing and the container type network mode',
  ],
  [
    shared({}, { ExposedPorts: { '80/tcp': {} } }),
    400,
    'conflicting options: port exposing and the container type network mode',
  ],
  [
    shared({ Links: ['web'] }),
    400,
    "conflicting options: container type network can't be used with links. This would result in undefined behavior",
  ],
  [
    make({ HostConfig: { NetworkMode: 'host', Links: ['web'] } }),
    400,
    "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
  ],
  [
    make({ HostConfig: { PortBindings: { 'x/tcp': [{}] } } }),
    400,
    /^invalid port specification: "x\/tcp"|invalid port/,
  ],
  [
    make({ NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } }, '/v1.43'),
    400,
    /^Container cannot be created with multiple network endpoints: (a, b|b, a)$/,
  ],
  [
    make(
      {
        MacAddress: '02:00:00:00:00:01',
        NetworkingConfig: { EndpointsConfig: { default: { MacAddress: '02:00:00:00:00:02' } } },
      },
      '/v1.44',
    ),
    400,
    'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
  ],
];
