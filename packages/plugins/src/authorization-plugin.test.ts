import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuthorizationCase, AuthorizationPlugin } from './authorization-plugin.ts';

const plain: AuthorizationCase = { method: 'GET', target: '/v1.51/info?a=b', headers: {} };

async function asked(about: AuthorizationCase, answer: unknown = { Allow: true }) {
  const calls: unknown[] = [];
  const call = async (method: string, body?: unknown) => {
    calls.push([method, body]);
    return answer;
  };
  const verdict = await new AuthorizationPlugin('plug', { call }).judge(about);
  return { calls, verdict };
}

test('a request is told without what is empty', async () => {
  const { calls } = await asked(plain);
  assert.deepEqual(calls, [['AuthZPlugin.AuthZReq', { RequestMethod: 'GET', RequestUri: '/v1.51/info?a=b' }]]);
});

test('bodies and certificates are base64', async () => {
  const body = Buffer.from('{}');
  const answer = { status: 200, headers: { Server: 'x' }, body };
  const { calls } = await asked({ ...plain, user: 'me', headers: { A: 'b' }, body, certificates: ['PEM'], answer });
  assert.deepEqual(calls, [
    [
      'AuthZPlugin.AuthZRes',
      {
        ...{ User: 'me', UserAuthNMethod: 'TLS', RequestMethod: 'GET', RequestUri: '/v1.51/info?a=b' },
        ...{ RequestBody: 'e30=', RequestHeaders: { A: 'b' }, RequestPeerCertificates: ['UEVN'] },
        ...{ ResponseStatusCode: 200, ResponseBody: 'e30=', ResponseHeaders: { Server: 'x' } },
      },
    ],
  ]);
});

test('the answer to a request that has failed has neither status nor anything else', async () => {
  const { calls } = await asked({ ...plain, answer: { status: 0, headers: {} } });
  assert.deepEqual(calls, [['AuthZPlugin.AuthZRes', { RequestMethod: 'GET', RequestUri: '/v1.51/info?a=b' }]]);
});

test('nothing is allowed but by a plain yes', async () => {
  const verdictOn = async (answer: unknown) => (await asked(plain, answer)).verdict;
  assert.deepEqual(await verdictOn({ Allow: true, Msg: 'fine' }), { allowed: true, reason: 'fine' });
  for (const answer of [{}, { Allow: 'true' }, { Allow: 1 }, null, []]) {
    assert.deepEqual(await verdictOn(answer), { allowed: false, reason: '' });
  }
  assert.deepEqual(await verdictOn({ Allow: false, Msg: 'no' }), { allowed: false, reason: 'no' });
});
