import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Rig } from '../testing/rig.ts';

const P = 'com.docker.network.';

async function joined(context: TestContext, options: Record<string, string>) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app', ipv6: true, options });
  const sandbox = await rig.sandbox('web');
  const endpoint = await rig.join(sandbox, network);
  const line = [endpoint.ipv4, endpoint.ipv6].map((address) => `fl-web eth0 ${address}`);
  return { rig, sandbox, endpoint, line };
}

test('a new endpoint is announced three times, a second apart', async (context) => {
  const { rig, line } = await joined(context, {});
  using _ = rig;
  assert.deepEqual(rig.kernel.announced, []);
  context.mock.timers.tick(100);
  assert.deepEqual(rig.kernel.announced, line);
  for (let second = 0; second < 9; second++) context.mock.timers.tick(1000);
  assert.deepEqual(rig.kernel.announced, [...line, ...line, ...line]);
});

test('a network says how often, and whether at all', async (context) => {
  const { rig, line } = await joined(context, { [`${P}advertise_addr_nmsgs`]: '2', [`${P}advertise_addr_ms`]: '100' });
  using _ = rig;
  for (let step = 0; step < 9; step++) context.mock.timers.tick(100);
  assert.deepEqual(rig.kernel.announced, [...line, ...line]);
  const silent = await rig.controller.createNetwork({ name: 'silent', options: { [`${P}advertise_addr_nmsgs`]: '0' } });
  await rig.join(await rig.sandbox('other'), silent);
  for (let step = 0; step < 9; step++) context.mock.timers.tick(100);
  assert.equal(rig.kernel.announced.length, 4);
});

for (const how of ['leave', 'close'] as const) {
  test(`nothing is announced of an endpoint that is gone: ${how}`, async (context) => {
    const { rig, sandbox, endpoint, line } = await joined(context, {});
    using _ = rig;
    context.mock.timers.tick(100);
    if (how === 'leave') await rig.controller.leave(endpoint);
    else await rig.controller.closeSandbox(sandbox.id);
    for (let second = 0; second < 9; second++) context.mock.timers.tick(1000);
    assert.deepEqual(rig.kernel.announced, line);
  });
}

test('a network with options about it that cannot be is refused', async () => {
  using rig = await Rig.started();
  const options = { [`${P}advertise_addr_ms`]: '1' };
  const message = `${P}advertise_addr_ms must be in the range 100 to 2000`;
  await assert.rejects(rig.controller.createNetwork({ name: 'app', options }), { code: 'invalid-argument', message });
});
