import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { type Family, nameServerAddress } from '@fairlead/base';
import { formatTable } from '@fairlead/netlink';
import { dnsTable } from './dns-table.ts';

const NAMESPACE = `fl-test-names-${process.pid}`;
const enter = `--net=/run/netns/${NAMESPACE}`;
const ports = { udpPort: 40053, tcpPort: 40054 };

/** Asks over UDP, unconnected and connected, and over TCP, while the container has a socket of its own at port 53. */
const exchange = (family: Family) => `
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
udpServer.bind(${ports.udpPort}, at, () => tcpServer.listen(${ports.tcpPort}, at, () => own.bind(53, own53, async () => {
  console.log(JSON.stringify([await ask(false), await ask(true), await askTcp()]));
  process.exit();
})));`;

before(() => {
  remove();
  execFileSync('ip', ['netns', 'add', NAMESPACE]);
  execFileSync('nsenter', [enter, 'ip', 'link', 'set', 'lo', 'up']);
  execFileSync('nsenter', [enter, 'ip', 'address', 'add', `${nameServerAddress[6]}/128`, 'dev', 'lo']);
  for (const family of [4, 6] as const) execFileSync('nsenter', [enter, 'nft', formatTable(dnsTable(ports, family))]);
});

after(remove);

function remove(): void {
  if (execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(NAMESPACE)) {
    execFileSync('ip', ['netns', 'delete', NAMESPACE]);
  }
}

async function converse(family: Family): Promise<string> {
  const child = spawn('nsenter', [enter, 'timeout', '5', process.execPath, '-e', exchange(family)], {
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

for (const family of [4, 6] as const) {
  test(`port 53 leads to the name service over UDP and TCP, and answers seem to come from there, by IPv${family}`, async () => {
    assert.equal(await converse(family), expected(family));
  });
}

test('the sandbox tracks no connections for it', () => {
  const entries = execFileSync('nsenter', [enter, 'conntrack', '-C'], { encoding: 'utf8' });
  assert.equal(entries.trim(), '0');
});

test('a container that tracks connections and drops what belongs to none can still ask for names', async () => {
  const strict = `table inet strict { chain in { type filter hook input priority 0; policy drop; ct state established accept; ct state new accept; ct state invalid counter drop; }
chain out { type nat hook output priority -100; tcp dport 9 dnat ip to 127.0.0.1:9; } }
`;
  execFileSync('nsenter', [enter, 'nft', strict.replaceAll('; }', ';\n}\n')]);
  assert.equal(await converse(4), expected(4));
  assert.equal(await converse(6), expected(6));
  assert.match(
    execFileSync('nsenter', [enter, 'nft', 'list', 'table', 'inet', 'strict'], { encoding: 'utf8' }),
    /invalid counter packets 0 /,
  );
});
