import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import { InjectedError, Life } from './testing/life.ts';
import { Rig } from './testing/rig.ts';
import { scenarioSettings, scenarios } from './testing/scenarios.ts';

for (const { name, kind, prepare, act } of scenarios) {
  test(`${name}: ${kind === 'builds up' ? 'a failure at any step takes everything back' : 'a failure at any step does not stop it'}`, async () => {
    let failures = 0;
    for (let step = 1, steps = 1; step <= steps; step++) {
      using rig = await Rig.started(scenarioSettings);
      await prepare(rig);
      const before = rig.snapshot();
      rig.become(new Life({ failAt: step }));
      const failure = await act(rig).then(
        () => undefined,
        (error: unknown) => error,
      );
      steps = rig.life.steps;
      if (failure !== undefined) failures++;
      assert.equal(failure === undefined || isInjected(failure), true, String(failure));
      if (failure !== undefined && kind === 'builds up') assert.equal(rig.snapshot(), before, `step ${step}`);
      await rig.controller.repair();
      rig.assertConsistent();
    }
    assert.ok(failures > 0);
  });
}

test('an object that the kernel will not remove does not keep the others', async () => {
  using rig = await Rig.started(scenarioSettings);
  const network = await rig.controller.createNetwork({ name: 'app' });
  const refused = (change: Change) => change.action === 'remove' && change.object.kind === 'link';
  const apply = rig.kernel.apply.bind(rig.kernel);
  rig.kernel.apply = async (changes) => {
    const at = changes.findIndex(refused);
    await apply(at < 0 ? changes : changes.slice(0, at));
    if (at >= 0) throw new Error('device or resource busy');
  };
  await assert.rejects(rig.controller.removeNetwork('app'), /device or resource busy/);
  rig.kernel.apply = apply;
  const left = rig.kernel.observe('').filter((object) => 'name' in object && object.name === network.bridge?.name);
  assert.equal(left.length, 1);
  assert.equal(rig.controller.networks().length, 3);
  assert.equal((await rig.controller.repair()).length, 1);
  rig.assertConsistent();
});

test('ports that cannot be had at the next gateway do not keep a container on a network', async () => {
  using rig = await Rig.started(scenarioSettings);
  const options = { 'com.docker.network.bridge.host_binding_ipv4': '127.0.0.1' };
  const first = await rig.controller.createNetwork({ name: 'a' });
  const second = await rig.controller.createNetwork({ name: 'b', options });
  const ports = [{ protocol: 'tcp', containerPort: 80, hostPorts: { first: 80, last: 80 } }] as const;
  const sandbox = await rig.sandbox('web', { ports });
  const endpoint = await rig.join(sandbox, second, { gatewayPriority: 1 });
  await rig.join(sandbox, first);
  rig.names.occupy('tcp', parseIpAddress('192.0.2.1'), 80);
  await rig.controller.leave(endpoint);
  assert.deepEqual(rig.controller.sandbox(sandbox.id)?.mappings, []);
  assert.match(
    rig.logged.join('\n'),
    /published ports lost with their gateway: driver failed .*address already in use/,
  );
  rig.names.vacate();
  await rig.controller.repair();
  assert.equal(rig.controller.sandbox(sandbox.id)?.mappings.length, 2, 'the next repair tries again');
  rig.assertConsistent();
});

/** The injected error, also as the cause of another one. */
function isInjected(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof InjectedError || error.message.includes('injected failure')) return true;
  return isInjected(error.cause);
}
