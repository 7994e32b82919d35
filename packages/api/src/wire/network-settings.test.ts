import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import type { ContainerView } from '@fairlead/engine';
import { FakeEngine } from '../testing/index.ts';
import { parseCreate } from './container-create.ts';
import { presentContainer } from './container-view.ts';
import { presentNetworkWithContainers, presentStatus } from './network.ts';
import { presentListedNetworks, presentNetworkSettings } from './network-settings.ts';

async function running(networks: Record<string, object> = { bridge: {} }): Promise<ContainerView> {
  const engine = new FakeEngine();
  engine.images.add('busybox:latest');
  for (const name of Object.keys(networks)) if (name !== 'bridge') await engine.networks.create({ name });
  const [networkMode = 'bridge'] = Object.keys(networks);
  const body = {
    Image: 'busybox',
    Cmd: ['sleep', '100'],
    HostConfig: { NetworkMode: networkMode, PortBindings: { '80/tcp': [{ HostPort: '8080' }] } },
    NetworkingConfig: { EndpointsConfig: networks },
  };
  const { id } = await engine.containers.create(parseCreate(JSON.parse(JSON.stringify(body)), 51));
  await engine.containers.start(id);
  return await engine.containers.inspect(id);
}

const legacyNames = [
  'Bridge',
  'EndpointID',
  'Gateway',
  'GlobalIPv6Address',
  'GlobalIPv6PrefixLen',
  'HairpinMode',
  'IPAddress',
  'IPPrefixLen',
  'IPv6Gateway',
  'LinkLocalIPv6Address',
  'LinkLocalIPv6PrefixLen',
  'MacAddress',
  'SecondaryIPAddresses',
  'SecondaryIPv6Addresses',
];

test('before 1.52 the values of the default bridge stand at the top as well', async () => {
  const view = await running();
  const old = presentNetworkSettings(view, 51);
  assert.deepEqual(
    Object.keys(old)
      .filter((name) => !['SandboxID', 'SandboxKey', 'Ports', 'Networks'].includes(name))
      .sort(),
    legacyNames,
  );
  assert.match(JSON.stringify(old), /"Gateway":"172.17.0.1".*"IPAddress":"172.17.0.2","IPPrefixLen":16/);
  assert.deepEqual(Object.keys(presentNetworkSettings(view, 52)), ['SandboxID', 'SandboxKey', 'Ports', 'Networks']);
});

test('lists show where a container is, and not what was asked for', async () => {
  const ipam = { IPv4Address: '172.18.0.9', LinkLocalIPs: ['169.254.1.1'] };
  const view = await running({ app: { Aliases: ['db'], DriverOpts: { a: 'b' }, IPAMConfig: ipam } });
  const { app } = presentListedNetworks(view, 51);
  assert.deepEqual(app?.IPAMConfig, { IPv4Address: '172.18.0.9' });
  assert.deepEqual([app.Aliases, app.Links, app.DriverOpts, app.DNSNames], [null, null, null, null]);
  assert.equal(app.NetworkID, presentNetworkSettings(view, 51).Networks['app']?.NetworkID);
  assert.equal('DNSNames' in (presentListedNetworks(view, 43)['app'] ?? {}), false);
});

test('an endpoint has all its keys, and those of the version only', async () => {
  const view = await running({ app: { Aliases: ['db'], GwPriority: 3 } });
  const endpoint = (version: number) => presentNetworkSettings(view, version).Networks['app'];
  const newest = endpoint(51);
  assert.equal(newest?.GwPriority, 3);
  assert.deepEqual(newest?.Aliases, ['db']);
  assert.equal(newest?.IPAMConfig, null);
  const short = view.container.id.slice(0, 12);
  assert.deepEqual(newest?.DNSNames, [view.container.name, short]);
  assert.equal('GwPriority' in (endpoint(47) ?? {}), false);
  assert.equal('DNSNames' in (endpoint(43) ?? {}), false);
  assert.deepEqual(endpoint(44)?.Aliases, ['db', short]);
});

test('each key of networks and endpoints is there from its version on, up to its last, and in no other', async () => {
  const view = await running({ app: {} });
  const [attachment] = view.networks;
  const network = attachment?.network ?? assert.fail('no network');
  const usage = [{ subnet: parsePrefix('10.0.0.0/24'), inUse: 3n, available: 253n }];
  const shown = (version: number): Readonly<Record<string, object>> => ({
    network: { ...presentNetworkWithContainers(network, [], version), ...presentStatus(usage, version) },
    endpoint: presentNetworkSettings(view, version).Networks['app'] ?? {},
    listed: presentListedNetworks(view, version)['app'] ?? {},
    settings: presentNetworkSettings(view, version),
  });
  /** All others are there in every version. */
  const changes: Readonly<Record<string, readonly [first: number, last: number]>> = {
    'network EnableIPv4': [48, 51],
    'network Status': [51, 51],
    'endpoint DNSNames': [44, 51],
    'endpoint GwPriority': [48, 51],
    'listed DNSNames': [44, 51],
    'listed GwPriority': [48, 51],
  };
  const newest = Object.entries(shown(51)).flatMap(([what, object]) => Object.keys(object).map((key) => [what, key]));
  for (let version = 24; version <= 51; version++) {
    const keys = newest.filter(([what, key]) => {
      const [first, last] = changes[`${what} ${key}`] ?? [24, 51];
      return first <= version && version <= last;
    });
    const found = Object.entries(shown(version)).flatMap(([what, object]) =>
      Object.keys(object).map((key) => [what, key]),
    );
    assert.deepEqual(found, keys, `1.${version}`);
  }
});

test('a stopped container keeps the keys and loses the values', async () => {
  const { sandbox: _sandbox, ...view } = await running();
  const stopped: ContainerView = {
    ...view,
    sandbox: undefined,
    sandboxKey: '',
    bound: [],
    networks: view.networks.map((attachment) => ({ ...attachment, endpoint: undefined })),
  };
  const settings = presentNetworkSettings(stopped, 51);
  assert.deepEqual(settings.Ports, {});
  const { NetworkID, ...endpoint } = settings.Networks['bridge'] ?? assert.fail('no endpoint');
  assert.equal(NetworkID.length, 64);
  assert.deepEqual(endpoint, {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: '',
    DriverOpts: null,
    GwPriority: 0,
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  });
});

test('inspect shows what was asked for together with the image’s part', async () => {
  const view = await running();
  const { Config, HostConfig, State, Name } = presentContainer(view, 51);
  assert.equal(Name, `/${view.container.name}`);
  assert.deepEqual([State.Running, State.FinishedAt], [true, '0001-01-01T00:00:00Z']);
  assert.deepEqual(Config['Labels'], { vendor: 'fake' });
  assert.deepEqual(Config['ExposedPorts'], { '80/tcp': {} });
  assert.equal(Config['Hostname'], view.container.id.slice(0, 12));
  assert.deepEqual(HostConfig['PortBindings'], { '80/tcp': [{ HostIp: '', HostPort: '8080' }] });
  for (const name of ['ShmSize', 'Runtime', 'MaskedPaths', 'UsernsMode', 'DeviceRequests', 'CpuRealtimePeriod']) {
    assert.ok(name in HostConfig, name);
  }
});

test('ports that are exposed are named where they could be reached from outside', async () => {
  const view = await running();
  const exposing = { ...view, bound: [], exposed: ['99/tcp'] };
  assert.deepEqual(presentNetworkSettings(exposing, 51).Ports, { '99/tcp': null });
  const internal = view.networks.flatMap((one) =>
    one.network ? [{ ...one, network: { ...one.network, internal: true } }] : [],
  );
  assert.deepEqual(presentNetworkSettings({ ...exposing, networks: internal }, 51).Ports, {});
  assert.deepEqual(presentNetworkSettings({ ...exposing, networks: [] }, 51).Ports, {});
});
