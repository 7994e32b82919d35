import { type ChildProcess, type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { PortProtocol } from '@fairlead/base';
import { type ElementObject, formatElements, formatTable, type TableDefinition } from '@fairlead/netlink';
import { openBridgeGroup } from '../host-sets.ts';

/** Everything made here begins so: other runs have theirs. A run sweeps what one that has ended may have left. */
const PREFIX = `fl-test-firewall-${process.pid}`;

/** Answers every TCP connection and every datagram with its own name and the address that it sees the asker under. */
const serverScript = `
const [name, ...ports] = process.argv.slice(1);
let waiting = 2 * ports.length;
const ready = () => { if (--waiting === 0) console.log('ready'); };
const plain = (address) => address.replace('::ffff:', '');
for (const port of ports.map(Number)) {
  require('net').createServer((c) => { c.on('error', () => {}); c.end(name + ' ' + plain(c.remoteAddress) + ' ' + c.localPort + '\\n'); }).listen(port, '::', ready);
  const u = require('dgram').createSocket('udp6');
  u.on('message', (_, from) => u.send(name + ' ' + plain(from.address) + ' ' + port + '\\n', from.port, from.address));
  u.bind(port, ready);
}`;

/** A container of the test: a namespace with an interface in one or more networks. */
export interface TestContainer {
  readonly name: string;
  /** Bridge and host part of the address; the first one gives the default route. */
  readonly networks: readonly { readonly bridge: 'br-a' | 'br-b' | 'br-i'; readonly host: number }[];
}

/** How the host under test is to be. */
export interface TestHostOptions {
  readonly containers: readonly TestContainer[];
  /** Ports on which the servers of containers, host and neighbour listen. */
  readonly ports: readonly number[];
  /**
   * br_netfilter shows the host's IP rules to packets that stay on a bridge, as it does on many hosts that run other
   * container engines. A container then only reaches itself when its port of the bridge may send back (hairpin).
   */
  readonly bridgeFilter: boolean;
  /** Bridges that are in the group of those that may be entered and left. */
  readonly openBridges: readonly (keyof typeof testNetworks)[];
}

/** The program that relays ports: a neighbour of this package that it knows nothing of, started as any other program. */
const relayProgram = fileURLToPath(new URL('../../../resolver/src/main.ts', import.meta.url));
/** Likewise, the one that asks and answers by SCTP. */
const sctpProgram = fileURLToPath(new URL('../../../kernel/src/testing/sctp-peer.ts', import.meta.url));

/** True when this kernel has br_netfilter loaded. */
export function hasBridgeFilter(): boolean {
  return existsSync('/proc/sys/net/bridge');
}

/** First parts of the addresses on each bridge. */
export const testNetworks = {
  'br-a': { ipv4: '172.30.1.', ipv6: 'fd00:a::' },
  'br-b': { ipv4: '172.30.2.', ipv6: 'fd00:b::' },
  'br-i': { ipv4: '172.30.3.', ipv6: 'fd00:c::' },
} as const;

/**
 * A host with three bridges and a neighbour on a wire, made with the system's tools as independent witnesses: host
 * 192.0.2.1 and 2001:db8::1, neighbour 192.0.2.2 and 2001:db8::2.
 */
export class TestHost implements AsyncDisposable {
  readonly #namespaces: string[] = [];
  readonly #servers: ChildProcess[] = [];
  readonly #sctpPeers = new Map<string, SctpPeer>();
  readonly #tables = new Map<string, TableDefinition>();
  readonly #directory = mkdtempSync(join(tmpdir(), `${PREFIX}-`));

  static async create({ containers, ports, bridgeFilter, openBridges }: TestHostOptions): Promise<TestHost> {
    sweep();
    const host = new TestHost();
    try {
      host.#build(containers, bridgeFilter);
      for (const bridge of openBridges) host.run('host', ['ip', 'link', 'set', bridge, 'group', `${openBridgeGroup}`]);
      await Promise.all(
        [...containers.map(({ name }) => name), 'host', 'outside'].map((name) => host.#serve(name, ports)),
      );
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
    return host;
  }

  /** Load a table on the host, through its text. */
  load(table: TableDefinition): void {
    this.run('host', ['nft', formatTable(table)]);
    this.#tables.set(table.name, table);
  }

  /** Change elements of the host's tables, through their text. */
  elements(action: 'add' | 'delete', elements: readonly ElementObject[]): void {
    const lines = elements.map((element) => {
      const table = this.#tables.get(element.table);
      const set = table?.sets.find(({ name }) => name === element.set);
      if (table === undefined || set === undefined) throw new Error(`no set ${element.set} in ${element.table}`);
      const text = formatElements(set, [action === 'add' ? element : { key: element.key }]);
      return `${action} element ${table.family} ${table.name} ${set.name} ${text}`;
    });
    this.run('host', ['nft', lines.join('\n')]);
  }

  /** Run a program inside one of the namespaces. */
  run(namespace: string, command: readonly string[], input = ''): string {
    const stdio: ['pipe', 'pipe', 'pipe'] = ['pipe', 'pipe', 'pipe'];
    return execFileSync('nsenter', [`--net=/run/netns/${PREFIX}-${namespace}`, ...command], {
      encoding: 'utf8',
      input,
      stdio,
    });
  }

  /** Ask a server: `name address port`, or `refused`, or `silence`. */
  async ask(from: string, address: string, port: number, protocol: PortProtocol = 'tcp'): Promise<string> {
    if (protocol === 'sctp') return (await this.#sctpPeers.get(from)?.ask(address, port)) ?? `nobody in ${from}`;
    const script = `exec 3<>/dev/${protocol}/${address}/${port} || exit 9; ${protocol === 'udp' ? 'echo hello >&3;' : ''} head -n 1 <&3`;
    const command = [`--net=/run/netns/${PREFIX}-${from}`, 'timeout', '1', 'bash', '-c', script];
    const child = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'ignore'] });
    let answer = '';
    child.stdout.on('data', (piece: Buffer) => {
      answer += piece;
    });
    const [code] = await once(child, 'close');
    return answer.trim() || (code === 9 ? 'refused' : 'silence');
  }

  /** Start the process that relays ports on the host, and have it hold `::` and relay: `port` to port 80 of an address. */
  async relay(
    ports: readonly (readonly [protocol: 'tcp' | 'udp', port: number, containerAddress: string])[],
  ): Promise<void> {
    const path = join(this.#directory, 'control.sock');
    const command = [`--net=/run/netns/${PREFIX}-host`, process.execPath, relayProgram, '--socket', path];
    const server = spawn('nsenter', command, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#servers.push(server);
    await once(server.stderr, 'data');
    const held = ports.map(([protocol, port]) => ({ protocol, address: '::', first: port, last: port }));
    const relays = ports.map(([protocol, port, containerAddress]) => {
      return { protocol, hostAddress: '::', first: port, last: port, containerAddress, containerFirst: 80 };
    });
    const requests = [
      { id: 1, method: 'reservePorts', params: { owner: 'test', ports: held } },
      { id: 2, method: 'setRelays', params: { owner: 'test', relays } },
    ];
    const control = net.connect({ path });
    control.end(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
    const answers = await text(control);
    if (answers.includes('error')) throw new Error(answers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true });
    for (const name of this.#namespaces) execFileSync('ip', ['netns', 'delete', name]);
  }

  #build(containers: readonly TestContainer[], bridgeFilter: boolean): void {
    for (const name of ['host', 'outside', ...containers.map((container) => container.name)]) this.#namespace(name);
    if (hasBridgeFilter()) {
      for (const family of ['ip', 'ip6'])
        this.#sysctl('host', `net.bridge.bridge-nf-call-${family}tables`, bridgeFilter ? 1 : 0);
    }
    this.#cable('host', 'wan', 'outside', 'eth0');
    this.#addresses('host', 'wan', ['192.0.2.1/24', '2001:db8::1/64']);
    this.#addresses('outside', 'eth0', ['192.0.2.2/24', '2001:db8::2/64']);
    // The neighbour knows the way to the containers: only the firewall stands between.
    this.run('outside', ['ip', 'route', 'add', '172.30.0.0/16', 'via', '192.0.2.1']);
    this.run('outside', ['ip', 'route', 'add', 'fd00::/16', 'via', '2001:db8::1']);
    for (const [bridge, { ipv4, ipv6 }] of Object.entries(testNetworks)) {
      this.run('host', ['ip', 'link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0']);
      this.#addresses('host', bridge, [`${ipv4}1/24`, `${ipv6}1/64`]);
      this.#sysctl('host', `net.ipv4.conf.${bridge}.route_localnet`);
    }
    for (const container of containers) this.#plug(container, bridgeFilter);
    this.#sysctl('host', 'net.ipv4.ip_forward');
    this.#sysctl('host', 'net.ipv6.conf.all.forwarding');
  }

  #namespace(name: string): void {
    const full = `${PREFIX}-${name}`;
    execFileSync('ip', ['netns', 'add', full]);
    this.#namespaces.push(full);
    this.run(name, ['ip', 'link', 'set', 'lo', 'up']);
    // Addresses are usable at once only without duplicate detection.
    for (const which of ['default', 'all']) this.run(name, ['sysctl', '-qw', `net.ipv6.conf.${which}.accept_dad=0`]);
  }

  #plug({ name, networks }: TestContainer, hairpin: boolean): void {
    for (const [index, { bridge, host }] of networks.entries()) {
      const port = `${name}-${index}`;
      this.#cable('host', port, name, `eth${index}`);
      this.run('host', ['ip', 'link', 'set', port, 'master', bridge]);
      if (hairpin) this.run('host', ['ip', 'link', 'set', port, 'type', 'bridge_slave', 'hairpin', 'on']);
      const { ipv4, ipv6 } = testNetworks[bridge];
      this.#addresses(name, `eth${index}`, [`${ipv4}${host}/24`, `${ipv6}${host}/64`]);
      if (index > 0) continue;
      this.run(name, ['ip', 'route', 'add', 'default', 'via', `${ipv4}1`]);
      this.run(name, ['ip', 'route', 'add', 'default', 'via', `${ipv6}1`]);
    }
  }

  #cable(left: string, leftName: string, right: string, rightName: string): void {
    const peer = ['peer', 'name', rightName, 'netns', `${PREFIX}-${right}`];
    this.run(left, ['ip', 'link', 'add', leftName, 'type', 'veth', ...peer]);
    this.run(left, ['ip', 'link', 'set', leftName, 'up']);
    this.run(right, ['ip', 'link', 'set', rightName, 'up']);
  }

  #addresses(namespace: string, link: string, addresses: readonly string[]): void {
    this.run(namespace, ['ip', 'link', 'set', link, 'up']);
    for (const address of addresses) {
      const nodad = address.includes(':') ? ['nodad'] : [];
      this.run(namespace, ['ip', 'address', 'add', address, 'dev', link, ...nodad]);
    }
  }

  #sysctl(namespace: string, key: string, value = 1): void {
    this.run(namespace, ['sysctl', '-qw', `${key}=${value}`]);
  }

  async #serve(name: string, ports: readonly number[]): Promise<void> {
    const server = this.#startServer(name, ['-e', serverScript], ports);
    const sctp = this.#startServer(name, [sctpProgram], ports);
    this.#sctpPeers.set(name, new SctpPeer(sctp));
    await Promise.all([once(server.stdout, 'data'), once(sctp.stdout, 'data')]);
  }

  #startServer(name: string, script: readonly string[], ports: readonly number[]): ServerProcess {
    const command = [`--net=/run/netns/${PREFIX}-${name}`, process.execPath, ...script, name, ...ports.map(String)];
    const server = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#servers.push(server);
    return server;
  }
}

type ServerProcess = ChildProcessByStdio<Writable, Readable, null>;

/** The program that asks by SCTP, in one of the namespaces. */
class SctpPeer {
  readonly #process: ServerProcess;
  /** By the port that they were asked from. */
  readonly #questions = new Map<string, (answer: string) => void>();
  /** Each question comes from another one, so that no answer to an earlier one is taken for its own. */
  #nextPort = 40_000;

  constructor(process: ServerProcess) {
    this.#process = process;
    createInterface(process.stdout).on('line', (line) => {
      const [port = '', ...answer] = line.split(' ');
      this.#questions.get(port)?.(answer.join(' '));
    });
  }

  ask(address: string, port: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const from = this.#nextPort++;
    this.#questions.set(`${from}`, resolve);
    this.#process.stdin.write(`${from} ${address} ${port}\n`);
    return promise;
  }
}

function sweep(): void {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  const isLeft = (pid = '') => pid === `${process.pid}` || !existsSync(`/proc/${pid}`);
  const left = names.filter((name) => isLeft(/^fl-test-firewall-(\d+)-/.exec(name)?.[1]));
  for (const name of left) execFileSync('ip', ['netns', 'delete', name]);
}
