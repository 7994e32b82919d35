import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { EngineHost } from '../e2e/engine-host.ts';
import { kernelState, settled } from '../e2e/kernel-state.ts';
import { type Operation, operations, type Shape } from './api-description.ts';

/**
 * Requests made up from the description of the API, most of them wrong somewhere: none is answered as a fault of the
 * engine, the daemon goes on, and what they made can be taken away to the last rule.
 */

const REQUESTS = 4000;
const AT_ONCE = 16;
/** Milliseconds after which the client of an answer that does not end goes away. */
const PATIENCE = 700;

let engine: EngineHost;

before(async () => {
  engine = await EngineHost.start();
});

after(() => engine[Symbol.asyncDispose]());

/** Names that exist, or that others of these requests give. */
const names: Readonly<Record<string, readonly string[]>> = {
  container: ['web', 'idle', 'one', 'two', 'three'],
  network: ['app', 'net1', 'net2', 'bridge', 'host', 'none'],
  volume: ['data', 'vol1', 'vol2'],
  image: ['busybox', 'copy:1', 'scratch'],
  exec: ['none'],
  plugin: ['plug', 'own/plug:latest'],
};

const words = [
  ...Object.values(names).flat(),
  ...['', ' ', 'default', 'local', 'null', 'macvlan', 'overlay', 'container:web', 'service:x', 'private', 'shareable'],
  ...[
    '10.210.0.0/24',
    '10.210.0.0/33',
    '10.210.0.7',
    '0.0.0.0',
    '127.0.0.1',
    'fd00:210::/64',
    'fd00:210::7',
    '::',
    'ff02::1',
  ],
  ...['80', '80/tcp', '8000-8010/udp', '70000/tcp', '5000/sctp', '0', '-1', '1.5', '1e9', '18446744073709551616'],
  ...[
    '/data',
    '/etc',
    '/',
    'relative',
    '../..',
    '/proc/1',
    '/dev/null',
    'data:/x',
    'data:/x:ro',
    '/tmp:/x:z',
    'a:b:c:d',
  ],
  ...['02:42:ac:11:00:02', 'zz:zz', 'A=B', 'A', '=B', 'true', 'false', 'sh', 'sleep', '1000', 'nobody', '0:0', '99999'],
  ...['always', 'unless-stopped', 'on-failure', 'no', 'SIGTERM', 'TERM', '9', '0x9', 'ALL', 'NET_ADMIN', 'CAP_NO'],
  ...['json-file', 'local', 'none', 'syslog', 'runc', 'rshared', 'bind', 'tmpfs', 'volume', 'npipe', 'nofile', 'rwm'],
  ...['{"name":["web"]}', '{"status":["running"]}', '{"label":["a=b"]}', '{"until":["1h"]}', '{"x":["y"]}', '{', '[]'],
  ...[
    'é',
    '💥',
    '\u0000',
    'x'.repeat(300),
    '%2e%2e',
    'UPPER/Case',
    'a b',
    'name:tag',
    'sha256:00',
    'next-exit',
    'removed',
    'constructor',
    '__proto__',
  ],
];

const text = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string() });
const integer = fc.oneof(
  fc.integer({ min: -2, max: 100 }),
  fc.constantFrom(2 ** 31, 2 ** 53, -(2 ** 63), 6_291_456, 1e30),
);
const anything = fc.oneof(
  text,
  integer,
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
  fc.constant([{}]),
);

/** Nine values in ten are of the kind that is wanted. */
function shaped(shape: Shape): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: fitting(shape) }, { weight: 1, arbitrary: anything });
}

function fitting(shape: Shape): fc.Arbitrary<unknown> {
  if (shape === 'text') return text;
  if (shape === 'integer') return integer;
  if (shape === 'truth') return fc.boolean();
  if ('list' in shape) return fc.array(shaped(shape.list), { maxLength: 3 });
  if ('map' in shape) return fc.dictionary(text, shaped(shape.map), { maxKeys: 2 });
  return fields(shape.fields);
}

/** Few fields at a time, so that a request with one mistake gets as far as that. */
function fields(shapes: Readonly<Record<string, Shape>>): fc.Arbitrary<unknown> {
  return fc
    .subarray(Object.keys(shapes), { maxLength: Math.min(3, Object.keys(shapes).length) })
    .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, shaped(shapes[key] ?? 'text')]))));
}

/** New containers get names that others of these requests ask for. */
const givenNames = fc.constantFrom(...(names['container'] ?? []));

interface Invented {
  readonly method: string;
  readonly target: string;
  readonly body: string | undefined;
}

function inventedRequest({ method, path, query = [], body }: Operation): fc.Arbitrary<Invented> {
  const parts = path.split(/[{}]/);
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...(names[parts[1] ?? ''] ?? ['x'])) },
    { weight: 1, arbitrary: text },
  );
  return fc.record({
    method: fc.constant(method),
    target: fc
      .tuple(
        fc.constantFrom('', '/v1.24', '/v1.41', '/v1.44', '/v1.51'),
        name,
        fc.subarray([...query]),
        fc.infiniteStream(path === '/containers/create' ? givenNames : text),
      )
      .map(([version, chosen, keys, values]) => {
        const place = parts.length === 1 ? path : `${parts[0]}${encodeURIComponent(chosen)}${parts[2] ?? ''}`;
        const pairs = keys.map((key) => `${key}=${encodeURIComponent(values.next().value)}`);
        return `${version}${place}?${pairs.join('&')}`;
      }),
    body:
      body === undefined
        ? fc.constant(undefined)
        : fc
            .tuple(shaped(body), fc.constantFrom('', '', '', '', '', '}', '\u0000'))
            .map(([value, rest]) => withImage(value, path) + rest),
  });
}

/** Most containers name an image that there is. */
function withImage(value: unknown, path: string): string {
  const needsImage =
    path === '/containers/create' && typeof value === 'object' && value !== null && !('Image' in value);
  return JSON.stringify(needsImage ? { Image: 'busybox', ...value } : value) ?? 'null';
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** What comes back until the answer ends or patience does. */
function send(socketPath: string, { method, target, body }: Invented): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  let answer: Answer = { status: undefined, text: '' };
  const call = request(
    { socketPath, method, path: target, headers, signal: AbortSignal.timeout(PATIENCE) },
    (response) => {
      const { statusCode: status } = response;
      answer = { status, text: '' };
      response.on('data', (piece: Buffer) => {
        answer = { status, text: (answer.text + String(piece)).slice(0, 1000) };
      });
    },
  );
  call.on('error', () => {});
  call.on('close', () => resolve(answer));
  call.end(body);
  return promise;
}

/** What dockerd, too, answers with 500. */
const dockersFaults = [
  /Container \S+ is not paused/,
  /is not connected to (the )?network/,
  /error gathering device information/,
  /unable to find (user|group) /,
  /name too long/,
  /is mounted on \S+ but it is not a shared/,
  /^.?OCI runtime|runc (did not terminate|create failed)|failed to write/,
  /no such host|dial tcp|getaddrinfo|connect E/,
  /failed to parse reference|canonical references are not|cannot use digest in plugin|failed to read from tar|no rootfs found/,
  // Of `Init`, where the machine has no such program.
  /docker-init\\": executable file not found/,
];

/** Remove everything that there is but the networks that are always there. */
async function clear({ daemon }: EngineHost): Promise<void> {
  const all = async (...command: string[]) =>
    (await daemon.docker(...command)).split('\n').filter((line) => line !== '');
  const containers = await all('ps', '-aq', '--no-trunc');
  if (containers.length > 0) await daemon.docker('rm', '-f', ...containers);
  const networks = await all('network', 'ls', '-q', '--no-trunc', '--filter', 'type=custom');
  if (networks.length > 0) await daemon.docker('network', 'rm', ...networks);
  const volumes = await all('volume', 'ls', '-q');
  if (volumes.length > 0) await daemon.docker('volume', 'rm', ...volumes);
}

test('no request that somebody could make up is answered as a fault of the engine', async (t) => {
  const { daemon, host } = engine;
  const idle = await kernelState(host);
  const seed = Number(process.env['FAIRLEAD_TEST_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`seed ${seed}`);
  await daemon.docker('network', 'create', 'app');
  await daemon.docker('run', '-d', '--name', 'web', '--network', 'app', '-v', 'data:/data', 'busybox', 'sleep', '1000');
  const pid = daemon.pid;
  const any = fc.oneof(...operations.map((one) => ({ weight: one.weight ?? 1, arbitrary: inventedRequest(one) })));
  const waiting = fc.sample(any, { numRuns: REQUESTS, seed });
  const faults: string[] = [];
  const statuses = new Map<number | undefined, number>();
  const client = async () => {
    for (let invented = waiting.pop(); invented !== undefined; invented = waiting.pop()) {
      const { status, text: said } = await send(daemon.socketPath, invented);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status !== 500 || dockersFaults.some((fault) => fault.test(said))) continue;
      faults.push(`${invented.method} ${invented.target} ${invented.body ?? ''}\n  ${said}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  t.diagnostic([...statuses].map(([status, count]) => `${status ?? 'gone'}: ${count}`).join(', '));
  assert.ok(daemon.running, daemon.log().slice(-4000));
  assert.deepEqual(faults, []);
  assert.equal(daemon.pid, pid);
  assert.doesNotMatch(daemon.log(), /request failed|unhandled rejection|answer broken off.*TypeError/);
  await clear(engine);
  await settled(host, idle, 'something is left over');
});
