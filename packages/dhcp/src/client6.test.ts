import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkLocalAddress, parseIpAddress } from '@fairlead/base';
import { probeFrame } from './address-probe.ts';
import { Client6, type State6 } from './client6.ts';
import { readDatagram } from './datagram.ts';
import type { Association } from './dhcp6-message.ts';
import type { Step } from './machine.ts';
import { retransmission6, timing6 } from './retransmission.ts';
import { announcement, claim, identity, prefixOption, reply6, sent6, serverMac } from './testing/samples.ts';

const client = new Client6(identity, { random: () => 0.5, probe: 0 });
const names = new Map([
  [1, 'SOLICIT'],
  [3, 'REQUEST'],
  [5, 'RENEW'],
  [6, 'REBIND'],
  [9, 'DECLINE'],
  [11, 'INFORMATION-REQUEST'],
]);
const router = linkLocalAddress(serverMac);

/** Routers are asked by something that is no datagram. */
function words({ frames, state }: Step<State6>): string {
  const sent = frames.map((frame) => {
    if (readDatagram(frame) === undefined) return 'who is a router?';
    const { type, association, server } = sent6(frame);
    const [held] = association?.addresses ?? [];
    return `${names.get(type)}${held ? ` of ${held.address}` : ''}${server ? ' to one' : ''}`;
  });
  return `${state.phase}: ${sent.join(', ')}`;
}

function given(address: string, status?: number): Association {
  const addresses = status === undefined ? [{ address: parseIpAddress(address), validSeconds: 1000 }] : [];
  const times = { renewSeconds: 300, rebindSeconds: 800 };
  return { iaid: identity.iaid, ...times, addresses, ...(status !== undefined && { status }) };
}

const answer = (step: Step<State6>, type: number, association = given('2001:db8:1::9')) =>
  reply6({ type, transaction: step.state.transaction, association });

function bound(): Step<State6> {
  const asked = client.begin(0);
  const heard = client.receive(asked.state, announcement({ managed: true, autonomous: false }), 0);
  const chosen = client.receive(heard.state, answer(heard, 2), 0);
  return client.receive(chosen.state, answer(chosen, 7), 0);
}

describe('a client of IPv6', () => {
  test('asks the router first, and a server where the router says that it manages addresses', () => {
    const first = client.begin(0);
    assert.equal(words(first), 'discovering: who is a router?');
    const second = client.receive(first.state, announcement({ managed: true, autonomous: false }), 5);
    assert.equal(words(second), 'soliciting: SOLICIT');
    const third = client.receive(second.state, answer(second, 2), 10);
    assert.equal(words(third), 'requesting: REQUEST to one');
    const { news, state } = client.receive(third.state, answer(third, 7), 20);
    assert.deepEqual([news, state.phase], ['leased', 'bound']);
    assert.deepEqual(state.lease, {
      source: 'dhcpv6',
      address: '2001:db8:1::9/64',
      gateway: router,
      routes: [],
      mtu: 1400,
      nameServers: ['2001:db8:1::53'],
      search: [],
      server: { identifier: '0003000109', mac: serverMac },
      renewAt: 300_020,
      rebindAt: 800_020,
      expiresAt: 1_000_020,
    });
  });

  test('makes its address itself where the router leaves it to hosts, and asks again before that ends', () => {
    const { state } = client.receive(client.begin(0).state, announcement({ managed: false, autonomous: true }), 5);
    const { source, address, gateway, renewAt, expiresAt } = state.lease ?? assert.fail('it holds an address');
    assert.deepEqual([source, address, gateway], ['slaac', '2001:db8:1:0:42:ff:fe00:5/64', router]);
    assert.deepEqual([renewAt, expiresAt], [900_005, 86_400_005]);
    const refreshed = client.wake(state, 900_005);
    assert.equal(words(refreshed), 'discovering: who is a router?');
    const silent = client.wake({ ...refreshed.state, attempts: 3 }, 905_000);
    assert.deepEqual([silent.state.phase, silent.state.lease?.address], ['bound', address]);
    assert.equal(client.wake({ ...silent.state, wakeAt: 86_400_005 }, 86_400_005).news, 'lost');
  });

  test('asks servers where no router answers; nothing but the address itself is on the link then', () => {
    let step = client.begin(0);
    const said = [words(step)];
    for (let round = 0; round < 4; round++) {
      step = client.wake(step.state, step.state.wakeAt ?? 0);
      said.push(words(step));
    }
    const asking = 'discovering: who is a router?';
    assert.deepEqual(said, [asking, asking, asking, 'soliciting: SOLICIT', 'soliciting: SOLICIT']);
    const chosen = client.receive(step.state, answer(step, 2), 0);
    const { lease } = client.receive(chosen.state, answer(chosen, 7), 0).state;
    assert.deepEqual([lease?.address, lease?.gateway], ['2001:db8:1::9/128', undefined]);
  });

  test('makes its address itself where nobody manages what the router says is managed', () => {
    const asked = client.begin(0);
    let step = client.receive(asked.state, announcement({ managed: true, autonomous: true }), 0);
    const said: string[] = [];
    for (; step.news === undefined; step = client.wake(step.state, step.state.wakeAt ?? 0)) said.push(words(step));
    assert.deepEqual(said, Array(3).fill('soliciting: SOLICIT'));
    assert.equal(step.state.lease?.source, 'slaac');
    const { lease, wakeAt = 0 } = step.state;
    step = client.wake(step.state, wakeAt);
    step = client.receive(step.state, announcement({ managed: true, autonomous: true }), wakeAt);
    while (step.news === undefined) step = client.wake(step.state, step.state.wakeAt ?? 0);
    assert.deepEqual([step.news, step.state.lease?.address], ['leased', lease?.address]);
  });

  test('renews with its server, then with any, then begins anew', () => {
    const asked = client.wake(bound().state, 300_000);
    const renewing = client.receive(asked.state, announcement({ managed: true, autonomous: false }), 300_001);
    assert.equal(words(renewing), 'renewing: RENEW of 2001:db8:1::9 to one');
    assert.equal(client.receive(renewing.state, answer(renewing, 7), 300_002).news, 'leased');
    const rebinding = client.wake(renewing.state, 800_000);
    assert.equal(words(rebinding), 'rebinding: REBIND of 2001:db8:1::9');
    const lost = client.wake(rebinding.state, 1_000_000);
    assert.deepEqual([lost.news, words(lost)], ['lost', 'discovering: who is a router?']);
  });

  test('asks for an address anew when its server has forgotten it, and keeps the old one until then', () => {
    const asked = client.wake(bound().state, 300_000);
    const renewing = client.receive(asked.state, announcement({ managed: true, autonomous: false }), 300_001);
    const forgotten = client.receive(renewing.state, answer(renewing, 7, given('', 3)), 300_002);
    assert.deepEqual([forgotten.news, words(forgotten)], [undefined, 'soliciting: SOLICIT of 2001:db8:1::9']);
    assert.equal(forgotten.state.lease?.address, '2001:db8:1::9/64');
    let unheard = client.receive(forgotten.state, answer(forgotten, 2), 300_003);
    while (unheard.state.phase === 'requesting') unheard = client.wake(unheard.state, unheard.state.wakeAt ?? 0);
    assert.deepEqual([unheard.state.phase, client.inUse(unheard.state)], ['discovering', '2001:db8:1::9']);
  });

  test('keeps what its router has said of an address that is prolonged while the router is silent', () => {
    let step = client.wake(bound().state, 300_000);
    while (step.state.phase === 'discovering') step = client.wake(step.state, step.state.wakeAt ?? 0);
    const { news, state } = client.receive(step.state, answer(step, 7), 310_000);
    const { address, gateway, mtu } = state.lease ?? assert.fail('it holds an address');
    assert.deepEqual([news, address, gateway, mtu], ['leased', '2001:db8:1::9/64', router, 1400]);
  });

  test('makes its address of a prefix that stays, not of one that is going or cannot be used', () => {
    const going = prefixOption('2001:db8:f::', 7200, 0);
    const contrary = prefixOption('2001:db8:e::', 60, 61);
    const ofTheLink = prefixOption('fe80::', 7200, 7200);
    const alone = { managed: false, autonomous: true };
    const made = (autonomous: boolean, more: Uint8Array) =>
      client.receive(client.begin(0).state, announcement({ ...alone, autonomous }, more), 5).state.lease?.address;
    for (const prefix of [going, contrary, ofTheLink]) {
      assert.equal(made(true, prefix), '2001:db8:1:0:42:ff:fe00:5/64');
    }
    assert.equal(made(false, going), '2001:db8:f:0:42:ff:fe00:5/64');
    assert.equal(made(false, Uint8Array.of(...contrary, ...ofTheLink)), undefined);
  });

  test('takes no word of those who are not asked, and no offer without an address', () => {
    const asked = client.begin(0);
    const heard = client.receive(asked.state, announcement({ managed: true, autonomous: false }), 0);
    const { transaction } = heard.state;
    const strangers = [
      reply6({ type: 2, transaction: transaction + 1, association: given('2001:db8::9') }),
      reply6({ type: 2, transaction, client: Uint8Array.of(1), association: given('2001:db8::9') }),
      reply6({ type: 2, transaction, association: given('', 2) }),
      reply6({ type: 7, transaction, association: given('2001:db8::9') }),
    ];
    for (const frame of strangers) assert.equal(client.receive(heard.state, frame, 0).state, heard.state);
  });

  test('waits as RFC 8415, 15 says: twice as long each time, up to the greatest', () => {
    const waits: number[] = [];
    let previous: number | undefined;
    for (let round = 0; round < 7; round++) {
      previous = retransmission6(timing6.request, previous, () => 0.5);
      waits.push(Math.round(previous));
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    assert.ok(retransmission6(timing6.solicit, undefined, () => 0.999) > 1000);
  });
});

describe('a host whose router sends it to servers for everything but its address', () => {
  const flags = { managed: false, autonomous: true, otherwise: true };
  const informing = () => client.receive(client.begin(0).state, announcement(flags), 5);
  const told = (step: Step<State6>, more = {}) =>
    reply6({
      ...{ type: 7, transaction: step.state.transaction },
      ...{ nameServers: [parseIpAddress('2001:db8::5')], search: ['lan.example'] },
      ...more,
    });

  test('makes its address, and has name servers and domains from them', () => {
    const asked = informing();
    assert.equal(words(asked), 'informing: INFORMATION-REQUEST');
    assert.equal(sent6(asked.frames[0]).association, undefined);
    const { news, state } = client.receive(asked.state, told(asked), 10);
    assert.deepEqual([news, state.lease?.source, state.lease?.search], ['leased', 'slaac', ['lan.example']]);
    assert.deepEqual(state.lease?.nameServers, ['2001:db8::5', '2001:db8:1::53']);
    assert.equal(state.lease?.renewAt, 900_010);
  });

  test('asks them again when they say so, but not before ten minutes are over', () => {
    const asked = informing();
    const { lease } = client.receive(asked.state, told(asked, { refreshSeconds: 60 }), 0).state;
    assert.equal(lease?.renewAt, 600_000);
  });

  test('is not kept waiting where no server answers, and keeps what it was told before', () => {
    const asked = informing();
    const again = client.wake(asked.state, asked.state.wakeAt ?? 0);
    assert.equal(words(again), 'informing: INFORMATION-REQUEST');
    const alone = client.wake(again.state, again.state.wakeAt ?? 0);
    assert.deepEqual([alone.news, alone.state.lease?.nameServers], ['leased', ['2001:db8:1::53']]);
    assert.equal(again.state.wakeAt, 3005);
    const { state } = client.receive(asked.state, told(asked), 10);
    let step = client.receive(client.wake(state, 900_010).state, announcement(flags), 900_011);
    while (step.news === undefined) step = client.wake(step.state, step.state.wakeAt ?? 0);
    assert.deepEqual(step.state.lease?.nameServers, ['2001:db8::5', '2001:db8:1::53']);
  });
});

describe('a host of IPv6 before it uses an address', () => {
  const careful = new Client6(identity, { random: () => 0.5, probe: 300 });
  const own = parseIpAddress('2001:db8:1:0:42:ff:fe00:5');
  const given9 = parseIpAddress('2001:db8:1::9');
  const alone = { managed: false, autonomous: true };
  const made = (now = 0) => careful.receive(careful.begin(now).state, announcement(alone), now);
  const leased = () => {
    const heard = careful.receive(careful.begin(0).state, announcement({ managed: true, autonomous: false }), 0);
    const chosen = careful.receive(heard.state, answer(heard, 2), 0);
    return careful.receive(chosen.state, answer(chosen, 7), 0);
  };
  /** Nobody answers. */
  const patiently = (from: Step<State6>) => {
    let step = from;
    while (step.state.phase === 'probing')
      step = careful.wake(step.state, step.state.wakeAt ?? assert.fail('it goes on'));
    return step;
  };

  test('asks the link who has it, however it was come by', () => {
    for (const [step, address] of [
      [made(), own],
      [leased(), given9],
    ] as const) {
      assert.deepEqual([step.state.phase, step.frames], ['probing', [probeFrame(address, identity.mac)]]);
      const { news, state } = patiently(step);
      assert.deepEqual([news, state.lease?.address], ['leased', `${address}/64`]);
    }
  });

  test('makes another address where its own is another’s, and keeps that one', () => {
    const refused = careful.receive(made().state, claim(own), 50);
    assert.deepEqual(
      [refused.conflict, refused.frames, refused.news],
      [{ address: own, mac: serverMac }, [], undefined],
    );
    assert.equal(refused.state.wakeAt, 50);
    const again = careful.wake(refused.state, 50);
    const other = patiently(careful.receive(again.state, announcement(alone), 1100));
    const { address } = other.state.lease ?? assert.fail('it holds an address');
    assert.ok(address.startsWith('2001:db8:1:') && address !== `${own}/64`, address);
    const restarted = careful.begin(5000, other.state.lease);
    assert.equal(patiently(careful.receive(restarted.state, announcement(alone), 5000)).state.lease?.address, address);
    const refreshed = careful.wake(other.state, other.state.wakeAt ?? 0);
    const prolonged = careful.receive(refreshed.state, announcement(alone), other.state.wakeAt ?? 0);
    assert.deepEqual([prolonged.state.phase, prolonged.state.lease?.address], ['bound', address]);
  });

  test('asks the link about the address that it had before, also where no router answers', () => {
    const { lease } = patiently(made()).state;
    let step = careful.begin(5000, lease);
    while (step.state.phase === 'discovering') step = careful.wake(step.state, step.state.wakeAt ?? 0);
    assert.deepEqual([step.state.phase, step.frames], ['probing', [probeFrame(own, identity.mac)]]);
    const { news, state } = patiently(step);
    assert.deepEqual([news, state.lease?.address], ['leased', lease?.address]);
    assert.equal(state.lease?.expiresAt, lease?.expiresAt);
  });

  test('gives up what it uses when another does not give way: what it made is made anew, what was given is declined', () => {
    const used = patiently(made());
    assert.equal(careful.inUse(used.state), own);
    const ceased = careful.cease(used.state, 5000);
    assert.deepEqual([ceased.news, ceased.state.lease, ceased.frames], ['lost', undefined, []]);
    assert.equal(careful.inUse(ceased.state), undefined);
    const again = careful.wake(ceased.state, 5000);
    const { lease } = patiently(careful.receive(again.state, announcement(alone), 5100)).state;
    assert.ok(lease && lease.address !== `${own}/64`);
    const given = patiently(leased());
    assert.equal(careful.inUse(given.state), given9);
    const declined = careful.cease(given.state, 5000);
    assert.equal(words(declined), 'declining: DECLINE of 2001:db8:1::9 to one');
    assert.deepEqual([declined.news, declined.state.lease], ['lost', undefined]);
  });

  test('declines what a server has given until that has heard of it, and solicits another one', () => {
    const declined = careful.receive(leased().state, claim(given9), 50);
    assert.equal(words(declined), 'declining: DECLINE of 2001:db8:1::9 to one');
    assert.deepEqual(declined.conflict, { address: given9, mac: serverMac });
    const repeated = careful.wake(declined.state, declined.state.wakeAt ?? 0);
    assert.equal(words(repeated), 'declining: DECLINE of 2001:db8:1::9 to one');
    const heard = careful.receive(repeated.state, reply6({ type: 7, transaction: repeated.state.transaction }), 1200);
    assert.deepEqual([words(heard), heard.state.wakeAt], ['soliciting: ', 1200]);
    assert.equal(words(careful.wake(heard.state, 1200)), 'soliciting: SOLICIT');
    let unheard = declined;
    while (unheard.state.phase === 'declining') unheard = careful.wake(unheard.state, unheard.state.wakeAt ?? 0);
    assert.equal(words(unheard), 'soliciting: ');
  });
});
