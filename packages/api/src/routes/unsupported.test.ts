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
  ['GET /plugins?filters={"strange":["x"]}', 'invalid-argument', "invalid filter 'strange'"],
  ['GET /plugins/privileges?remote=x', 'not-implemented', `installing plugins ${lacking}`],
  ['POST /plugins/pull?remote=x', 'not-implemented', `installing plugins ${lacking}`],
  ['POST /plugins/create?name=a/b', 'not-implemented', `making plugins ${lacking}`],
  ['POST /plugins/a/b:latest/enable', 'not-found', 'plugin "a/b:latest" not found'],
  ['DELETE /plugins/x', 'not-found', 'plugin "x" not found'],
  ['GET /plugins/x/json', 'not-found', 'plugin "x" not found'],
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
