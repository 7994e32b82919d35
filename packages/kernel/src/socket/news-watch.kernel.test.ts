import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseInterfaceAddress } from '@fairlead/base';
import type { Change, KernelObject } from '@fairlead/netlink';
import { Kernel } from '../kernel.ts';
import { deleteNamespace, listNamespaces } from '../namespace/namespace.ts';
import { testNames } from '../testing/test-names.ts';

const names = testNames('news');
const namespace = `${names}host`;

function clean(): void {
  for (const name of listNamespaces()) if (name.startsWith(names)) deleteNamespace(name);
}

clean();
afterEach(clean);

/** An address that comes and goes so many times while nobody reads of it, and what is heard of that. */
async function heardOf(times: number): Promise<Map<string, number>> {
  using kernel = new Kernel();
  await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace } }]);
  const heard = new Map<string, number>();
  const onNews = ({ kind }: { readonly kind: string }) => void heard.set(kind, (heard.get(kind) ?? 0) + 1);
  using _watch = await kernel.watchNews(onNews, false, namespace);
  const address = parseInterfaceAddress('192.0.2.1/32');
  const object: KernelObject = { kind: 'address', namespace, link: 'lo', address };
  const changes = Array.from(
    { length: 2 * times },
    (_, index): Change => ({ action: index % 2 ? 'remove' : 'add', object }),
  );
  // All of it is made before the promise is returned.
  await kernel.apply(changes);
  await sleep(50);
  return heard;
}

test('a burst of changes is heard of, each of them', async () => {
  const heard = await heardOf(500);
  assert.deepEqual([heard.get('address-added'), heard.get('address'), heard.get('unheard')], [500, 500, undefined]);
});

test('it is told when there were more than the kernel keeps', async () => {
  const heard = await heardOf(8_000);
  assert.ok((heard.get('unheard') ?? 0) > 0, 'told');
  assert.ok((heard.get('address') ?? 0) < 8_000, 'there were more');
});
