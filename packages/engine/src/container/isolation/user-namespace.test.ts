import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '../configuration/container-config.ts';
import { sampleContainer } from '../testing/sample-container.ts';
import { identitiesOf, requireFitForUserNamespace, requireSameUsers, rootOf } from './user-namespace.ts';

const ranges = [{ inside: 0, outside: 100_000, count: 65_536 }];
const identities = { users: ranges, groups: ranges };
const config = (host: Partial<HostConfig>, mode = '') =>
  sampleContainer({ host, config: { other: { config: {}, host: { UsernsMode: mode } } } }).config;

test('a container has the daemon’s identities unless it stays among the host’s', () => {
  assert.equal(identitiesOf(config({}), { identities }), identities);
  assert.equal(identitiesOf(config({}, 'host'), { identities }), undefined);
  assert.equal(identitiesOf(config({}), {}), undefined);
  assert.deepEqual(rootOf(identities), { uid: 100_000, gid: 100_000 });
  assert.equal(rootOf(undefined), undefined);
});

for (const [host, message] of [
  [{ privileged: true }, /^privileged mode is incompatible with user namespaces\. {2}You must run/],
  [{ networkMode: 'host' }, /^cannot share the host's network namespace when user namespaces are enabled$/],
  [{ pidMode: 'host' }, /^cannot share the host PID namespace when user namespaces are enabled$/],
] as const) {
  test(`a user namespace cannot have ${JSON.stringify(host)}`, () => {
    assert.throws(() => requireFitForUserNamespace(config(host), { identities }), {
      code: 'invalid-argument',
      message,
    });
    requireFitForUserNamespace(config(host, 'host'), { identities });
    requireFitForUserNamespace(config(host), {});
  });
}

test('namespaces are shared only with who is in the same user namespace', () => {
  const table = { find: () => ({ ...sampleContainer({}), sandbox: 'theirs' }) };
  const joiner = config({ pidMode: 'container:other' });
  const refused = { code: 'conflict', message: /^cannot join PID of a container with another user namespace/ };
  assert.throws(() => requireSameUsers(joiner, { id: 'ours', identities }, identities, table), refused);
  requireSameUsers(joiner, { id: 'theirs', identities: { ...identities } }, identities, table);
  requireSameUsers(joiner, { id: 'ours' }, undefined, table);
});

test('a network is shared only with who has the same users, or with the host’s', () => {
  const table = { find: () => assert.fail() };
  const refused = { code: 'conflict', message: 'cannot join network of a container with another user namespace' };
  for (const others of [undefined, { users: [], groups: [] }]) {
    const sandbox = { id: 'theirs', ...(others && { identities: others }) };
    assert.throws(() => requireSameUsers(config({}), sandbox, identities, table), refused);
    requireSameUsers(config({}), sandbox, undefined, table);
  }
});
