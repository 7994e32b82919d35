import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { listNamespaces, OpenNamespace } from '@fairlead/kernel';
import { dumpChainsMessage, summarizeChain } from '@fairlead/netlink';
import { rehearseTrace } from './rehearse.ts';

/** Namespaces that this process holds, by any descriptor. */
function heldNamespaces(): string[] {
  const links = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return '';
    }
  });
  return [...new Set(links.filter((link) => link.startsWith('net:')))];
}

test('a trace is rehearsed where nobody is, and nothing is left of it', async () => {
  using host = new OpenNamespace('');
  const chains = () => host.netfilter.execute('list chains', dumpChainsMessage()).map(summarizeChain);
  const before = { chains: chains(), pinned: listNamespaces(), held: heldNamespaces() };
  assert.deepEqual(await rehearseTrace(), ['delivered', 'refused']);
  assert.deepEqual({ chains: chains(), pinned: listNamespaces(), held: heldNamespaces() }, before);
});
