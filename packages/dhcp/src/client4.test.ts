import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { probeFrame } from './address-probe.ts';
import { Client4, type State4 } from './client4.ts';
import { dhcp4Option, typeOf4 } from './dhcp4-option.ts';
import type { Step } from './machine.ts';
import { claim, identity, reply4, sent4, serverMac } from './testing/samples.ts';

const client = new Client4(identity, { random: () => 0.5, probe: 0 });
const names = new Map([
  [1, 'DISCOVER'],
  [3, 'REQUEST'],
  [4, 'DECLINE'],
  [7, 'RELEASE'],
]);
/** 192.0.2.1 is the server and the router of 192.0.2.0/24; the lease lasts 1000 seconds. */
const terms = {
  1: [255, 255, 255, 0],
  3: [192, 0, 2, 1],
  6: [192, 0, 2, 53],
  15: [...Buffer.from('lan.example')],
  26: [5, 120],
  51: [0, 0, 3, 232],
  54: [192, 0, 2, 1],
};
const offer = (step: Step<State4>, address = '192.0.2.9') =>
  reply4(step.state.transaction, address, { ...terms, 53: [2] });
const acknowledge = (step: Step<State4>, address = '192.0.2.9') =>
  reply4(step.state.transaction, address, { ...terms, 53: [5] });
const refuse = (step: Step<State4>) => reply4(step.state.transaction, '0.0.0.0', { 53: [6], 54: [192, 0, 2, 1] });

/** What a step sends: `REQUEST to 255.255.255.255 from 0.0.0.0 for 192.0.2.9 of 192.0.2.1`. */
function words({ frames }: Step<State4>): string {
  return frames
    .map((frame) => {
      const { options, to, clientAddress } = sent4(frame);
      const address = (code: number) => options.get(code)?.join('.');
      const wish = address(dhcp4Option.requestedAddress);
      const server = address(dhcp4Option.server);
      const type = names.get(typeOf4(options) ?? 0);
      return `${type} to ${to} from ${clientAddress}${wish ? ` for ${wish}` : ''}${server ? ` of ${server}` : ''}`;
    })
    .join(', ');
}

function bound(now = 0): Step<State4> {
  const asked = client.begin(now);
  const chosen = client.receive(asked.state, offer(asked), now);
  return client.receive(chosen.state, acknowledge(chosen), now);
}

describe('a client of DHCPv4', () => {
  test('finds a server, takes its offer and holds what it acknowledges', () => {
    const first = client.begin(0);
    assert.equal(words(first), 'DISCOVER to 255.255.255.255 from 0.0.0.0');
    const second = client.receive(first.state, offer(first), 10);
    assert.equal(words(second), 'REQUEST to 255.255.255.255 from 0.0.0.0 for 192.0.2.9 of 192.0.2.1');
    const third = client.receive(second.state, acknowledge(second), 20);
    assert.deepEqual([third.news, third.state.phase, third.frames.length], ['leased', 'bound', 0]);
    assert.deepEqual(third.state.lease, {
      source: 'dhcpv4',
      address: '192.0.2.9/24',
      gateway: '192.0.2.1',
      routes: [],
      nameServers: ['192.0.2.53'],
      search: ['lan.example'],
      mtu: 1400,
      server: { identifier: '192.0.2.1', mac: serverMac },
      renewAt: 500_020,
      rebindAt: 875_020,
      expiresAt: 1_000_020,
    });
    assert.deepEqual([third.state.wakeAt, third.state.listens], [500_020, false]);
  });

  test('says who it is: the same identifier as over DHCPv6, and the name of its container', () => {
    const { options, mac } = sent4(client.begin(0).frames[0]);
    assert.equal(mac, identity.mac);
    assert.equal(Buffer.from(options.get(dhcp4Option.hostname) ?? []).toString(), 'web');
    const identifier = Buffer.from(options.get(dhcp4Option.clientIdentifier) ?? []);
    assert.equal(identifier[0], 255);
    assert.deepEqual(identifier.subarray(5), Buffer.from(identity.duid));
  });

  test('asks again and again, more and more rarely', () => {
    let step = client.begin(0);
    const waits: number[] = [];
    for (let now = 0; waits.length < 8; ) {
      const at = step.state.wakeAt ?? assert.fail('it goes on');
      waits.push(at - now);
      now = at;
      step = client.wake(step.state, now);
      assert.equal(words(step), 'DISCOVER to 255.255.255.255 from 0.0.0.0');
    }
    assert.deepEqual(waits, [1000, 4000, 8000, 16_000, 32_000, 64_000, 64_000, 64_000]);
  });

  test('asks its server first when half of the time is over, then everybody, then begins anew', () => {
    const { state } = bound();
    const steps: string[] = [];
    let step: Step<State4> = { state, frames: [] };
    for (let rounds = 0; step.news !== 'lost' && rounds < 20; rounds++) {
      const now = step.state.wakeAt ?? assert.fail('it goes on');
      step = client.wake(step.state, now);
      steps.push(`${now / 1000} ${step.state.phase} ${words(step)}`);
    }
    const [server, everybody] = ['REQUEST to 192.0.2.1 from 192.0.2.9', 'REQUEST to 255.255.255.255 from 192.0.2.9'];
    assert.deepEqual(steps, [
      `500 renewing ${server}`,
      `687.5 renewing ${server}`,
      `781.25 renewing ${server}`,
      `841.25 renewing ${server}`,
      `875 rebinding ${everybody}`,
      `937.5 rebinding ${everybody}`,
      `997.5 rebinding ${everybody}`,
      '1000 selecting DISCOVER to 255.255.255.255 from 0.0.0.0',
    ]);
    assert.equal(step.state.lease, undefined);
  });

  test('holds a lease for longer when it is acknowledged anew, and follows what has changed', () => {
    const asked = client.wake(bound().state, 500_000);
    const { news, state } = client.receive(asked.state, acknowledge(asked, '192.0.2.10'), 500_100);
    assert.deepEqual([news, state.phase, state.lease?.address], ['leased', 'bound', '192.0.2.10/24']);
    assert.equal(state.lease?.expiresAt, 1_500_100);
  });

  test('takes times and routers that make no sense for absent, and an offer of no address for none', () => {
    const asked = client.begin(0);
    assert.equal(client.receive(asked.state, offer(asked, '0.0.0.0'), 0).state, asked.state);
    const chosen = client.receive(asked.state, offer(asked), 0);
    const strange = { ...terms, 3: [0, 0, 0, 0], 53: [5], 58: [0, 0, 0, 0], 59: [0, 0, 0, 9] };
    const { state } = client.receive(chosen.state, reply4(chosen.state.transaction, '192.0.2.9', strange), 0);
    assert.deepEqual([state.wakeAt, state.lease?.rebindAt], [500_000, 875_000]);
    assert.equal(state.lease?.gateway, undefined);
  });

  test('asks for what it held before when it comes back, and for anything when nobody knows of it', () => {
    const { lease } = bound().state;
    assert.ok(lease);
    const again = client.begin(1000, lease);
    assert.equal(words(again), 'REQUEST to 255.255.255.255 from 0.0.0.0 for 192.0.2.9');
    assert.equal(client.receive(again.state, acknowledge(again), 1010).news, 'leased');
    const refused = client.receive(again.state, refuse(again), 1010);
    assert.deepEqual([refused.news, words(refused)], [undefined, 'DISCOVER to 255.255.255.255 from 0.0.0.0']);
    const once = client.wake(again.state, 2000);
    const silent = client.wake(once.state, 6000);
    assert.equal(words(silent), 'DISCOVER to 255.255.255.255 from 0.0.0.0 for 192.0.2.9');
    assert.equal(words(client.begin(2_000_000, lease)), 'DISCOVER to 255.255.255.255 from 0.0.0.0 for 192.0.2.9');
  });

  test('loses what is refused while it is in use, and waits before it asks again where an offer is taken back', () => {
    const renewing = client.wake(bound().state, 500_000);
    const lost = client.receive(renewing.state, refuse(renewing), 500_001);
    assert.deepEqual([lost.news, lost.state.lease, lost.state.phase], ['lost', undefined, 'selecting']);
    const asked = client.begin(0);
    const chosen = client.receive(asked.state, offer(asked), 0);
    const refused = client.receive(chosen.state, refuse(chosen), 0);
    assert.deepEqual([refused.frames, refused.state.wakeAt], [[], 1000]);
  });

  test('takes no word of those who are not asked', () => {
    const asked = client.begin(0);
    const { transaction } = asked.state;
    const strangers = [
      reply4(transaction + 1, '192.0.2.9', { ...terms, 53: [2] }),
      reply4(transaction, '192.0.2.9', { ...terms, 53: [2] }, serverMac),
      acknowledge(asked),
      reply4(transaction, '192.0.2.9', { 53: [2] }),
      new Uint8Array(20),
    ];
    for (const frame of strangers) assert.equal(client.receive(asked.state, frame, 0).state, asked.state);
    const chosen = client.receive(asked.state, offer(asked), 0);
    const other = reply4(chosen.state.transaction, '192.0.2.9', { ...terms, 53: [5], 54: [192, 0, 2, 2] });
    assert.equal(client.receive(chosen.state, other, 0).state, chosen.state);
  });

  test('goes on with a lease whose times have passed while nobody looked', () => {
    const { lease } = bound().state;
    assert.ok(lease);
    const early = client.resume(1000, lease);
    assert.deepEqual([early.frames, early.state.wakeAt], [[], 500_000]);
    const late = client.resume(2_000_000, lease);
    assert.equal(client.wake(late.state, 2_000_000).news, 'lost');
  });
});

describe('a client of DHCPv4 before it uses what it was given', () => {
  const careful = new Client4(identity, { random: () => 0.5, probe: 300 });
  const address = parseIpAddress('192.0.2.9');
  const probe = probeFrame(address, identity.mac);
  const probing = (now = 0) => {
    const asked = careful.begin(now);
    const chosen = careful.receive(asked.state, offer(asked), now);
    return careful.receive(chosen.state, acknowledge(chosen), now);
  };

  test('asks the link three times who has it, and takes it when nobody answers', () => {
    const times: number[] = [];
    let step = probing();
    for (; step.news === undefined; step = careful.wake(step.state, step.state.wakeAt ?? assert.fail('it goes on'))) {
      assert.deepEqual([step.state.phase, step.frames], ['probing', [probe]]);
      times.push(step.state.wakeAt ?? 0);
    }
    assert.deepEqual([times, step.news, step.state.phase], [[100, 200, 300], 'leased', 'bound']);
    assert.deepEqual([step.state.lease?.address, step.state.lease?.expiresAt], ['192.0.2.9/24', 1_000_000]);
  });

  test('declines what another has, and asks for another one at once', () => {
    const { state } = probing();
    const declined = careful.receive(state, claim(address), 50);
    assert.equal(words(declined), 'DECLINE to 255.255.255.255 from 0.0.0.0 for 192.0.2.9 of 192.0.2.1');
    assert.deepEqual(declined.conflict, { address, mac: serverMac });
    assert.deepEqual([declined.news, declined.state.lease, declined.state.wakeAt], [undefined, undefined, 50]);
    assert.deepEqual(sent4(declined.frames[0]).transaction, state.transaction);
    const again = careful.wake(declined.state, 50);
    assert.equal(words(again), 'DISCOVER to 255.255.255.255 from 0.0.0.0');
    const chosen = careful.receive(again.state, offer(again, '192.0.2.9'), 1100);
    const given = careful.receive(chosen.state, acknowledge(chosen, '192.0.2.9'), 1100);
    assert.equal(careful.receive(given.state, claim(address), 1200).state.wakeAt, 11_200);
  });

  test('asks about what it had before as well, and forgets it when it is another’s now', () => {
    const { lease } = bound().state;
    assert.ok(lease);
    const rebooting = careful.begin(1000, lease);
    const confirmed = careful.receive(rebooting.state, acknowledge(rebooting), 1010);
    assert.deepEqual([confirmed.state.phase, confirmed.state.lease], ['probing', lease]);
    const declined = careful.receive(confirmed.state, claim(address), 1020);
    assert.deepEqual([words(declined).slice(0, 7), declined.state.lease], ['DECLINE', undefined]);
  });

  test('gives up what it uses when another does not give way, and declines ever more slowly', () => {
    const { state } = bound();
    assert.equal(client.inUse(state), address);
    const ceased = client.cease(client.wake(state, 500_000).state, 500_050);
    assert.equal(words(ceased), 'DECLINE to 255.255.255.255 from 0.0.0.0 for 192.0.2.9 of 192.0.2.1');
    assert.deepEqual([ceased.news, ceased.state.lease, ceased.state.wakeAt], ['lost', undefined, 500_050]);
    assert.equal(client.inUse(ceased.state), undefined);
    const asked = careful.wake(ceased.state, 500_050);
    const chosen = careful.receive(asked.state, offer(asked), 500_060);
    let next = careful.receive(chosen.state, acknowledge(chosen), 500_070);
    while (next.state.phase === 'probing') next = careful.wake(next.state, next.state.wakeAt ?? 0);
    assert.equal(careful.cease(next.state, 600_000).state.wakeAt, 610_000);
  });

  test('hears nothing else meanwhile, and asks nobody about what it prolongs', () => {
    const { state } = probing();
    for (const frame of [
      claim(parseIpAddress('192.0.2.8')),
      claim(address, identity.mac),
      acknowledge({ state, frames: [] }),
    ]) {
      assert.equal(careful.receive(state, frame, 10).state, state);
    }
    const renewing = careful.wake(bound().state, 500_000);
    assert.equal(careful.receive(renewing.state, acknowledge(renewing), 500_001).state.phase, 'bound');
  });
});
