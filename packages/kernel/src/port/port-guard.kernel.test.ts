import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter, familyOf, type IpAddress, ipToBytes, parseIpAddress } from '@fairlead/base';
import { enterScratchNamespace } from '../namespace/namespace.ts';
import { closeDescriptor } from '../socket/network-socket.ts';
import { AF_INET6 } from '../socket/socket-address.ts';
import { bind as bindSocket, socket } from '../system-call/syscalls.ts';
import { PortGuard } from './port-guard.ts';
import { holdPort } from './port-hold.ts';

const anyV4 = parseIpAddress('0.0.0.0');
const anyV6 = parseIpAddress('::');
const one = parseIpAddress('192.0.2.1');
const other = parseIpAddress('192.0.2.2');
const one6 = parseIpAddress('2001:db8::1');
const every = [anyV4, anyV6, one, other, one6];
const range = { first: 20_000, last: 29_999 } as const;

interface Attempt {
  readonly protocol: 'tcp' | 'udp';
  readonly address: IpAddress;
  readonly port: number;
  readonly bothFamilies?: boolean;
  readonly mark?: number;
}

function bind(attempt: Attempt): number {
  return holdPort({ family: familyOf(attempt.address), ...attempt });
}

/** What the kernel says to a bind. */
function outcome(attempt: Attempt): string {
  try {
    closeDescriptor(bind(attempt));
    return 'bound';
  } catch (error) {
    return error instanceof Error && 'errno' in error ? String(error.errno) : String(error);
  }
}

const SOCK_STREAM = 1;

/** sockaddr_in6 of `::ffff:192.0.2.1`. */
function mappedAddress(address: IpAddress, port: number): Uint8Array {
  const writer = new ByteWriter().u16(AF_INET6).u16be(port).u32(0).zeros(10).u16(0xffff);
  return writer.bytes(ipToBytes(address)).u32(0).finish();
}

function mappedOutcome(address: IpAddress, port: number): string {
  const descriptor = socket(AF_INET6, SOCK_STREAM, 0);
  try {
    bindSocket(descriptor, mappedAddress(address, port), 28);
    return 'bound';
  } catch (error) {
    return error instanceof Error && 'errno' in error ? String(error.errno) : String(error);
  } finally {
    closeDescriptor(descriptor);
  }
}

function guarded(work: (guard: PortGuard) => void): void {
  enterScratchNamespace(() => {
    using guard = new PortGuard();
    work(guard);
  });
}

/** The addresses of {@link every} that a port can be bound to. */
function free(protocol: 'tcp' | 'udp', port: number): IpAddress[] {
  return every.filter((address) => outcome({ protocol, address, port }) === 'bound');
}

for (const protocol of ['tcp', 'udp'] as const) {
  test(`a ${protocol} range is held from end to end, until it is released`, () => {
    guarded((guard) => {
      guard.hold({ protocol, addresses: [anyV4, anyV6], ...range });
      for (const port of [range.first, 25_000, range.last]) assert.deepEqual(free(protocol, port), []);
      for (const port of [range.first - 1, range.last + 1]) assert.deepEqual(free(protocol, port), every);
      assert.deepEqual(free(protocol === 'tcp' ? 'udp' : 'tcp', 25_000), every);
      assert.equal(outcome({ protocol, address: anyV4, port: 25_000 }), 'EADDRINUSE');
      guard.release({ protocol, addresses: [anyV4, anyV6], ...range });
      assert.deepEqual(free(protocol, 25_000), every);
    });
  });

  test(`a ${protocol} range of one address leaves the others alone, but not the wildcard`, () => {
    const cases: readonly (readonly [held: IpAddress, free: readonly IpAddress[]])[] = [
      [one, [other, one6]],
      [anyV4, [one6]],
      [one6, [anyV4, one, other]],
      [anyV6, [anyV4, one, other]],
    ];
    for (const [address, expected] of cases) {
      guarded((guard) => {
        guard.hold({ protocol, addresses: [address], ...range });
        // The wildcard of IPv6 is refused for IPv4's sake too: its socket may be for both.
        assert.deepEqual(free(protocol, 20_001), expected, address);
      });
    }
  });

  test(`a ${protocol} port that somebody has keeps the range from being held`, () => {
    guarded((guard) => {
      const cases: readonly (readonly [
        holder: Omit<Attempt, 'protocol' | 'port'>,
        wanted: IpAddress,
        taken: boolean,
      ])[] = [
        [{ address: anyV4 }, anyV4, true],
        [{ address: one }, anyV4, true],
        [{ address: anyV4 }, one, true],
        [{ address: one }, other, false],
        [{ address: anyV6 }, anyV4, false],
        [{ address: anyV6, bothFamilies: true }, anyV4, true],
        [{ address: one6 }, anyV6, true],
      ];
      for (const [holder, wanted, taken] of cases) {
        const descriptor = bind({ protocol, port: 21_000, ...holder });
        const hold = () => guard.hold({ protocol, addresses: [wanted], ...range });
        const found = { errno: 'EADDRINUSE', used: { port: 21_000, address: wanted } };
        if (taken) assert.throws(hold, found, `${holder.address} is in the way of ${wanted}`);
        else assert.doesNotThrow(hold, `${holder.address} leaves ${wanted}`);
        closeDescriptor(descriptor);
        if (!taken) guard.release({ protocol, addresses: [wanted], ...range });
        assert.deepEqual(free(protocol, 22_000), every, 'nothing is held after a failure');
      }
    });
  });
}

test('a range that two addresses share is held for the one that is left', () => {
  guarded((guard) => {
    for (const address of [one, other]) guard.hold({ protocol: 'tcp', addresses: [address], ...range });
    guard.release({ protocol: 'tcp', addresses: [one], ...range });
    assert.deepEqual(free('tcp', 25_000), [one, one6]);
  });
});

test('an address of IPv4 in the clothes of IPv6 is one of IPv4', () => {
  guarded((guard) => {
    guard.hold({ protocol: 'tcp', addresses: [one], ...range });
    assert.equal(mappedOutcome(one, 25_000), 'EADDRINUSE');
    assert.equal(mappedOutcome(other, 25_000), 'bound');
  });
  guarded((guard) => {
    const descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    bindSocket(descriptor, mappedAddress(anyV4, 25_000), 28);
    const held = { protocol: 'tcp', addresses: [one], ...range } as const;
    assert.throws(() => guard.hold(held), { used: { port: 25_000, address: one } });
    closeDescriptor(descriptor);
  });
});

test('who has the mark passes; other namespaces are left alone; the end of the guard is the end of it', () => {
  guarded((guard) => {
    guard.hold({ protocol: 'udp', addresses: [anyV4, anyV6], ...range });
    assert.equal(outcome({ protocol: 'udp', address: anyV6, port: 25_000, mark: guard.mark }), 'bound');
  });
  enterScratchNamespace(() => {
    {
      using guard = new PortGuard();
      guard.hold({ protocol: 'udp', addresses: [anyV4, anyV6], ...range });
      assert.deepEqual(free('udp', 25_000), []);
    }
    assert.deepEqual(free('udp', 25_000), every);
  });
  const guard = enterScratchNamespace(() => {
    const inside = new PortGuard();
    inside.hold({ protocol: 'udp', addresses: [anyV4, anyV6], ...range });
    return inside;
  });
  enterScratchNamespace(() => assert.deepEqual(free('udp', 25_000), every));
  guard[Symbol.dispose]();
});
