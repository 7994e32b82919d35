import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeChange } from '@fairlead/netlink';
import { Life } from '../testing/life.ts';
import { plainSettings, Rig } from '../testing/rig.ts';

test('sandboxes follow where answers are changed, in one step', async () => {
  using rig = await Rig.started({ ...plainSettings, ingress: false });
  await rig.join(
    await rig.sandbox('web'),
    await rig.controller.createNetwork({ name: 'app', ipv4: false, ipv6: true }),
  );
  rig.assertConsistent();
  rig.settings = plainSettings;
  assert.deepEqual((await rig.boot(new Life())).map(describeChange), [
    'add table fairlead-answers',
    'change table fairlead',
    'change table fairlead6',
  ]);
  rig.assertConsistent();
  rig.settings = { ...plainSettings, ingress: false };
  assert.deepEqual((await rig.boot(new Life())).map(describeChange), [
    'change table fairlead',
    'change table fairlead6',
    'remove table fairlead-answers',
  ]);
  rig.assertConsistent();
});
