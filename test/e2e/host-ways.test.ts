import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { labAddresses } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { eventuallyEqual } from './life-rig.ts';
import { runWebServer } from './web-server.ts';

/** What the firewall knows of the host's ways out and addresses is what they are at each moment. */

let engine: EngineHost;
let wire: string;

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'served\n' });
  await engine.daemon.docker('network', 'create', '--ipv6', '--subnet', 'fd99::/64', 'app');
  await runWebServer(engine.daemon, 'web', '--network', 'app', '-p', '8080:80');
  const [route] = JSON.parse(await engine.host.exec('ip', '-j', 'route', 'get', labAddresses.outside.ipv4));
  wire = route.dev;
  const sizes = [1500, 1400, 1300].flatMap((mtu) => [
    `ip protocol tcp tcp option maxseg size ${mtu - 40} counter comment "${mtu}"`,
    `ip6 nexthdr tcp tcp option maxseg size ${mtu - 60} counter comment "${mtu}"`,
  ]);
  const hook = 'type filter hook input priority 0;';
  await engine.host.outside.exec('nft', `table inet seen { chain syn { ${hook}\n${sizes.join('\n')}\n}\n}`);
});

after(() => engine[Symbol.asyncDispose]());

/** Packets so far that told the outside how large the segments may be, by what they have room in. */
async function told(): Promise<ReadonlyMap<number, number>> {
  const listed = await engine.host.outside.exec('nft', 'list table inet seen');
  const sums = new Map<number, number>();
  for (const [, packets, mtu] of listed.matchAll(/packets (\d+) .*comment "(\d+)"/g))
    sums.set(Number(mtu), (sums.get(Number(mtu)) ?? 0) + Number(packets));
  return sums;
}

/** What both families are told when they ask for the published port. */
async function offered(): Promise<number[]> {
  const before = await told();
  for (const address of [labAddresses.host.ipv4, `[${labAddresses.host.ipv6}]`])
    await engine.host.outside.exec('curl', '-sgf', '--max-time', '5', `http://${address}:8080/index.html`);
  const after = await told();
  return [...after].flatMap(([mtu, count]) => Array<number>(count - (before.get(mtu) ?? 0)).fill(mtu));
}

async function resize(mtu: number): Promise<void> {
  await engine.host.exec('ip', 'link', 'set', wire, 'mtu', `${mtu}`);
}

/** What the table holds by itself, not what we think that it does. */
async function isFitting(): Promise<boolean> {
  return (await engine.host.exec('nft', 'list set inet fairlead fitted')).includes('elements');
}

test('segments fit a way out as soon as it is narrower than a bridge, and only then', async () => {
  assert.equal(await isFitting(), false);
  assert.deepEqual(await offered(), [1500, 1500]);
  await resize(1400);
  await eventuallyEqual(isFitting, true);
  assert.deepEqual(await offered(), [1400, 1400]);
  await resize(1500);
  await eventuallyEqual(isFitting, false);
});

test('a route for smaller packets counts as well', async () => {
  const { ipv4, ipv6 } = labAddresses.outside;
  for (const [family, address] of [
    ['-4', ipv4],
    ['-6', ipv6],
  ] as const)
    await engine.host.exec('ip', family, 'route', 'add', address, 'dev', wire, 'mtu', '1300');
  await eventuallyEqual(isFitting, true);
  assert.deepEqual(await offered(), [1300, 1300]);
  for (const [family, address] of [
    ['-4', ipv4],
    ['-6', ipv6],
  ] as const)
    await engine.host.exec('ip', family, 'route', 'del', address, 'dev', wire);
  await eventuallyEqual(isFitting, false);
});

test('what came while the daemon was dead is found when it starts, and what went', async () => {
  await engine.daemon.kill9();
  await resize(1400);
  await engine.daemon.restart();
  assert.equal(await isFitting(), true);
  assert.deepEqual(await offered(), [1400, 1400]);
  await engine.daemon.kill9();
  await resize(1500);
  await engine.daemon.restart();
  await eventuallyEqual(isFitting, false);
});

for (const [family, address] of [
  [4, '192.0.2.77'],
  [6, '2001:db8::77'],
] as const) {
  test(`an IPv${family} address of the host is known as long as it is there, and published ports answer on it`, async () => {
    const known = async (): Promise<readonly string[]> => {
      const listed = await engine.host.exec('nft', `list set inet fairlead host${family}`);
      return [...(listed.match(/[\d.a-f:]{7,}/g) ?? [])].sort();
    };
    const usual: readonly string[] = [labAddresses.host[`ipv${family}`]];
    assert.deepEqual(await known(), usual);
    const [prefix, ...options] = family === 4 ? ['24'] : ['64', 'nodad'];
    await engine.host.exec('ip', 'address', 'add', `${address}/${prefix}`, 'dev', wire, ...options);
    await eventuallyEqual(known, [...usual, address].sort());
    const url = `http://${family === 4 ? address : `[${address}]`}:8080/index.html`;
    assert.equal(await engine.host.outside.exec('curl', '-sgf', '--max-time', '5', url), 'served\n');
    await engine.daemon.kill9();
    await engine.host.exec('ip', 'address', 'del', `${address}/${prefix}`, 'dev', wire);
    await engine.daemon.restart();
    await eventuallyEqual(known, usual);
  });
}
