import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KernelObject } from '@fairlead/netlink';
import { Kernel } from '../kernel.ts';
import { createNamespace, deleteNamespace, enterNamespace, namespacePath } from '../namespace/namespace.ts';
import { testNames } from '../testing/test-names.ts';
import { closeDescriptor, openDatagramSocket } from './network-socket.ts';
import { openRawLink, sendRawFrames } from './raw-link.ts';

const names = testNames('raw');
const [left, right] = [`${names}left`, `${names}right`];
/** Frames of an Ethernet type that nobody uses (IEEE 802, local experimental). */
const EXPERIMENT = 0x88b5;
const program = [
  { code: 0x28, jt: 0, jf: 0, k: 12 },
  { code: 0x15, jt: 0, jf: 1, k: EXPERIMENT },
  { code: 0x06, jt: 0, jf: 0, k: 0x4_0000 },
  { code: 0x06, jt: 0, jf: 0, k: 0 },
];
const frame = (text: string, type = EXPERIMENT) =>
  Uint8Array.of(...Array(6).fill(255), 2, 0, 0, 0, 0, 1, type >> 8, type & 255, ...Buffer.from(text.padEnd(46)));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes.subarray(14)).toString().trim();

describe('the frames of a link', () => {
  const kernel = new Kernel();
  before(async () => {
    for (const name of [left, right]) deleteNamespace(name);
    for (const name of [left, right]) createNamespace(name);
    const cable: KernelObject[] = [
      {
        kind: 'link',
        namespace: left,
        name: 'eth0',
        type: { kind: 'veth', peer: { namespace: right, name: 'eth0' } },
        up: true,
      },
      { kind: 'link', namespace: right, name: 'eth0', type: { kind: 'veth' }, up: true },
    ];
    await kernel.apply(cable.map((object) => ({ action: 'add', object })));
  });
  after(() => {
    kernel[Symbol.dispose]();
    for (const name of [left, right]) deleteNamespace(name);
  });

  test('are sent and received, those that the program keeps, until the link is closed', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const received: string[] = [];
    const ports = [{ family: 4, port: 68 }] as const;
    const onFrame = (bytes: Uint8Array) => {
      received.push(textOf(bytes));
      // What is closed in the midst of what has come hears no more of it.
      if (received.length === 2) link[Symbol.dispose]();
      if (received.length === 2) resolve();
    };
    const link = openRawLink({ namespace: right, link: 'eth0', program, ports, onFrame });
    const bound = () => enterNamespace(namespacePath(right), () => openDatagramSocket({ family: 4, port: 68 }));
    assert.throws(bound, /EADDRINUSE/);
    sendRawFrames(left, 'eth0', [frame('other', 0x88b6), frame('first'), frame('second'), frame('third')]);
    await promise;
    assert.deepEqual(received, ['first', 'second']);
    closeDescriptor(bound());
  });

  test('of a link or a namespace that is not there are an error', () => {
    const options = { program, ports: [], onFrame: () => {} };
    assert.throws(() => openRawLink({ ...options, namespace: left, link: 'eth7' }), /ENODEV/);
    assert.throws(() => openRawLink({ ...options, namespace: 'fl-test-raw-none', link: 'eth0' }), /ENOENT/);
  });
});
