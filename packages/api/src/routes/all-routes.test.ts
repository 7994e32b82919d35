import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteGroup } from '../http/route.ts';
import { FakeEngine } from '../testing/fake-engine.ts';
import { allRoutes } from './all-routes.ts';

const groups = allRoutes(new FakeEngine(), '1.2.3', async () => 'http://127.0.0.1:1/open/key').filter(
  (part): part is RouteGroup => 'load' in part,
);

test('every row that is loaded later is in a group that leads to it', async () => {
  const rows = await Promise.all(
    groups.map(async ({ below, load }) => (await load()).map(({ method, pattern }) => ({ below, method, pattern }))),
  );
  const isReached = ({ below, pattern }: { readonly below: string; readonly pattern: string }) =>
    pattern === below || pattern.startsWith(`${below}/`);
  const reached = new Set(
    rows
      .flat()
      .filter(isReached)
      .map(({ method, pattern }) => `${method} ${pattern}`),
  );
  for (const { method, pattern } of rows.flat()) assert.ok(reached.has(`${method} ${pattern}`), pattern);
});

test('each group names exactly those of its rows that may be hijacked', async () => {
  for (const { below, hijacked = [], load } of groups) {
    const rows = (await load()).filter(({ hijack }) => hijack);
    assert.deepEqual(
      hijacked,
      rows.map(({ method, pattern }) => ({ method, pattern })),
      below,
    );
  }
});
