import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseIpAddress } from '@fairlead/base';
import type { Network, Sandbox } from '../model.ts';
import { FakeLan } from '../testing/fake-lan.ts';
import { Life } from '../testing/life.ts';
import { Rig } from '../testing/rig.ts';

async function started(lan: FakeLan): Promise<Rig> {
  const rig = await Rig.started();
  rig.lan = lan;
  await rig.boot(new Life());
  return rig;
}

async function flat(rig: Rig, ipamOptions: Readonly<Record<string, string>> = {}): Promise<Network> {
  const options = { 'com.fairlead.dhcp.timeout': '1', 'com.fairlead.dhcp.probe': '0', ...ipamOptions };
  const ipam = { driver: 'dhcp', options };
  return await rig.controller.createNetwork({
    name: 'lan',
    driver: 'macvlan',
    options: { parent: 'uplink' },
    ipam,
  });
}

/** Addresses, and routes that we made, as `ip` prints them. */
function inside(rig: Rig): string[] {
  return rig.kernel.observe('fl-web', ['address', 'route']).flatMap((object) => {
    if (object.kind === 'address' && object.link !== 'lo') return [object.address];
    return object.kind === 'route' && object.protocol === 4 ? [`${object.destination} via ${object.via}`] : [];
  });
}

describe('containers that are hosts of a LAN', () => {
  test('get what the LAN gives, keep it while they are stopped, and give it back in the end', async () => {
    const lan = new FakeLan();
    using rig = await started(lan);
    const empty = rig.snapshot();
    const network = await flat(rig);
    const sandbox = await rig.sandbox('web');
    const { id } = await rig.join(sandbox, network);
    assert.deepEqual(inside(rig), ['192.0.2.9/24', '0.0.0.0/0 via 192.0.2.1']);
    const [endpoint] = rig.controller.endpointsOn(network.id);
    assert.deepEqual([endpoint?.id, endpoint?.ipv4], [id, '192.0.2.9']);
    assert.deepEqual(rig.names.sandboxes.get(sandbox.id)?.sandboxUpstreams, ['192.0.2.1']);
    rig.assertConsistent();
    await rig.controller.closeSandbox(sandbox.id);
    const again = await rig.sandbox('web');
    await rig.join(again, network);
    assert.deepEqual(lan.heard, ['DISCOVER 0.0.0.0', 'REQUEST 192.0.2.9', 'REQUEST 192.0.2.9']);
    rig.assertConsistent();
    await rig.controller.closeSandbox(again.id);
    rig.controller.releaseLeases(again.owner);
    await rig.controller.removeNetwork('lan');
    await told(lan, 'RELEASE 192.0.2.9');
    assert.equal(rig.snapshot(), empty);
  });

  test('are as they were where nobody answers; what they have had before goes on until its end', async () => {
    const lan = new FakeLan();
    using rig = await started(lan);
    const network = await flat(rig);
    const sandbox = await rig.sandbox('web');
    const before = rig.snapshot();
    lan.silent = true;
    await assert.rejects(rig.join(sandbox, network), {
      code: 'internal',
      message: `no IPv4 address for network lan (${network.id}): no DHCP server of the LAN has given one within 1s`,
    });
    assert.equal(rig.snapshot(), before);
    rig.assertConsistent();
    lan.silent = false;
    await rig.join(sandbox, network);
    await rig.controller.closeSandbox(sandbox.id);
    lan.silent = true;
    await rig.join(await rig.sandbox('web'), network);
    assert.deepEqual(inside(rig), ['192.0.2.9/24', '0.0.0.0/0 via 192.0.2.1']);
    assert.match(rig.logged.join('\n'), /nobody confirms a lease/);
  });

  test('take another address where the one that they had is another’s now', async () => {
    const lan = new FakeLan();
    using rig = await started(lan);
    const network = await flat(rig);
    const sandbox = await rig.sandbox('web');
    await rig.join(sandbox, network);
    await rig.controller.closeSandbox(sandbox.id);
    lan.address = parseIpAddress('192.0.2.10');
    await rig.join(await rig.sandbox('web'), network);
    assert.deepEqual(inside(rig), ['192.0.2.10/24', '0.0.0.0/0 via 192.0.2.1']);
    rig.assertConsistent();
  });

  test('decline what another machine has, and use the next that they are given', async () => {
    const lan = new FakeLan();
    lan.taken = lan.address;
    lan.spare = parseIpAddress('192.0.2.10');
    using rig = await started(lan);
    const network = await flat(rig, { 'com.fairlead.dhcp.probe': '3', 'com.fairlead.dhcp.timeout': '30' });
    const sandbox = await rig.sandbox('web');
    await rig.join(sandbox, network);
    assert.deepEqual(inside(rig), ['192.0.2.10/24', '0.0.0.0/0 via 192.0.2.1']);
    const [first, ...rest] = ['DISCOVER 0.0.0.0', 'REQUEST 192.0.2.9', 'PROBE', 'DECLINE 192.0.2.9'];
    assert.deepEqual(lan.heard.slice(0, 6), [first, ...rest, first, 'REQUEST 192.0.2.10']);
    assert.match(rig.logged.join('\n'), /another machine’s: it is declined/);
    rig.assertConsistent();
  });

  test('are waited for no longer when that is given up, before or after it has begun', async () => {
    const lan = new FakeLan();
    using rig = await started(lan);
    const network = await flat(rig, { 'com.fairlead.dhcp.timeout': '300' });
    const sandbox = await rig.sandbox('web');
    const before = rig.snapshot();
    lan.silent = true;
    for (const isEarly of [true, false]) {
      const waiting = new AbortController();
      if (isEarly) waiting.abort();
      const joining = rig.controller.join(sandbox.id, [{ network, hostname: 'web', config: {} }], waiting.signal);
      if (!isEarly) while (!lan.heard.at(-1)?.startsWith('DISCOVER')) await turn();
      waiting.abort();
      await assert.rejects(joining, { code: 'conflict', message: /waiting for one was canceled$/ });
      assert.equal(rig.snapshot(), before);
      lan.heard.length = 0;
    }
    rig.assertConsistent();
  });

  test('do not go on with what they had before when another machine has it now', async () => {
    const lan = new FakeLan();
    using rig = await started(lan);
    const network = await flat(rig, { 'com.fairlead.dhcp.probe': '3' });
    await rig.controller.closeSandbox((await joined(rig, network)).id);
    lan.taken = lan.address;
    await assert.rejects(joined(rig, network), {
      message: /what the LAN has given within 1s is another machine's: 192\.0\.2\.9 is at 52:54:00:00:00:09$/,
    });
    assert.deepEqual(inside(rig), []);
  });

  test('defend their address against another machine, and give it up when that does not give way', async () => {
    const lan = new FakeLan();
    using rig = await started(lan);
    const network = await flat(rig);
    const sandbox = await joined(rig, network);
    const contest = () => rig.controller.endpointsOn(network.id)[0]?.contests?.ipv4;
    const announced = rig.kernel.announced.length;
    lan.claims?.();
    assert.deepEqual([contest()?.outcome, contest()?.address], ['defended', '192.0.2.9']);
    assert.deepEqual(rig.kernel.announced.slice(announced), ['fl-web eth0 192.0.2.9']);
    assert.deepEqual(inside(rig), ['192.0.2.9/24', '0.0.0.0/0 via 192.0.2.1']);
    lan.address = parseIpAddress('192.0.2.10');
    lan.claims?.();
    assert.equal(contest()?.outcome, 'given-up');
    while (!inside(rig).includes('192.0.2.10/24')) await turn();
    assert.deepEqual(lan.heard.slice(2), ['DECLINE 192.0.2.9', 'DISCOVER 0.0.0.0', 'REQUEST 192.0.2.10']);
    await rig.controller.publish(sandbox.id, []);
    assert.deepEqual(inside(rig), ['192.0.2.10/24', '0.0.0.0/0 via 192.0.2.1']);
    for (const said of [/it is told whose it is/, /the container gives it up/])
      assert.match(rig.logged.join('\n'), said);
    rig.assertConsistent();
    await rig.controller.closeSandbox(sandbox.id);
    assert.equal(lan.claims, undefined);
  });

  test('follow what the LAN changes while they run', async () => {
    const lan = new FakeLan();
    lan.seconds = 2;
    using rig = await started(lan);
    const network = await flat(rig);
    const sandbox = await rig.sandbox('web');
    await rig.join(sandbox, network);
    lan.address = parseIpAddress('192.0.2.10');
    while (!inside(rig).includes('192.0.2.10/24')) await sleep(10);
    await rig.controller.publish(sandbox.id, []);
    assert.deepEqual(inside(rig), ['192.0.2.10/24', '0.0.0.0/0 via 192.0.2.1']);
    assert.deepEqual(rig.state.addresses.find(network.id, 'web-id')?.ipv4, '192.0.2.10');
    assert.ok(rig.events.some(({ action, container }) => action === 'update' && container === 'web-id'));
    assert.match(rig.logged.join('\n'), /lease lost/);
    rig.assertConsistent();
    await rig.controller.closeSandbox(sandbox.id);
    await rig.controller.removeNetwork('lan');
    assert.equal(lan.heard.at(-1), 'RELEASE 192.0.2.10');
  });

  test('are completed or undone after an engine that died at any step, and nothing is given back twice', async () => {
    let step = 0;
    for (let died = true; died; ) {
      step++;
      const lan = new FakeLan();
      using rig = await started(lan);
      const network = await flat(rig);
      const sandbox = await rig.sandbox('web');
      rig.become(new Life({ dieAt: step }));
      await Promise.race([rig.join(sandbox, network), rig.life.end]);
      died = rig.life.dead;
      await rig.boot(new Life());
      while (rig.controller.endpointsOn(network.id).some(({ ipv4 }) => ipv4 === undefined)) await turn();
      await rig.controller.repair();
      rig.assertConsistent();
      await rig.controller.closeSandbox(sandbox.id);
      rig.become(new Life({ dieAt: 1 }));
      rig.controller.releaseLeases(sandbox.owner);
      await rig.boot(new Life());
      if (lan.heard.includes('REQUEST 192.0.2.9')) await told(lan, 'RELEASE 192.0.2.9');
      assert.deepEqual([...rig.state.farewells], []);
    }
    assert.ok(step > 12, `only ${step} steps`);
  });
});

async function joined(rig: Rig, network: Network): Promise<Sandbox> {
  const sandbox = await rig.sandbox('web');
  await rig.join(sandbox, network);
  return sandbox;
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function told(lan: FakeLan, what: string): Promise<void> {
  while (!lan.heard.includes(what)) await turn();
  assert.equal(lan.heard.filter((said) => said === what).length, 1);
}
