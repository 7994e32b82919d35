import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type MacAddress, parseInterfaceAddress, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { probeFrame } from './address-probe.ts';
import { Client4 } from './client4.ts';
import type { HostLease } from './lease.ts';
import { LeaseSession } from './session.ts';
import { claim, identity, sent4, serverMac } from './testing/samples.ts';

const address = parseIpAddress('192.0.2.9');
const twin = parseMacAddress('02:42:00:00:00:06');
const lease: HostLease = {
  source: 'dhcpv4',
  address: parseInterfaceAddress('192.0.2.9/24'),
  routes: [],
  nameServers: [],
  search: [],
  server: { identifier: '192.0.2.1', mac: serverMac },
};

/** A client that has a lease, on a link in memory, at a time that stands still. */
function atWork({ mock }: TestContext) {
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const seen: string[] = [];
  const sent: Uint8Array[] = [];
  let hear: ((frame: Uint8Array) => void) | undefined;
  const session = new LeaseSession(new Client4(identity), {
    open: () => ({ send: (frame) => void sent.push(frame), [Symbol.dispose]() {} }),
    watch: (watched, onFrame) => {
      seen.push(`watch ${watched}`);
      hear = onFrame;
      return { [Symbol.dispose]: () => void seen.push(`leave ${watched}`) };
    },
    isOwn: (mac) => mac === identity.mac || mac === twin,
    onNews: (news) => void seen.push(news),
    onConflict: (conflict, outcome) => void seen.push(`${outcome} ${conflict.address} ${conflict.mac}`),
    onFault: (error) => assert.fail(String(error)),
  });
  session.resume(lease);
  const says = (mac: MacAddress) => hear?.(claim(address, mac));
  return {
    session,
    seen,
    sent,
    says,
    hear: (frame: Uint8Array) => hear?.(frame),
    later: (ms: number) => mock.timers.tick(ms),
  };
}

describe('the address in use', () => {
  test('is defended against who uses it once, and again after a while', (context) => {
    const { session, seen, says, later } = atWork(context);
    says(serverMac);
    later(10_000);
    says(serverMac);
    assert.deepEqual(seen, [`watch ${address}`, ...Array(2).fill(`defended ${address} ${serverMac}`)]);
    session[Symbol.dispose]();
    says(serverMac);
    assert.deepEqual(seen.slice(3), [`leave ${address}`]);
  });

  test('is given up, and declined, when the other one does not give way', (context) => {
    const { session, seen, sent, says, later } = atWork(context);
    says(serverMac);
    later(9999);
    says(serverMac);
    const outcomes = ['defended', 'given-up'].map((outcome) => `${outcome} ${address} ${serverMac}`);
    assert.deepEqual(seen, [`watch ${address}`, ...outcomes, `leave ${address}`, 'lost']);
    assert.equal(sent4(sent[0]).options.get(50)?.join('.'), address);
    assert.equal(session.lease, undefined);
    session[Symbol.dispose]();
  });

  test('is nobody else’s because another link of the same host answers for it, or somebody asks who has it', (context) => {
    const { session, seen, says, hear } = atWork(context);
    for (const mac of [identity.mac, twin, twin]) says(mac);
    for (let count = 0; count < 2; count++) hear(probeFrame(address, serverMac));
    assert.deepEqual(seen, [`watch ${address}`]);
    session[Symbol.dispose]();
  });
});
