import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { oddTable, strangers } from './trace-injections.ts';
import { type TraceAnswer, TraceLab, type TraceQuestion } from './trace-lab.ts';

/**
 * Packets that wait for longer than their rules are watched: web asks in vain who has db's address, since db does not hear
 * it, until somebody tells web by hand. Then what it has kept goes on.
 */

/** Milliseconds: each trace waits for the whole of it when nothing comes back. */
const timeout = 1600;
/** Where packets are never heard of again. */
const nobody = '198.51.100.9';
let lab: TraceLab;

before(async () => {
  lab = await TraceLab.start();
  await lab.host.outside.exec('ip', 'route', 'add', 'blackhole', nobody);
});

after(() => lab?.[Symbol.asyncDispose]());

const ways = {
  4: {
    address: '10.9.1.3',
    deaf: 'table arp deaf { chain c { type filter hook input priority 0; arp operation request drop; }; }',
    odd: (rule: string) => oddTable('inside $DB ', 'ip', 'filter hook input priority 0', rule),
  },
  6: {
    address: 'fd00:9:1::3',
    deaf: 'table ip6 deaf { chain c { type filter hook input priority 0; icmpv6 type nd-neighbor-solicit drop; }; }',
    odd: (rule: string) => oddTable('inside $DB ', 'ip6', 'filter hook input priority 0', rule),
  },
} as const;

/** Wait until rules have been watched in web, and are no longer; they are for a quarter of a second. */
const untilNobodyWatches = `seen() { inside $WEB nft list tables | grep -q packet-trace; }
  for _ in {1..200}; do if seen; then break; fi; sleep 0.005; done
  for _ in {1..200}; do if ! seen; then break; fi; sleep 0.005; done`;

/** Follow a packet that web keeps until its rules are watched no longer. */
async function traceLate(family: 4 | 6, rule?: string): Promise<TraceAnswer> {
  const { address, deaf, odd } = ways[family];
  const question: TraceQuestion = { from: 'web', to: family === 6 ? `[${address}]:80` : `${address}:80`, timeout };
  const injection = rule === undefined ? undefined : odd(rule);
  try {
    await lab.shell(`inside $DB nft '${deaf}'\n${injection?.inject ?? ''}\n${strangers}
      inside $WEB ip neigh flush dev eth0`);
    const told = lab.shell(
      `${untilNobodyWatches}\ninside $WEB ip neigh replace ${address} lladdr $DB_MAC nud permanent dev eth0`,
    );
    const [report] = await Promise.all([lab.trace(question), told]);
    return report;
  } finally {
    await lab.shell(`inside $DB nft flush table ${family === 6 ? 'ip6' : 'arp'} deaf
      inside $DB nft delete table ${family === 6 ? 'ip6' : 'arp'} deaf
      inside $WEB ip neigh del ${address} dev eth0\n${injection?.undo ?? ''}`);
  }
}

for (const family of [4, 6] as const) {
  test(`a packet that has waited is followed on, and it is said which rules were not watched, IPv${family}`, async () => {
    const report = await traceLate(family);
    assert.equal(report.verdict, 'delivered', JSON.stringify(report, undefined, 2));
    assert.equal(report.earlier, undefined);
    assert.equal(report.capabilities.rules, false);
    assert.match(report.capabilities.missing.join(), /rules that it met after nothing was seen of it for \d+ ms/);
    const atDb = report.hops.filter(({ place, role, event }) => `${place} ${role} ${event}` === 'db request received');
    assert.deepEqual(
      atDb.map(({ unwatched }) => unwatched),
      [true],
    );
  });

  test(`a rule that drops a packet which has waited is named, by a second one, IPv${family}`, async () => {
    const report = await traceLate(family, 'tcp dport 80 drop');
    assert.equal(report.cause?.code, 'foreign-rule', JSON.stringify(report, undefined, 2));
    assert.match(report.cause.text, /tcp dport 80 drop/);
    assert.equal(report.verdict, 'dropped');
    assert.deepEqual(report.earlier, { verdict: 'dropped', summary: 'dropped in db (eth0)' });
    assert.deepEqual(report.capabilities, { packets: true, rules: true, missing: [] });
    assert.ok(report.hops.every(({ unwatched }) => unwatched === undefined));
  });
}

test('what became of a packet that has waited stands beside that of the second one when they differ', async () => {
  // The first packet is not over these bytes, all others are.
  const report = await traceLate(4, 'tcp dport 80 quota until 50 bytes drop');
  assert.equal(report.verdict, 'delivered', JSON.stringify(report, undefined, 2));
  assert.deepEqual(report.earlier, { verdict: 'dropped', summary: 'dropped in db (eth0)' });
});

test('a connection that sends its first packet again and again is not tried a second time', async () => {
  const report = await lab.trace({ from: 'web', to: `${nobody}:80`, connect: true, timeout });
  assert.equal(report.verdict, 'lost', JSON.stringify(report, undefined, 2));
  assert.equal(report.earlier, undefined);
  const sent = report.hops.filter(({ place, event }) => `${place} ${event}` === 'web sent');
  assert.deepEqual(
    sent.map(({ unwatched }) => unwatched),
    [undefined, true],
  );
});

test('tables are gone while a trace still waits, and nothing is left of it afterwards', async () => {
  const tables = () => lab.shell('nft list tables; inside $WEB nft list tables');
  let isOver = false;
  const waits = lab.trace({ from: 'web', to: `${nobody}:80`, timeout: 3000 }).finally(() => {
    isOver = true;
  });
  let seen = '';
  do seen += await tables();
  while (!seen.includes('packet-trace') && !isOver);
  while ((await tables()).includes('packet-trace'));
  assert.equal(isOver, false, 'it still waits');
  const { verdict, capabilities, cause } = await waits;
  assert.equal(verdict, 'lost');
  assert.equal(cause?.code, 'no-answer-from-outside');
  assert.deepEqual(capabilities, { packets: true, rules: true, missing: [] }, 'nothing came late');
  assert.doesNotMatch(await tables(), /packet-trace/);
});
