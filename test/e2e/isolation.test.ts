import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import {
  type Asker,
  addressOn,
  allQuestions,
  type Finding,
  families,
  hostPorts,
  inmatesNetwork,
  modes,
  type Outcome,
  prefixOn,
  type Question,
  served,
  strangersNetwork,
  targets,
} from './isolation-matrix.ts';
import { isolationTables, unexpected } from './isolation-page.ts';
import { LifeRig } from './life-rig.ts';

/**
 * Who reaches whom, with packets really sent: docs/isolation.md shows what was found. After a wanted change
 * `GOLDEN=write node --test test/e2e/isolation.test.ts`, and read the difference.
 */

const page = resolve(import.meta.dirname, '../../docs/isolation.md');

/** A probe in one place, and the questions that it has not answered yet. */
class Probe implements Disposable {
  readonly #process: ChildProcess;
  readonly #questions = new Map<string, (answer: string) => void>();
  readonly ready: Promise<void>;
  #last = 0;

  constructor(process: ChildProcess) {
    this.#process = process;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    process.stderr?.on('data', (piece: Buffer) => console.error(piece.toString()));
    createInterface(process.stdout ?? assert.fail('no pipe')).on('line', (line) => {
      const [id = '', ...answer] = line.split(' ');
      if (id === 'ready') resolve();
      else this.#questions.get(id)?.(answer.join(' '));
    });
  }

  ask(protocol: string, address: string, port: number, patience: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const id = `${++this.#last}`;
    this.#questions.set(id, resolve);
    this.#process.stdin?.write(`${id} ${protocol} ${address} ${port} ${patience}\n`);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#process.stdin?.end();
  }
}

let rig: LifeRig;
const probes = new Map<string, Probe>();

before(async () => {
  rig = await LifeRig.start();
  const { host } = rig;
  // Whether packets that stay on a bridge are seen by the IP rules of the host is the host's own choice.
  if (existsSync('/proc/sys/net/bridge')) {
    await host.exec('sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0', 'net.bridge.bridge-nf-call-ip6tables=0');
  }
  // Whoever is outside knows the way to the containers: only the firewall stands between.
  for (const family of families) {
    const via = host.addresses.host[`ipv${family}`];
    await host.outside.exec('ip', `-${family}`, 'route', 'add', prefixOn('all', family), 'via', via);
  }
  await Promise.all([
    ...modes.map((_, network) => makeNetwork(network)),
    ...[strangersNetwork, inmatesNetwork].map(makeNetwork),
  ]);
  await Promise.all([
    ...modes.flatMap((_, network) => [
      makeContainer(`asked-${network}`, network, 2),
      makeContainer(`neighbour-${network}`, network, 3),
    ]),
    makeContainer('stranger', strangersNetwork, 2),
    makeContainer('inmate', inmatesNetwork, 2),
    rig.run('loner', ['sleep', '1000'], { HostConfig: { NetworkMode: 'none' } }),
  ]);
  await giveWayOut('inmate', inmatesNetwork);
  const names = modes.flatMap((_, network) => [`asked-${network}`, `neighbour-${network}`]);
  await Promise.all(['outside', 'host', ...names, 'stranger', 'inmate', 'loner'].map(startProbe));
});

after(async () => {
  for (const probe of probes.values()) probe[Symbol.dispose]();
  await rig[Symbol.asyncDispose]();
});

async function makeNetwork(network: number): Promise<void> {
  const { internal, ipv6, options } = modes[network] ?? {
    internal: network === inmatesNetwork,
    ipv6: true,
    options: {},
  };
  const config = families
    .filter((family) => family === 4 || ipv6)
    .map((family) => ({ Subnet: prefixOn(network, family) }));
  await rig.api.text('POST', '/networks/create', {
    body: { Name: `net-${network}`, EnableIPv6: ipv6, Internal: internal, Options: options, IPAM: { Config: config } },
  });
}

async function makeContainer(name: string, network: number, place: number): Promise<void> {
  const ipv6 = modes[network]?.ipv6 !== false;
  const addresses = {
    IPv4Address: addressOn(network, 4, place),
    ...(ipv6 && { IPv6Address: addressOn(network, 6, place) }),
  };
  const bindings = name.startsWith('asked') ? bindingsOn(network) : [];
  await rig.run(name, ['sleep', '1000'], {
    HostConfig: {
      NetworkMode: `net-${network}`,
      PortBindings: { [`${served.published}/tcp`]: bindings, [`${served.published}/udp`]: bindings },
    },
    NetworkingConfig: { EndpointsConfig: { [`net-${network}`]: { IPAMConfig: addresses } } },
  });
}

function bindingsOn(network: number): { readonly HostIp: string; readonly HostPort: string }[] {
  const { wildcard, specific, loopback } = hostPorts(network);
  const { ipv4, ipv6 } = rig.host.addresses.host;
  return [
    { HostIp: '', HostPort: `${wildcard}` },
    { HostIp: ipv4, HostPort: `${specific}` },
    { HostIp: ipv6, HostPort: `${specific}` },
    { HostIp: '127.0.0.1', HostPort: `${loopback}` },
    { HostIp: '::1', HostPort: `${loopback}` },
  ];
}

async function startProbe(name: string): Promise<void> {
  const { host } = rig;
  const program = [process.execPath, join(import.meta.dirname, 'isolation-probe.ts'), name];
  const words = name.startsWith('asked') ? ['::', `${served.published}`, `${served.unpublished}`] : [];
  const start = async () => {
    if (name === 'outside') return host.outside.start(program);
    if (name === 'host') return host.start([...program, gateways().join(), `${served.host}`]);
    return host.start(['nsenter', `--net=${await sandboxOf(name)}`, ...program, ...words]);
  };
  const probe = new Probe(await start());
  probes.set(name, probe);
  await probe.ready;
}

/** Every address that the host has on one of the networks. */
function gateways(): string[] {
  return modes.flatMap(({ title, ipv6 }, network) => {
    if (title.startsWith('isolated')) return [];
    return families.filter((family) => family === 4 || ipv6).map((family) => addressOn(network, family, 1));
  });
}

async function sandboxOf(name: string): Promise<string> {
  const path = `/containers/${name}/json`;
  return (await rig.api.json<{ NetworkSettings: { SandboxKey: string } }>('GET', path)).NetworkSettings.SandboxKey;
}

/** A way out that the engine gives nobody on an internal network: only the firewall stands between. */
async function giveWayOut(name: string, network: number): Promise<void> {
  const sandbox = await sandboxOf(name);
  for (const family of families) {
    const route = ['route', 'add', 'default', 'via', addressOn(network, family, 1)];
    await rig.host.exec('nsenter', `--net=${sandbox}`, 'ip', `-${family}`, ...route);
  }
}

function placeOf(asker: Asker, network: number): string {
  return asker === 'neighbour' ? `neighbour-${network}` : asker;
}

/** The address under which an asker is known where nothing is translated on the way to a network. */
function ownAddresses(asker: Asker, { network, family }: Question): string[] {
  const [host, outside] = [rig.host.addresses.host[`ipv${family}`], rig.host.addresses.outside[`ipv${family}`]];
  if (asker === 'outside') return [outside];
  if (asker === 'host') return [host, addressOn(network, family, 1), '127.0.0.1', '::1'];
  if (asker === 'neighbour') return [addressOn(network, family, 3)];
  return [addressOn(asker === 'stranger' ? strangersNetwork : inmatesNetwork, family, 2)];
}

async function find(question: Question, patience: number): Promise<Finding> {
  const { network, target: row, asker, family, protocol } = question;
  const target = targets[row] ?? assert.fail();
  const [address, port] = target.place(network, family, rig.host, asker);
  const probe = probes.get(placeOf(asker, network)) ?? assert.fail(`no probe ${asker}`);
  const [who = '', from = ''] = (await probe.ask(protocol, address, port, patience)).split(' ');
  if (who === '') return { ...question, outcome: 'no' };
  if (protocol === 'icmp') return { ...question, outcome: 'yes' };
  assert.equal(
    who,
    target.answers === 'host' ? 'host' : `asked-${network}`,
    JSON.stringify({ address, port, ...question }),
  );
  const outcome: Outcome = ownAddresses(asker, question).includes(from) ? 'yes' : 'masked';
  return { ...question, outcome };
}

let findings: readonly Finding[];

/**
 * Ask everything at once. An answer says all, but silence may only mean that the machine is busy: in cells that are not
 * what the page says, the silent ones are asked again, fewer at a time and with more patience.
 */
async function findAll(present: string): Promise<readonly Finding[]> {
  const found = await Promise.all(allQuestions().map((question) => find(question, 1500)));
  const doubtful = new Set(unexpected(found, present).filter(({ outcome }) => outcome === 'no'));
  const silent = [...found.entries()].filter(([, finding]) => doubtful.has(finding));
  for (let first = 0; first < silent.length; first += 200) {
    const again = silent.slice(first, first + 200);
    const answers = await Promise.all(again.map(([, question]) => find(question, 5000)));
    for (const [place, [index]] of again.entries()) found[index] = answers[place] ?? assert.fail();
  }
  return found;
}

test('everybody reaches exactly whom docs/isolation.md says', async () => {
  const present = readFileSync(page, 'utf8');
  const head = present.split(/^## /m)[0] ?? '';
  const text = (found: readonly Finding[]) => `${head}${isolationTables(found)}`;
  findings = await findAll(present);
  if (process.env['GOLDEN'] === 'write') writeFileSync(page, text(findings));
  assert.equal(text(findings), readFileSync(page, 'utf8'));
});

/** What no page may say otherwise: who must not reach a container, and by which rows of which tables. */
const prohibitions: readonly (readonly [why: string, holds: (finding: Finding) => boolean])[] = [
  [
    'nobody on an internal network reaches what is on another',
    ({ asker, target }) => asker === 'inmate' && isOfContainer(target),
  ],
  ['nobody without a network reaches anything', ({ asker }) => asker === 'loner'],
  [
    'an internal network is reached by the host and its own containers only',
    ({ network, asker, target }) =>
      modes[network]?.internal === true && isOfContainer(target) && asker !== 'host' && asker !== 'neighbour',
  ],
  [
    'what is published on loopback is for the host',
    ({ asker, target }) => asker !== 'host' && targets[target]?.title === "... at the host's address",
  ],
  [
    'what is not published is for the network itself, unless its mode is open',
    ({ network, asker, target }) =>
      targets[target]?.title === "container's address, other port" &&
      (asker === 'outside' || asker === 'stranger') &&
      modes[network]?.title.startsWith('nat-unprotected') === false,
  ],
  [
    'containers that may not talk do not by their own addresses',
    ({ network, asker, target }) =>
      modes[network]?.title.includes('icc off') === true && asker === 'neighbour' && target < 3,
  ],
];

function isOfContainer(target: number): boolean {
  return targets[target]?.answers === 'container';
}

for (const [why, concerns] of prohibitions) {
  test(why, () => {
    const concerned = findings.filter(concerns);
    assert.ok(concerned.length > 10);
    assert.deepEqual(
      concerned.filter(({ outcome }) => outcome !== 'no'),
      [],
    );
  });
}

test('what was asked for is there: each container answers a neighbour or the host, but for one that is kept from both', () => {
  const silent = modes.filter(
    (_, network) => !findings.some((item) => item.network === network && item.outcome !== 'no'),
  );
  assert.deepEqual(
    silent.map(({ title }) => title),
    ['isolated, icc off'],
  );
});
