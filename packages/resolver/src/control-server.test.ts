import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FairleadError, parseIpAddress, silentLogger } from '@fairlead/base';
import { PortError, ResolverClient } from '@fairlead/dns';
import { ControlServer, type Dispatch } from './control-server.ts';

function socketPath(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'fl-control-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'control.sock');
}

async function connected(context: TestContext, dispatch: Dispatch): Promise<ResolverClient> {
  const path = socketPath(context);
  const server = await ControlServer.listen(path, dispatch, silentLogger);
  const client = await ResolverClient.connect(path);
  context.after(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  return client;
}

test('calls arrive in order with their parameters, and results go to their callers', async (context) => {
  const calls: unknown[] = [];
  const client = await connected(context, (method, params) => {
    calls.push([method, params]);
    return { version: calls.length, pid: 1 };
  });
  const results = await Promise.all([client.call('ping', {}), client.call('ping', {}), client.call('ping', {})]);
  assert.deepEqual(
    results.map(({ version }) => version),
    [1, 2, 3],
  );
  await client.call('setNetwork', { id: 'n', name: 'Grüße' });
  assert.deepEqual(calls.at(-1), ['setNetwork', { id: 'n', name: 'Grüße' }]);
});

test('calls that are made in one go are written in one go', async (context) => {
  const client = await connected(context, () => ({ version: 1, pid: 1 }));
  const write = context.mock.method(Socket.prototype, 'write');
  const ofClient = () => write.mock.calls.filter(({ arguments: [data] }) => String(data).includes('"method"'));
  await Promise.all([client.call('ping', {}), client.call('ping', {}), client.call('ping', {})]);
  assert.equal(ofClient().length, 1);
  await client.call('ping', {});
  assert.equal(ofClient().length, 2);
});

test('an error keeps its code and message', async (context) => {
  const client = await connected(context, () => {
    throw new FairleadError('invalid-argument', 'no good');
  });
  await assert.rejects(client.call('ping', {}), {
    name: 'FairleadError',
    code: 'invalid-argument',
    message: 'no good',
  });
});

for (const [heldBy, message] of [
  ['c1', 'Bind for [::1]:80 failed: port is already allocated'],
  [undefined, 'failed to bind host port [::1]:80/tcp: address already in use'],
] as const) {
  test(`a port that ${heldBy ?? 'another process'} has is told in Docker's words`, async (context) => {
    const port = {
      errno: 'EADDRINUSE',
      protocol: 'tcp',
      address: parseIpAddress('::1'),
      port: 80,
      ...(heldBy && { heldBy }),
    } as const;
    const client = await connected(context, () => {
      throw new PortError(port);
    });
    await assert.rejects(client.call('reservePorts', { owner: 'o', ports: [] }), (error) => {
      assert.ok(error instanceof PortError);
      assert.equal(error.code, 'conflict');
      assert.equal(error.message, message);
      assert.deepEqual(error.port, port);
      return true;
    });
  });
}

test('a line that is no request is answered with an error and the next one is served', async (context) => {
  const client = await connected(context, (method) => (method === 'ping' ? { version: 1, pid: 1 } : assert.fail('no')));
  await assert.rejects(client.call('list', {}), { code: 'internal' });
  assert.deepEqual(await client.call('ping', {}), { version: 1, pid: 1 });
});

test('calls fail as unavailable when the connection is lost', async (context) => {
  const path = socketPath(context);
  const server = await ControlServer.listen(path, () => ({}), silentLogger);
  const client = await ResolverClient.connect(path);
  await server[Symbol.asyncDispose]();
  await client.closed;
  await assert.rejects(client.call('ping', {}), { code: 'unavailable' });
  await assert.rejects(ResolverClient.connect(path), { code: 'unavailable' });
});

test('what a dead process left is replaced, a living one is not', async (context) => {
  const path = socketPath(context);
  writeFileSync(path, '');
  const server = await ControlServer.listen(path, () => ({}), silentLogger);
  context.after(() => server[Symbol.asyncDispose]());
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await assert.rejects(
    ControlServer.listen(path, () => ({}), silentLogger),
    { code: 'conflict' },
  );
  await using client = await ResolverClient.connect(path);
  assert.deepEqual(await client.call('ping', {}), {});
});
