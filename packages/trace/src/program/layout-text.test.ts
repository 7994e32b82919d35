import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelLayout } from './kernel-layout.ts';
import { layoutText, parseLayout } from './layout-text.ts';

const layout: KernelLayout = {
  tracepoints: { kfree_skb: { typeId: 7, packet: 0, reason: 2, location: 1 } },
  packet: { device: 16, socket: 24, length: 112, mark: 168, head: 200, data: 208, networkHeader: 180 },
  device: { index: 1, name: 2, namespace: 3 },
  socketNamespace: 48,
  namespaceNumber: 152,
  task: { processId: 1268, program: 1752, namespaces: 1840 },
  network: 40,
  reasons: new Map([
    [2, 'NOT_SPECIFIED'],
    [6, 'NETFILTER_DROP'],
  ]),
};

test('a layout that was kept is the same on the same kernel', () => {
  assert.deepEqual(parseLayout(layoutText(layout, 'one'), 'one'), layout);
});

test('a layout of another kernel, of another version, or a part of one is none', () => {
  const text = layoutText(layout, 'one');
  assert.equal(parseLayout(text, 'two'), undefined);
  assert.equal(parseLayout(text.replace('kernel-layout/4', 'kernel-layout/0'), 'one'), undefined);
  for (const other of ['', 'null', '{}', text.slice(0, -9), '{"schema":"fairlead.kernel-layout/4","kernel":"one"}'])
    assert.equal(parseLayout(other, 'one'), undefined, other);
});
