import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Life } from '../testing/life.ts';
import { Rig } from '../testing/rig.ts';
import type { BalancedService } from './service-model.ts';

const port = (published: number) => ({ protocol: 'udp', published, target: 53 }) as const;

/** A service with two containers, a virtual address and a port, and somebody who may ask it; not set yet. */
async function prepared(rig: Rig): Promise<BalancedService> {
  const network = await rig.controller.createNetwork({ name: 'app', ipv6: true });
  for (const name of ['one', 'two', 'asker']) await rig.join(await rig.sandbox(name), network);
  const virtual = rig.controller.holdVirtualAddress(network.id, 'dns');
  const networks = [{ network: network.id, aliases: [], virtual }];
  return { id: 'dns', name: 'dns', networks, ports: [port(53)], backends: ['one-id', 'two-id'] };
}

/** What happens to it, and whether it was set before. */
const acts: Readonly<Record<string, readonly [isSet: boolean, (rig: Rig, service: BalancedService) => Promise<void>]>> =
  {
    'is made': [false, (rig, service) => rig.controller.setService(service)],
    'loses a container and gets another port': [
      true,
      (rig, service) => rig.controller.setService({ ...service, ports: [port(54)], backends: ['two-id'] }),
    ],
    'loses a container that ends': [
      true,
      async (rig) => {
        const one = [...rig.state.sandboxes].find(({ owner }) => owner === 'one-id');
        await rig.controller.closeSandbox(one?.id ?? '');
      },
    ],
    'gives up its virtual address': [
      true,
      (rig, service) =>
        rig.controller.setService({ ...service, networks: service.networks.map(({ virtual: _, ...place }) => place) }),
    ],
    'is removed': [true, (rig) => rig.controller.removeService('dns')],
  };

for (const [name, [isSet, act]] of Object.entries(acts)) {
  test(`a service ${name}: an engine that dies at any step is followed by one that completes or undoes it`, async () => {
    let step = 0;
    for (let died = true; died; ) {
      step++;
      using rig = await Rig.started();
      const service = await prepared(rig);
      if (isSet) await rig.controller.setService(service);
      rig.become(new Life({ dieAt: step }));
      // What it knew of the first life is not known to the next.
      await Promise.race([act(rig, service), rig.life.end]);
      died = rig.life.dead;
      await rig.boot(new Life());
      rig.assertConsistent();
      assert.deepEqual(rig.logged, []);
      assert.deepEqual(await rig.controller.repair(), [], 'one start is enough');
      await act(rig, service);
      rig.assertConsistent();
    }
    assert.ok(step >= 3, `only ${step} steps`);
  });
}
