import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { FairleadError, silentLogger } from '@fairlead/base';
import { Authorization, type Authorizer, type Incoming, type RequestCase } from './authorization.ts';
import type { ApiRequest } from './request.ts';
import { type ApiResponse, json, jsonLines } from './response.ts';

const common = { Server: 'Fairlead' };

async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

/** A request to a route, as the dispatcher has it. */
function request(headers: Record<string, string>, body: string, target: string): [Incoming, ApiRequest] {
  const message = { url: target, headers, socket: new Socket() };
  const rest = { parameters: {}, query: new URLSearchParams(), signal: new AbortController().signal };
  return [message, { ...rest, method: 'POST', version: 51 as ApiRequest['version'], headers, body: pieces(body) }];
}

interface Situation {
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly target?: string;
  readonly answer?: ApiResponse;
  /** What the second of two says; the first one allows everything. */
  readonly judge?: (about: RequestCase) => { readonly allowed: boolean; readonly reason: string };
}

/** What was asked, what was read by the route, and what came of it. */
async function carriedOut({ headers = {}, body = '', target = '/x', answer = json({ a: 1 }), judge }: Situation) {
  const asked: RequestCase[] = [];
  const allowed = { allowed: true, reason: '' };
  const note = async (about: RequestCase) => {
    asked.push(about);
    return allowed;
  };
  const first: Authorizer = { name: 'first', judge: note };
  const second: Authorizer = { name: 'second', judge: async (about) => judge?.(about) ?? allowed };
  let read: string | undefined;
  const handle = async ({ body: given }: ApiRequest) => {
    read = Buffer.concat(await Array.fromAsync(given)).toString();
    return answer;
  };
  const authorization = new Authorization([first, second], common, silentLogger);
  const result = await authorization.handle(...request(headers, body, target), handle).catch((error: unknown) => error);
  return { asked, read, result };
}

const jsonType = { 'content-type': 'application/json; charset=utf-8' };
const textOf = (body: Uint8Array | undefined) => body && Buffer.from(body).toString();

test('JSON is shown and still there for who carries the request out; the answer is shown before it is sent', async () => {
  const { asked, read, result } = await carriedOut({ headers: jsonType, body: '{"b":2}' });
  assert.deepEqual([read, (result as ApiResponse).kind], ['{"b":2}', 'plain']);
  const [before, after] = asked;
  assert.deepEqual(before?.headers, { 'Content-Type': 'application/json; charset=utf-8' });
  assert.deepEqual([textOf(before?.body), before?.answer], ['{"b":2}', undefined]);
  assert.deepEqual([after?.answer?.status, textOf(after?.answer?.body)], [200, '{"a":1}\n']);
  assert.deepEqual(after?.answer?.headers, { Server: 'Fairlead', 'Content-Type': 'application/json' });
});

test('neither archives nor credentials nor streams are shown', async () => {
  const tar = await carriedOut({ headers: { 'content-type': 'application/x-tar' }, body: 'tar' });
  assert.deepEqual([tar.asked[0]?.body, tar.read], [undefined, 'tar']);
  const secret = { ...jsonType, 'x-registry-auth': 'a', authorization: 'b', 'X-Registry-Config': 'c' };
  for (const target of ['/auth', '/v1.51/auth?x=y']) {
    const { asked } = await carriedOut({ headers: secret, body: '{}', target });
    assert.deepEqual([asked[0]?.body, asked[1]?.answer?.body], [undefined, undefined]);
    assert.deepEqual(Object.keys(asked[0]?.headers ?? {}), ['Content-Type']);
  }
  const { asked } = await carriedOut({ answer: jsonLines(pieces('x')) });
  assert.deepEqual([asked[1]?.answer?.status, asked[1]?.answer?.body], [200, undefined]);
});

test('what one of them denies is not carried out, or not shown', async () => {
  const no = { allowed: false, reason: 'no' };
  const forbidden = { code: 'forbidden', message: 'authorization denied by plugin second: no' };
  const before = await carriedOut({ judge: () => no });
  assert.ok(before.result instanceof FairleadError);
  assert.deepEqual({ code: before.result.code, message: before.result.message }, forbidden);
  assert.deepEqual([before.read, before.asked.length], [undefined, 1]);
  const after = await carriedOut({ judge: ({ answer }) => (answer ? no : { allowed: true, reason: '' }) });
  assert.deepEqual([after.read, (after.result as Error).message], ['', forbidden.message]);
});

test('one that does not answer denies, and so does a body that nobody could look at', async () => {
  const silent = await carriedOut({
    judge: () => {
      throw new Error('gone');
    },
  });
  assert.equal((silent.result as Error).message, 'plugin second failed with error: gone');
  const long = await carriedOut({ headers: jsonType, body: 'x'.repeat(4 * 1024 * 1024 + 1) });
  const message = 'request body too large for authorization plugin: size exceeds 4194304 bytes';
  assert.deepEqual([(long.result as Error).message, long.asked.length], [message, 0]);
});

test('they hear of what fails, and cannot change how', async () => {
  const asked: RequestCase[] = [];
  const judge = async (about: RequestCase) => {
    asked.push(about);
    return { allowed: about.answer === undefined, reason: 'never' };
  };
  const authorization = new Authorization([{ name: 'one', judge }], common, silentLogger);
  const failure = new FairleadError('not-found', 'No such thing');
  const handle = () => Promise.reject(failure);
  await assert.rejects(authorization.handle(...request({}, '', '/x'), handle), failure);
  assert.deepEqual(asked.at(-1)?.answer, { status: 0, headers: {} });
});
