import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Life } from './testing/life.ts';
import { Rig } from './testing/rig.ts';
import { refusal, type Scenario, scenarioSettings, scenarios } from './testing/scenarios.ts';

/** Let an operation run to its end, or to the step at which the engine dies. */
async function actUntil({ prepare, act }: Scenario, rig: Rig, dieAt: number): Promise<{ readonly died: boolean }> {
  await prepare(rig);
  rig.become(new Life({ dieAt }));
  await Promise.race([act(rig), rig.life.end]);
  return { died: rig.life.dead };
}

for (const scenario of [...scenarios, refusal]) {
  test(`${scenario.name}: an engine that dies at any step is followed by one that completes or undoes it`, async () => {
    let step = 0;
    for (let died = true; died; ) {
      step++;
      using rig = await Rig.started(scenarioSettings);
      ({ died } = await actUntil(scenario, rig, step));
      await rig.boot(new Life());
      rig.assertConsistent();
      assert.deepEqual(
        rig.logged.filter((line) => scenario.tells?.test(line) !== true),
        [],
      );
      assert.deepEqual(await rig.controller.repair(), [], 'one start is enough');
    }
    assert.ok(step >= 3, `only ${step} steps`);
  });

  test(`${scenario.name}: nothing is left when the container died with the engine`, async () => {
    let step = 0;
    for (let died = true; died; ) {
      // Every third step in turn is enough: what differs from the test above is the same at each.
      step += 3;
      using rig = await Rig.started(scenarioSettings);
      ({ died } = await actUntil(scenario, rig, step));
      await rig.boot(new Life(), () => false);
      rig.assertConsistent();
      assert.deepEqual(rig.kernel.namespaces(), []);
      assert.deepEqual(rig.names.heldPorts, []);
    }
  });
}

test('an engine that dies at any step of a start is followed by one that completes it', async () => {
  let step = 0;
  for (let died = true; died; ) {
    step++;
    using rig = await Rig.started(scenarioSettings);
    for (const { name, prepare } of scenarios) if (name === 'close a sandbox') await prepare(rig);
    rig.names.restart();
    await rig.kernel.apply(damage(rig));
    rig.open(new Life({ dieAt: step }));
    await Promise.race([rig.start(), rig.life.end]);
    died = rig.life.dead;
    await rig.boot(new Life());
    rig.assertConsistent();
  }
  assert.ok(step > 20, `only ${step} steps`);
});

function damage(rig: Rig) {
  return rig.kernel
    .observe('', ['link', 'table'])
    .filter((object) => object.kind === 'table' || (object.kind === 'link' && object.type.kind === 'bridge'))
    .map((object) => ({ action: 'remove', object }) as const);
}
