import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveFake } from '../testing/index.ts';
import { startContainer } from '../testing/requests.ts';

test('who is on a network stands in the list before version 1.28; from then on the key is there, and empty', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['sleep', '1000']);
  const shown = async (version: string) => {
    type Listed = { readonly Name: string; readonly Containers: Readonly<Record<string, unknown>> };
    const list = await fake.client.json<Listed[]>('GET', `/v${version}/networks`);
    return Object.keys(list.find(({ Name }) => Name === 'bridge')?.Containers ?? { absent: true });
  };
  assert.deepEqual(await Promise.all(['1.27', '1.28', '1.51'].map(shown)), [[id], [], []]);
});
