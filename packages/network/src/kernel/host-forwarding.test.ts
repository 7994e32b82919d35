import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { Life } from '../testing/life.ts';
import { plainSettings, Rig } from '../testing/rig.ts';

test('forwarding is left as it is where the operator wants that, for networks that were there before, too', async () => {
  using rig = await Rig.started({ ...plainSettings, forwarding: false });
  const forwarding = () => rig.kernel.dump('').match(/ip_forward.*|all\.forwarding.*/g) ?? [];
  const app = await rig.controller.createNetwork({ name: 'app', driver: 'bridge', ipv6: true });
  assert.deepEqual(forwarding(), []);
  rig.assertConsistent();
  rig.settings = plainSettings;
  await rig.boot(new Life());
  assert.equal(forwarding().length, 2);
  assert.equal(rig.state.networks.get(app.id)?.leavesForwarding, undefined);
  rig.settings = { ...plainSettings, forwarding: false };
  await rig.boot(new Life());
  assert.equal(rig.state.networks.get(app.id)?.leavesForwarding, true);
  rig.assertConsistent();
});

test('forwarding that was off is off again when everything is withdrawn, unless others may need it by then', async () => {
  using rig = await Rig.started({ ...plainSettings, forwarding: false });
  const off = { kind: 'sysctl', namespace: '', key: 'net.ipv4.ip_forward', value: '0' } as const;
  await rig.kernel.apply([{ action: 'add', object: off }]);
  rig.settings = plainSettings;
  const tunnel: readonly KernelObject[] = [
    { kind: 'link', namespace: '', name: 'wg0', type: { kind: 'dummy' }, up: true },
    { kind: 'route', namespace: '', destination: parsePrefix('10.8.0.0/24'), link: 'wg0' },
  ];
  for (const [others, after] of [
    [[], '0'],
    [tunnel, '1'],
  ] as const) {
    await rig.boot(new Life());
    assert.equal(rig.kernel.readSysctl('', off.key), '1');
    await rig.kernel.apply(others.map((object) => ({ action: 'add', object })));
    await rig.controller.withdraw();
    assert.equal(rig.kernel.readSysctl('', off.key), after);
  }
});
