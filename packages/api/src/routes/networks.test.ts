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

test('several networks whose ids begin alike are told of in one order of words where one is inspected, and in another elsewhere', async () => {
  await using fake = await serveFake();
  const ids: string[] = [];
  // Ids are random: of seventeen two begin alike.
  for (let count = 0; count < 17; count++) {
    const body = { Name: `net${count}` };
    ids.push((await fake.client.json<{ Id: string }>('POST', '/networks/create', { body })).Id);
  }
  const all = (await fake.client.json<{ Id: string }[]>('GET', '/networks')).map(({ Id }) => Id);
  const countOf = (prefix: string) => all.filter((id) => id.startsWith(prefix)).length;
  const prefix = ids.map((id) => id.slice(0, 1)).find((first) => countOf(first) > 1) ?? '';
  const found = `${countOf(prefix)} matches found based on ID prefix`;
  const refusal = (method: string) => fake.client.text(method, `/networks/${prefix}`);
  await assert.rejects(refusal('GET'), {
    code: 'invalid-argument',
    message: `${found}: network ${prefix} is ambiguous`,
  });
  await assert.rejects(refusal('DELETE'), { message: `network ${prefix} is ambiguous (${found})` });
});
