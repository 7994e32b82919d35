import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { type Family, nameServerAddress } from '@fairlead/base';
import { formatTable } from '@fairlead/netlink';
import { dnsTables } from './dns-table.ts';

const NAMESPACE = `fl-test-names-${process.pid}`;
const enter = `--net=/run/netns/${NAMESPACE}`;
/** The name service of before, and the one that came after it ended. */
const services = [
  { udpPort: 40053, tcpPort: 40054, ipv6: { udpPort: 40055, tcpPort: 40056 } },
  { udpPort: 40063, tcpPort: 40064, ipv6: { udpPort: 40065, tcpPort: 40066 } },
] as const;
type Service = (typeof services)[number];

/** Asks over UDP, unconnected and connected, and over TCP, while the container has a socket of its own at port 53. */
const exchange = (family: Family, { udpPort, tcpPort }: Service | Service['ipv6']) => `
const at = '${nameServerAddress[family]}', own53 = '${family === 4 ? '127.0.0.1' : '::1'}', type = 'udp${family}';
const net = require('net'), dgram = require('dgram');
const udpServer = dgram.createSocket(type), tcpServer = net.createServer((c) => c.pipe(c));
udpServer.on('message', (m, from) => udpServer.send('udp ' + m, from.port, from.address));
const own = dgram.createSocket(type);
const ask = (connected) => new Promise((resolve) => {
  const s = dgram.createSocket(type);
  s.on('message', (m, from) => { resolve([m, from.address, from.port].join(' ')); s.close(); });
  if (connected) s.connect(53, at, () => s.send('hello')); else s.send('hello', 53, at);
});
const askTcp = () => new Promise((resolve) => {
  const c = net.connect(53, at, () => c.end('x'.repeat(100000)));
  let length = 0; c.on('data', (d) => { length += d.length; }); c.on('end', () => resolve('tcp ' + length));
});
udpServer.bind(${udpPort}, at, () => tcpServer.listen(${tcpPort}, at, () => own.bind(53, own53, async () => {
  console.log(JSON.stringify([await ask(false), await ask(true), await askTcp()]));
  process.exit();
})));`;

function run(...command: string[]): string {
  return execFileSync('nsenter', [enter, ...command], { encoding: 'utf8' });
}

/** As the engine does it: in the place of what there was, at once. */
function lead(to: Service, ingress: boolean): void {
  const tables = dnsTables(to, { ingress });
  const places = tables.map(({ family, name }) => `${family} ${name}`);
  const emptied = places.map((place) => `table ${place}\ndelete table ${place}\n`);
  run('nft', `${emptied.join('')}${tables.map(formatTable).join('')}`);
}

function remove(): void {
  if (execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(NAMESPACE)) {
    execFileSync('ip', ['netns', 'delete', NAMESPACE]);
  }
}

async function converse(family: Family, service: Service): Promise<string> {
  const script = exchange(family, family === 4 ? service : service.ipv6);
  const child = spawn('nsenter', [enter, 'timeout', '5', process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let answer = '';
  child.stdout.on('data', (piece: Buffer) => {
    answer += piece;
  });
  await once(child, 'close');
  return answer.trim();
}

function expected(family: Family): string {
  const answer = `udp hello ${nameServerAddress[family]} 53`;
  return JSON.stringify([answer, answer, 'tcp 100000']);
}

/** A container that drops what belongs to no flow, and counts what its tracker makes of answers. */
const strict = (service: Service) => {
  const from = [
    `ip saddr ${nameServerAddress[4]} udp sport ${service.udpPort}`,
    `ip saddr ${nameServerAddress[4]} tcp sport ${service.tcpPort}`,
    `ip6 saddr ${nameServerAddress[6]} udp sport ${service.ipv6.udpPort}`,
    `ip6 saddr ${nameServerAddress[6]} tcp sport ${service.ipv6.tcpPort}`,
  ];
  const answers = ['ip', 'ip', 'ip6', 'ip6'].map(
    (ip, index) => `${ip} saddr ${nameServerAddress[ip === 'ip' ? 4 : 6]} ${index % 2 ? 'tcp' : 'udp'} sport 53`,
  );
  return `table inet strict {
  chain in { type filter hook input priority 0; policy drop;
${answers.map((answer) => `    ${answer} ct state established ct direction reply counter accept\n`).join('')}
    ${from.map((text) => `${text} counter drop`).join('\n    ')}
    ct state established accept
    ct state new accept
    ct state invalid counter drop
  }
  chain out { type nat hook output priority -100; tcp dport 9 dnat ip to 127.0.0.1:9
  }
}
`;
};

for (const ingress of [true, false]) {
  describe(`answers rewritten ${ingress ? 'where they come in' : 'where they go out'}`, () => {
    const [first, second] = services;

    before(() => {
      remove();
      execFileSync('ip', ['netns', 'add', NAMESPACE]);
      run('ip', 'link', 'set', 'lo', 'up');
      run('ip', 'address', 'add', `${nameServerAddress[6]}/128`, 'dev', 'lo');
      lead(first, ingress);
    });
    after(remove);

    for (const family of [4, 6] as const) {
      test(`port 53 leads to the name service over UDP and TCP, and answers seem to come from there, by IPv${family}`, async () => {
        assert.equal(await converse(family, first), expected(family));
      });
    }

    test('the sandbox tracks no connections for it', () => {
      assert.equal(run('conntrack', '-C').trim(), '0');
    });

    test('a container that tracks connections and drops what belongs to none can ask for names, each question one flow', async () => {
      run('nft', strict(first));
      for (const family of [4, 6] as const) assert.equal(await converse(family, first), expected(family));
      const listed = run('nft', 'list', 'table', 'inet', 'strict');
      assert.match(listed, /invalid counter packets 0 /);
      assert.equal(listed.match(/sport 53 ct state established ct direction reply counter packets [1-9]/g)?.length, 4);
      assert.equal(listed.match(/sport 4\d+ counter packets 0 /g)?.length, 4);
      const flows = ['ipv4', 'ipv6'].flatMap((family) => run('conntrack', '-L', '-f', family).trim().split('\n'));
      const ports = [first, first.ipv6].flatMap(({ udpPort, tcpPort }) => [udpPort, tcpPort]);
      // Two questions over UDP and one over TCP, in each family, none of them seen with port 53.
      assert.deepEqual(
        ports.map((port) => flows.filter((flow) => flow.includes(` dport=${port} `)).length),
        [2, 1, 2, 1],
      );
      assert.deepEqual(
        flows.filter((flow) => flow.includes('port=53 ') || flow.includes('[UNREPLIED]')),
        [],
      );
      run('nft', 'delete', 'table', 'inet', 'strict');
    });

    test('the name service that comes after it answers in its place', async () => {
      lead(second, ingress);
      for (const family of [4, 6] as const) assert.equal(await converse(family, second), expected(family));
    });
  });
}

test('a sandbox with both, as an older engine has left it, answers as well', async () => {
  execFileSync('ip', ['netns', 'add', NAMESPACE]);
  try {
    const [service] = services;
    run('ip', 'link', 'set', 'lo', 'up');
    run('ip', 'address', 'add', `${nameServerAddress[6]}/128`, 'dev', 'lo');
    const [answers] = dnsTables(service, { ingress: true });
    assert.equal(answers?.family, 'netdev');
    for (const table of [answers, ...dnsTables(service, { ingress: false })]) run('nft', formatTable(table));
    for (const family of [4, 6] as const) assert.equal(await converse(family, service), expected(family));
  } finally {
    remove();
  }
});
