import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseIpAddress, relayEndpoint } from '@fairlead/base';
import { type Relay, ResolverClient } from '@fairlead/dns';
import { deleteNamespace, enterNamespace, Kernel, namespacePath } from '@fairlead/kernel';

/**
 * What relays cost: setting 1,000 of them, one connection, bytes, and what a name has to wait meanwhile:
 * `node packages/resolver/bench/relay.ts`. Everything is inside one namespace, the "container" a server on 127.0.0.1.
 */
const serverPort = 8000;
const namespace = `fl-bench-relay-${process.pid}`;
/** Hands connections to ::1 to the relay, as the host's table does. */
const table = {
  family: 'inet',
  name: 'relay',
  sets: [],
  chains: [
    {
      name: 'relay',
      hook: { type: 'filter', hook: 'prerouting', priority: -80, policy: 'accept' },
      rules: [
        {
          statements: [
            { match: ['ip6 daddr'], with: { value: '::1' } },
            { match: ['meta l4proto'], with: { value: 'tcp' } },
            { tproxy: relayEndpoint },
            { verdict: 'accept' },
          ],
        },
      ],
    },
  ],
} as const;

/** Inside the namespace: `server`, or `client` that connects 1,000 times to each port and then sends a gigabyte. */
const role = process.argv[2];
if (role === 'server') serve();
else if (role === 'client') await measureConnections();
else await main();

function serve(): void {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (first: Uint8Array) => {
      if (first.length === 1) socket.end('x');
      else socket.resume().on('end', () => socket.end('x'));
    });
  });
  server.listen(serverPort, '127.0.0.1', () => process.stdout.write('ready\n'));
}

async function measureConnections(): Promise<void> {
  for (const [name, host, port] of [
    ['straight', '127.0.0.1', serverPort],
    ['relayed', '::1', 9000],
  ] as const) {
    const times: number[] = [];
    for (let count = 0; count < 1000; count++) {
      const start = performance.now();
      const socket = net.connect({ host, port });
      socket.write('x');
      await once(socket, 'data');
      times.push((performance.now() - start) * 1000);
      await once(socket.end(), 'close');
    }
    times.sort((one, other) => one - other);
    console.log(`${name}: connection with one answer, median ${Math.round(times[500] ?? 0)} µs`);
    const start = performance.now();
    await send(net.connect({ host, port }), 1024);
    console.log(`${name}: ${Math.round(1024 / ((performance.now() - start) / 1000))} MiB/s`);
  }
}

async function send(socket: net.Socket, mebibytes: number): Promise<void> {
  const chunk = new Uint8Array(1024 * 1024);
  const answered = once(socket, 'data');
  for (let count = 0; count < mebibytes; count++) if (!socket.write(chunk)) await once(socket, 'drain');
  socket.end();
  await answered;
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'fl-bench-relay-'));
  const socketPath = join(directory, 'control.sock');
  using kernel = new Kernel();
  await kernel.apply([
    { action: 'add', object: { kind: 'namespace', namespace } },
    { action: 'add', object: { kind: 'table', namespace, definition: table } },
  ]);
  const start = (script: string, ...more: string[]) =>
    enterNamespace(namespacePath(namespace), () =>
      spawn(process.execPath, [script, ...more], { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
  const resolver = start(join(import.meta.dirname, '../src/main.ts'), '--socket', socketPath);
  const server = start(import.meta.filename, 'server');
  try {
    await once(server.stdout, 'data');
    await using control = await ResolverClient.connectOrStart(socketPath, () => {});
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await measureSetting(control);
    await control.call('setRelays', { owner: 'bench', relays: [relay(9000, 9000)] });
    const waits = watch(control);
    const client = start(import.meta.filename, 'client');
    client.stdout.pipe(process.stdout);
    await once(client, 'exit');
    console.log(`meanwhile: control requests, ${waits()}`);
  } finally {
    server.kill();
    resolver.kill();
    deleteNamespace(namespace);
    rmSync(directory, { recursive: true });
  }
}

function relay(first: number, last: number): Relay {
  const containerAddress = parseIpAddress('127.0.0.1');
  return {
    protocol: 'tcp',
    hostAddress: parseIpAddress('::'),
    first,
    last,
    containerAddress,
    containerFirst: serverPort,
  };
}

async function measureSetting(control: ResolverClient): Promise<void> {
  const singles = Array.from({ length: 1000 }, (_, index) => relay(9000 + index, 9000 + index));
  for (const [name, relays] of [
    ['1,000 relays', singles],
    ['1,000 relays again', singles],
    ['none', []],
    ['a range of 1,000', [relay(9000, 9999)]],
  ] as const) {
    const start = performance.now();
    await control.call('setRelays', { owner: 'bench', relays });
    console.log(`set ${name}: ${(performance.now() - start).toFixed(1)} ms`);
  }
}

/** How long the process takes to answer anything, asked every 5 ms. */
function watch(control: ResolverClient): () => string {
  const times: number[] = [];
  const timer = setInterval(async () => {
    const start = performance.now();
    await control.call('ping', {});
    times.push(performance.now() - start);
  }, 5);
  return () => {
    clearInterval(timer);
    times.sort((one, other) => one - other);
    const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
    return `median ${at(0.5)} ms, p99 ${at(0.99)} ms`;
  };
}
