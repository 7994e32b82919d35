import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Watching, WatchingRig } from './watching-rig.ts';

/** Commands that show what goes on in the network: `fairlead flows`. */

let rig: WatchingRig;

before(async () => {
  rig = await WatchingRig.start(['--flow-history', '50']);
});

after(() => rig?.[Symbol.asyncDispose]());

/** What of a line of `fairlead flows --json` the tests look at. */
interface FlowAnswer {
  readonly from: { readonly kind: string; readonly name?: string };
  readonly to: { readonly kind: string; readonly name?: string; readonly port?: number };
  readonly asked?: { readonly address: string; readonly port: number };
  readonly seenAs?: { readonly address: string };
  readonly verdict: string;
  readonly reason?: string;
  readonly sent?: { readonly bytes: number };
  readonly received?: { readonly bytes: number };
}

function follow(): Watching {
  return rig.watch('flows', '--follow', '--json', '--since', '1h');
}

async function flowWith(flows: Watching, fits: (flow: FlowAnswer) => boolean): Promise<FlowAnswer> {
  return JSON.parse(
    await flows.until((line) => {
      const flow: FlowAnswer = JSON.parse(line);
      return flow.from !== undefined && fits(flow);
    }),
  );
}

async function list(...words: string[]): Promise<FlowAnswer[]> {
  const { code, stdout, stderr } = await rig.command('flows', '--json', ...words);
  assert.equal(code, 0, stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const text = (flow: FlowAnswer) => JSON.stringify(flow);

test('flows: a connection between two containers of one network is told with its names and its bytes', async () => {
  using flows = follow();
  for (const url of ['http://10.9.1.3/hostname', 'http://[fd00:9:1::3]/hostname']) {
    assert.ok(await rig.fetch('web', url));
  }
  const isOurs = ({ from, to }: FlowAnswer) => from.name === 'web' && to.name === 'db' && to.port === 80;
  const flow = await flowWith(flows, (candidate) => isOurs(candidate) && candidate.verdict === 'closed');
  assert.ok((flow.sent?.bytes ?? 0) > 100 && (flow.received?.bytes ?? 0) > 100, text(flow));
  await flowWith(flows, (other) => isOurs(other) && text(other).includes('fd00:9:1::3'));
});

test('flows: what nobody takes is refused, what a rule drops is dropped', async () => {
  using flows = follow();
  await rig.fetch('web', 'http://10.9.1.3:81/');
  const refused = await flowWith(flows, ({ to }) => to.port === 81);
  assert.equal(refused.verdict, 'refused', text(refused));
  await rig.fetch('web', 'http://10.9.2.2/');
  const dropped = await flowWith(flows, ({ to }) => to.name === 'far');
  assert.equal(dropped.verdict, 'dropped', text(dropped));
  assert.match(dropped.reason ?? '', /^NETFILTER_DROP in host$/);
});

test('flows: a published port and a masqueraded asker are told as both ends see them', async () => {
  using flows = follow();
  const { host } = rig.engine;
  for (const address of [host.addresses.host.ipv4, `[${host.addresses.host.ipv6}]`]) {
    await host.outside.exec('busybox', 'wget', '-qO-', `http://${address}:8080/hostname`);
    const bare = address.replace(/[[\]]/g, '');
    const flow = await flowWith(flows, ({ asked }) => asked?.address === bare);
    assert.deepEqual([flow.from.kind, flow.to.name, flow.to.port, flow.asked?.port], ['outside', 'db', 80, 8080]);
  }
  await rig.fetch('web', `http://${host.addresses.outside.ipv4}:99/`);
  const masked = await flowWith(flows, ({ from, to }) => from.name === 'web' && to.kind === 'outside');
  assert.equal(masked.seenAs?.address, host.addresses.host.ipv4, text(masked));
});

test('flows: those of a container that is gone keep its name, also when another one has its address', async () => {
  const { daemon } = rig.engine;
  const run = (name: string, script: string) =>
    daemon.docker(
      'run',
      '--rm',
      '--name',
      name,
      '--network',
      'app',
      '--ip',
      '10.9.1.77',
      'busybox',
      'sh',
      '-c',
      script,
    );
  await run('old', 'sleep 0.6; wget -qO- http://10.9.1.3/hostname; sleep 0.3');
  await run('new', 'sleep 0.6; wget -qO- http://10.9.1.3/passwd; sleep 0.3');
  for (const name of ['old', 'new']) {
    const flows = await list('--container', name, '--port', '80');
    assert.deepEqual(
      flows.map(({ from, to }) => [from.name, to.name]),
      [[name, 'db']],
    );
  }
  assert.deepEqual(await list('--container', 'nobody'), []);
});

test('flows: what was set in the host meanwhile is given back, also by the start after a kill', async () => {
  const { host, daemon } = rig.engine;
  const accounting = async () => (await host.exec('sysctl', '-n', 'net.netfilter.nf_conntrack_acct')).trim();
  assert.equal(await accounting(), '1');
  await daemon.kill9();
  assert.equal(await accounting(), '1');
  await daemon.restart();
  const tables = 'for n in /run/netns/*; do nsenter --net=$n nft list tables; done';
  await daemon.stop();
  assert.equal(await accounting(), '0');
  assert.doesNotMatch(await host.exec('bash', '-c', tables), /flow-watch/);
  await daemon.restart();
});
