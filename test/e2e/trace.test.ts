import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import { attachToControlGroup } from '@fairlead/kernel/testing';
import { childrenOf } from '@fairlead/lab';
import { eventually, eventuallyEqual } from './life-rig.ts';
import { faults } from './trace-faults.ts';
import { groupFaults } from './trace-group-faults.ts';
import { healthyCases } from './trace-healthy.ts';
import { type TraceAnswer, TraceLab } from './trace-lab.ts';

/** `fairlead trace` on a host on which things are broken with the tools that people break them with. */

const fairlead = resolve(import.meta.dirname, '../../fairlead');
/** Where packets are never heard of again. */
const nobody = '198.51.100.9';
let lab: TraceLab;

before(async () => {
  lab = await TraceLab.start();
  await lab.host.outside.exec('ip', 'route', 'add', 'blackhole', nobody);
});

after(() => lab?.[Symbol.asyncDispose]());

/** Milliseconds to wait for an answer that does not come. */
const timeout = 300;

async function whileBroken<T>(
  { inject, undo }: { readonly inject?: string; readonly undo?: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    if (inject !== undefined) await lab.shell(inject);
    return await work();
  } finally {
    if (undo !== undefined) await lab.shell(undo);
  }
}

for (const fault of faults) {
  test(`the cause is found when ${fault.name}`, async () => {
    const report = await whileBroken(fault, () => lab.trace({ timeout, ...fault.trace }));
    assert.equal(report.cause?.code, fault.code, JSON.stringify(report, undefined, 2));
    assert.notEqual(report.verdict, 'delivered');
    assert.notEqual(report.verdict, 'unknown');
    if (fault.says !== undefined) assert.match(report.cause.text, fault.says);
    assert.ok(report.cause.evidence.length > 0, 'nothing is claimed without evidence');
  });
}

for (const fault of faults.filter(({ heals }) => heals !== undefined)) {
  test(`the fix that is offered helps, and can be undone, when ${fault.name}`, async () => {
    const [report, again] = await whileBroken(fault, async () => {
      const healed = await lab.trace({ timeout, ...fault.trace, apply: fault.heals });
      const rules = await lab.shell('nft -s list ruleset');
      await lab.shell('$FAIRLEAD explain --undo >/tmp/undo; grep -q . /tmp/undo; sh -e /tmp/undo');
      assert.doesNotMatch(await lab.shell('nft -s list ruleset'), /tried by fairlead trace/, rules);
      return [healed, await lab.trace({ timeout, ...fault.trace })] as const;
    });
    assert.equal(again.cause?.code, fault.code, 'it is as it was');
    assert.equal(report.verdict, 'delivered', JSON.stringify(report, undefined, 2));
    assert.match(report.applied?.before ?? '', /dropped|sent|seen|leave|refused|no address/);
    assert.ok(report.applied?.undo.length);
    assert.match(await lab.lastTranscript(`trace fix: ${report.applied.text}`), /insert rule|sysctl|\bip\b|\bbridge\b/);
  });
}

test('a fix that there is not, or that only a person can do, is refused', async () => {
  await assert.rejects(lab.trace({ from: 'web', to: 'db:80', apply: 1 }), /there is no fix 1/);
  await assert.rejects(lab.trace({ from: 'web', to: 'far:80', apply: 1 }), /only a person can do this/);
});

for (const healthy of healthyCases) {
  test(`there is no false alarm: ${healthy.name}`, async () => {
    const report = await whileBroken(healthy, () => lab.trace({ timeout, ...healthy.trace }));
    assert.equal(report.verdict, 'delivered', JSON.stringify(report, undefined, 2));
    assert.equal(report.cause, undefined);
  });
}

/** The control group of a container's processes, which have other numbers inside of the lab's host. */
async function groupOf(container: string): Promise<string> {
  const pid = await lab.daemon.docker('inspect', '-f', '{{.State.Pid}}', container);
  const text = readFileSync(lab.host.pathOf(`/proc/${pid.trim()}/cgroup`), 'utf8');
  const group = /^0::(.*)$/m.exec(text)?.[1] ?? '';
  assert.match(group, /[0-9a-f]{64}/, 'a group of the container alone');
  return group;
}

for (const { name, hook, of, trace, says } of groupFaults) {
  test(`the cause is found when a program of a control group ${name}`, async () => {
    const group = await groupOf(of);
    using _program = attachToControlGroup(group, { hook, name: 'sd_fw_test' });
    const { cause, verdict } = await lab.trace({ timeout, ...trace });
    assert.equal(cause?.code, 'cgroup-program', JSON.stringify(cause));
    assert.equal(verdict, 'dropped');
    assert.match(cause.text, says);
    assert.match(cause.text, /By its name it is of systemd/);
    assert.match(cause.evidence.join('\n'), new RegExp(`bpf: ${hook} of ${group}: id \\d+, sd_fw_test`));
    if (hook.endsWith('gress')) assert.match(cause.evidence.join('\n'), /asked about this very packet, refuses it/);
  });
}

test('the doctor names a program of a control group, and whom it hits', async () => {
  using _program = attachToControlGroup(await groupOf('far'), { hook: 'cgroup_inet_egress', name: 'deny' });
  const { findings } = await lab.examine();
  const found = findings.filter(({ code }) => code === 'cgroup-program');
  assert.deepEqual([...new Set(found.flatMap(({ affects }) => affects))], ['far'], JSON.stringify(findings));
});

test('a program of a control group that lets everything pass is no cause', async () => {
  const group = await groupOf('web');
  using _egress = attachToControlGroup(group, { hook: 'cgroup_inet_egress', name: 'count', allows: true });
  using _connect = attachToControlGroup(group, { hook: 'cgroup_inet4_connect', name: 'look', allows: true });
  for (const question of [{ to: 'db:80' }, { to: 'db:80', connect: true }, { to: '192.0.2.1' }]) {
    const { verdict, cause } = await lab.trace({ timeout, from: 'web', ...question });
    assert.deepEqual([verdict, cause], ['delivered', undefined]);
  }
  const { cause } = await lab.trace({ timeout, from: 'web', to: 'db:81' });
  assert.equal(cause?.code, 'nobody-listens');
});

test('a trace shows what was rewritten on the way, and by which rule', async () => {
  const report = await lab.trace({ from: 'outside', to: 'db:80' });
  const { hops } = report;
  const rewrite = hops.flatMap(({ rewrites }) => rewrites).find(({ field }) => field === 'destination');
  assert.deepEqual(rewrite, { field: 'destination', from: '192.0.2.2:8080', to: '10.9.1.3:80' });
  const rules = hops.flatMap((hop) => hop.rules);
  const isTold = rules.some(({ owner, text }) => owner === 'fairlead' && text.startsWith('dnat ip to'));
  assert.ok(isTold, JSON.stringify(report, undefined, 2));
});

/** How many programs of the daemon's are attached. */
function attached(): Promise<string> {
  return lab.shell('grep -l "^link_type" /proc/$(cat /run/fairlead.pid)/fdinfo/* | wc -l');
}

test('nothing is left of a trace: no table, no program that is attached', async () => {
  const rulesets = async () => {
    const namespaces = ['', 'inside $WEB ', 'inside $DB '];
    return (await Promise.all(namespaces.map((where) => lab.shell(`${where}nft list tables`)))).join('---\n');
  };
  const before = [await rulesets(), await attached()];
  await lab.trace({ from: 'web', to: 'db:80' });
  await eventuallyEqual(rulesets, before[0]);
  assert.equal(await attached(), before[1]);
});

test('the tables of a trace are nobody else’s to change, and go with the daemon when it is killed', async () => {
  // One after the other, for tables are there for a short time only.
  const question = { from: 'web', to: '10.9.1.99:80', timeout: 200 };
  let isAlive = true;
  const traces = (async () => {
    while (isAlive) await lab.trace(question).catch(() => undefined);
  })();
  const remove = String.raw`table=$(nft list tables | sed -n 's/^table inet \(packet-trace-.*\)/\1/p' | head -n1)
    test -z "$table" || nft delete table inet $table`;
  await eventually('a table is refused', () =>
    lab.shell(remove).then(
      () => false,
      (error: unknown) => /Operation not permitted/.test(String(error)),
    ),
  );
  await lab.daemon.kill9();
  isAlive = false;
  await traces;
  assert.doesNotMatch(await lab.shell('nft list tables'), /packet-trace/);
  await lab.daemon.restart();
  const { verdict } = await lab.trace({ from: 'web', to: 'db:80' });
  assert.equal(verdict, 'delivered');
});

interface News {
  readonly probe?: { readonly mode: string };
  readonly hop?: TraceAnswer['hops'][number];
  readonly report?: TraceAnswer;
}

/** The lines of a trace that is told as it goes on. */
function news(question: object): AsyncIterable<News> {
  const client = new ApiClient(`unix://${lab.daemon.socketPath}`);
  return client.lines<News>('POST', '/fairlead/traces', { query: { live: '1' }, body: question });
}

test('a trace is told hop by hop, and its last line is the report', async () => {
  const told = await Array.fromAsync(news({ from: 'web', to: 'db:80' }));
  const [first, ...rest] = told;
  const report = told.at(-1)?.report;
  assert.equal(first?.probe?.mode, 'half-open');
  assert.equal(report?.verdict, 'delivered');
  const hops = rest.slice(0, -1).map(({ hop }) => hop);
  const place = (hop: News['hop']) => `${hop?.place} ${hop?.device} ${hop?.event} ${hop?.role}`;
  assert.deepEqual(hops.map(place).sort(), report.hops.map(place).sort());
});

test('hops are told while the packet is still waited for', async () => {
  const idle = await attached();
  for await (const { hop, report } of news({ from: 'web', to: `${nobody}:80`, timeout: 4000 })) {
    assert.equal(report, undefined);
    if (hop?.place !== 'web') continue;
    assert.notEqual(await attached(), idle, 'it is still under way');
    break;
  }
});

test('a question without sense is refused before a line is told', async () => {
  await assert.rejects(Array.fromAsync(news({ from: 'nobody', to: 'db:80' })), { code: 'not-found' });
});

test('what was found out about the kernel is kept for the next daemon', async () => {
  await lab.trace({ from: 'web', to: 'db:80' });
  const kept = JSON.parse(readFileSync(join(lab.host.folder, 'data', 'kernel-layout.json'), 'utf8'));
  assert.equal(kept.schema, 'fairlead.kernel-layout/4');
});

async function command(...words: string[]) {
  return lab.host.run([fairlead, 'trace', ...words], { env: { DOCKER_HOST: lab.daemon.address } });
}

test('the command says in its exit code what became of the packet', async () => {
  const codes: [words: string[], code: number][] = [
    [['web', 'db:80'], 0],
    [['web', 'db:81'], 2],
    [['web', '10.9.2.2:80'], 3],
    [['web', `${nobody}:80`, '--timeout', '100'], 4],
    [['web', 'no:such:place'], 1],
    [['nobody', 'db:80'], 1],
    [['web', 'db:80', '--icmp'], 1],
  ];
  for (const [words, code] of codes) {
    const finished = await command(...words);
    assert.equal(finished.code, code, `${words.join(' ')}\n${finished.stdout}${finished.stderr}`);
  }
});

test('the command tells a trace as it goes on', async () => {
  const { code, stdout } = await command('web', 'db:80', '--live');
  const lines: News[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(code, 0);
  assert.ok(lines[0]?.probe && lines[1]?.hop && lines.at(-1)?.report);
});

test('the command shows hops, the rule, the cause and fixes', async () => {
  const { stdout } = await whileBroken(
    { inject: 'iptables-nft -P FORWARD DROP', undo: 'nft delete table ip filter' },
    () => command('web', '192.0.2.1'),
  );
  assert.match(stdout, /^web → outside +icmp · IPv4 · echo request$/m);
  assert.match(stdout, /iptables: ip filter FORWARD {2}policy drop/);
  assert.match(stdout, /^WHY .*iptables/m);
  assert.match(stdout, /^FIX 1 /m);
  assert.match(stdout, /nft 'insert rule ip filter FORWARD iifname "br-\w+" accept comment "tried by fairlead trace"'/);
});

test('the command asks before it tries a fix, and tries none where nobody can be asked', async () => {
  const tables = () => lab.shell('nft list ruleset');
  const atTerminal = (answer: string, ...words: string[]) => {
    const line = [fairlead, 'trace', 'web', '192.0.2.1', '--apply', '1', ...words].join(' ');
    const env = { DOCKER_HOST: lab.daemon.address };
    return lab.host.run(['script', '-qec', line, '/dev/null'], { env, input: `${answer}\n` });
  };
  await whileBroken({ inject: 'iptables-nft -P FORWARD DROP', undo: 'nft delete table ip filter' }, async () => {
    const refused = await command('web', '192.0.2.1', '--apply', '1');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /nobody can be asked here: say --yes as well/);
    const declined = await atTerminal('n');
    assert.equal(declined.code, 3, declined.stdout);
    assert.match(declined.stdout, /This would be done:\r?\n {2}nft 'insert rule ip filter FORWARD/);
    assert.doesNotMatch(await tables(), /tried by fairlead trace/);
    const agreed = await atTerminal('y');
    assert.equal(agreed.code, 0, agreed.stdout);
    assert.match(agreed.stdout, /^before: dropped[\s\S]*delivered/m);
    assert.match(await tables(), /tried by fairlead trace/);
  });
  await whileBroken({ inject: 'iptables-nft -P FORWARD DROP', undo: 'nft delete table ip filter' }, async () => {
    const { code, stdout } = await command('web', '192.0.2.1', '--apply', '1', '--yes');
    assert.equal(code, 0, stdout);
  });
});

const modulePath = (path: string) => JSON.stringify(resolve(import.meta.dirname, '../../packages/trace/src', path));

/** Trace from a process of its own in the host, as if its kernel had no eBPF. */
async function traceByRules(to: string): Promise<TraceAnswer> {
  const container = (name: string, ipv4: string) => {
    const attachments = [{ network: 'app', ipv4, interface: 'eth0' }];
    return { name, id: name, namespace: `fl-${name}`, attachments, publications: [] };
  };
  const directory = { containers: [container('web', '10.9.1.2'), container('db', '10.9.1.3')], networks: [] };
  const script = `
    import { tracePacket } from ${modulePath('index.ts')};
    import { Watch } from ${modulePath('collect/watch.ts')};
    using watch = new Watch({ withoutPrograms: true });
    const report = await tracePacket({ from: 'web', to: ${JSON.stringify(to)} }, ${JSON.stringify(directory)}, { watch });
    process.stdout.write(JSON.stringify(report));`;
  const { stdout, stderr } = await lab.host.run([process.execPath, '--input-type=module', '-e', script]);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

test('without eBPF the rules still tell where it went, and the report says what was missing', async () => {
  const delivered = await traceByRules('10.9.1.3:80');
  assert.equal(delivered.verdict, 'delivered', JSON.stringify(delivered, undefined, 2));
  assert.match(delivered.capabilities.missing.join(), /could not be watched/);
  const refused = await traceByRules('10.9.1.3:81');
  assert.equal(refused.verdict, 'refused');
  assert.equal(refused.cause?.code, 'nobody-listens');
  const policy = { inject: 'iptables-nft -P FORWARD DROP', undo: 'nft delete table ip filter' };
  const dropped = await whileBroken(policy, () => traceByRules('192.0.2.1:9'));
  assert.equal(dropped.cause?.code, 'foreign-policy', JSON.stringify(dropped, undefined, 2));
});

test('drops are shown as they happen, with the names of containers and the rule', async () => {
  const env = { DOCKER_HOST: lab.daemon.address };
  const radar = lab.host.start([fairlead, 'drops', '--json'], { env });
  let seen = '';
  const line = /^.*"from":"web".*"to":"far".*$/m;
  const found = Promise.withResolvers<void>();
  radar.stdout?.on('data', (piece: Buffer) => {
    seen += piece;
    if (line.test(seen)) found.resolve();
  });
  const alarm = setTimeout(() => found.reject(new Error(`not seen within 10 s: ${seen}`)), 10_000);
  try {
    await eventually('the radar is on', async () => /packet-trace-drops/.test(await lab.shell('nft list tables')));
    // One packet, and no other: the next one would come after a second.
    await lab.shell('inside $WEB timeout 0.5 bash -c "echo >/dev/tcp/10.9.2.2/80" || true');
    await found.promise;
  } finally {
    clearTimeout(alarm);
    for (const pid of childrenOf(radar.pid ?? 0)) process.kill(pid);
  }
  const { reason, place, protocol, rule, count } = JSON.parse(line.exec(seen)?.[0] ?? '{}');
  const expected = { reason: 'NETFILTER_DROP', place: 'host', protocol: 'tcp', count: 1 };
  assert.deepEqual({ reason, place, protocol, count }, expected);
  assert.equal(rule?.owner, 'fairlead', seen);
  assert.match(rule.text, /drop.*not published/);
  await eventually(
    'nothing is left of the radar',
    async () => !/packet-trace/.test(await lab.shell('nft list tables')),
  );
});

test('the packets of a trace are a file that tcpdump reads', async () => {
  const file = join(lab.host.folder, 'trace.pcapng');
  const env = { DOCKER_HOST: lab.daemon.address };
  const { code, stderr } = await lab.host.run([fairlead, 'trace', 'web', 'db:80', '--pcapng', file], { env });
  assert.equal(code, 0, stderr);
  const text = await lab.host.exec('tcpdump', '-nnr', file);
  const requests = text.match(/IP 10\.9\.1\.2\.\d+ > 10\.9\.1\.3\.80: Flags \[S\]/g) ?? [];
  assert.ok(requests.length >= 4, text);
  assert.match(readFileSync(file, 'utf8'), /hop 1, request, web eth0: sent/);
});

test('this kernel lets us see the packet and its rules', async () => {
  const report = await lab.trace({ from: 'web', to: 'db:80' });
  assert.deepEqual(report.capabilities, { packets: true, rules: true, missing: [] });
});
