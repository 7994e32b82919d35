import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import { serveFake } from '../testing/index.ts';

const manager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and ' +
  'try again.';
const lacking = 'is not supported yet by this version of Fairlead';

const cases: readonly (readonly [request: string, code: string, message: string])[] = [
  ['GET /services', 'unavailable', manager],
  ['POST /services/create', 'unavailable', manager],
  ['GET /tasks/x/logs?stdout=1', 'unavailable', manager],
  ['GET /images/search?term=x', 'not-implemented', `searching registries ${lacking}`],
];

for (const [request, code, message] of cases) {
  test(`what there is not is answered in Docker’s words: ${request}`, async () => {
    await using fake = await serveFake();
    const [method = '', path = ''] = request.split(' ');
    await assert.rejects(fake.client.text(method, path), (error) => {
      assert.ok(error instanceof FairleadError);
      assert.deepEqual([error.code, error.message], [code, message]);
      return true;
    });
  });
}
