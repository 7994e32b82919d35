import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { type Json, servePlugin } from './plugin-server.ts';

/**
 * A plugin as others write them, for both sides of a comparison: networks are bridges, endpoints veth pairs, addresses
 * come from the subnet `10.200.N.0/24`. To be run with `node network-plugin.ts SOCKET FOLDER`.
 */

const [socket = '', folder = ''] = process.argv.slice(2);
let pools = 0;

function run(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}

const text = (request: Json, key: string) => String(request[key] ?? '');
const short = (request: Json, key: string) => text(request, key).slice(0, 5);

const methods: Readonly<Record<string, (request: Json) => unknown>> = {
  'Plugin.Activate': () => ({ Implements: ['NetworkDriver', 'IpamDriver'] }),
  'NetworkDriver.GetCapabilities': () => ({ Scope: 'local', ConnectivityScope: 'local' }),
  'NetworkDriver.CreateNetwork': (request) => {
    const bridge = `pb${short(request, 'NetworkID')}`;
    run('link', 'add', bridge, 'type', 'bridge');
    for (const family of ['IPv4Data', 'IPv6Data']) {
      for (const { Gateway } of (request[family] ?? []) as Json[]) {
        if (typeof Gateway === 'string' && Gateway !== '') run('address', 'add', Gateway, 'dev', bridge, 'nodad');
      }
    }
    run('link', 'set', bridge, 'up');
    return {};
  },
  'NetworkDriver.DeleteNetwork': (request) => {
    run('link', 'del', `pb${short(request, 'NetworkID')}`);
    return {};
  },
  'NetworkDriver.CreateEndpoint': (request) => {
    const id = short(request, 'EndpointID');
    run('link', 'add', `ph${id}`, 'type', 'veth', 'peer', 'name', `pc${id}`);
    run('link', 'set', `ph${id}`, 'up', 'master', `pb${short(request, 'NetworkID')}`);
    const { MacAddress } = request['Interface'] as Json;
    return {
      Interface: MacAddress
        ? null
        : { MacAddress: `02:99:00:00:00:${Number.parseInt(id.slice(0, 2), 16).toString(16).padStart(2, '0')}` },
    };
  },
  'NetworkDriver.DeleteEndpoint': (request) => {
    run('link', 'del', `ph${short(request, 'EndpointID')}`);
    return {};
  },
  'NetworkDriver.EndpointOperInfo': () => ({ Value: {} }),
  'NetworkDriver.Join': (request) => ({
    InterfaceName: { SrcName: `pc${short(request, 'EndpointID')}`, DstPrefix: 'net' },
    ...joinAnswer(),
  }),
  'IpamDriver.GetCapabilities': () => ({ RequiresMACAddress: true, RequiresRequestReplay: true }),
  'IpamDriver.GetDefaultAddressSpaces': () => ({
    LocalDefaultAddressSpace: 'plug-local',
    GlobalDefaultAddressSpace: 'plug-global',
  }),
  'IpamDriver.RequestPool': (request) => {
    const pool = text(request, 'Pool') || `10.200.${++pools}.0/24`;
    return { PoolID: `pool ${pool}`, Pool: pool, Data: {} };
  },
  'IpamDriver.RequestAddress': (request) => {
    const [network = '', length] = text(request, 'PoolID').replace('pool ', '').split('/');
    const options = (request['Options'] ?? {}) as Json;
    const isGateway = options['RequestAddressType'] === 'com.docker.network.gateway';
    const address = text(request, 'Address') || network.replace(/0$/, isGateway ? '254' : String(nextHost()));
    return { Address: `${address}/${length}`, Data: {} };
  },
};

/** What `FOLDER/join.json` says: gateways and the like, of the network that the test has made. */
function joinAnswer(): Json {
  const file = `${folder}/join.json`;
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

let host = 9;
function nextHost(): number {
  return ++host;
}

servePlugin(socket, folder, methods);
