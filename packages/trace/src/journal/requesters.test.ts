import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, routeMessage } from '@fairlead/netlink';
import type { RequesterRecord } from '../program/requester-record.ts';
import { isAskedFor, Requesters } from './requesters.ts';

function message(type: number, index: number, port = 0): Message {
  const body = new Uint8Array(40);
  new DataView(body.buffer).setUint32(4, index, true);
  return { type, flags: 0, sequence: 7, port, body };
}

/** What a program tells of it, in whose name it was sent. */
function told({ type, flags, sequence, port = 0, body }: Message, program: string): RequesterRecord {
  const beginning = new Uint8Array(32);
  const view = new DataView(beginning.buffer);
  view.setUint32(0, 16 + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, port, true);
  beginning.set(body.subarray(0, 16), 16);
  return { beginning, processId: 4711, program };
}

test('a notification is known by how it begins, whichever was told of first', () => {
  const [one, other] = [message(routeMessage.newLink, 1), message(routeMessage.newLink, 2)];
  const requesters = new Requesters();
  requesters.note(told(one, 'ip'));
  requesters.note(told(other, 'ifconfig'));
  assert.equal(requesters.take(other)?.program, 'ifconfig');
  assert.equal(requesters.take(one)?.program, 'ip');
  assert.equal(requesters.take(one), undefined, 'each is taken once');
});

test('of notifications that begin alike the first was told of first', () => {
  const same = message(routeMessage.newLink, 1);
  const requesters = new Requesters();
  for (const program of ['ip', 'kworker/0:1']) requesters.note(told(same, program));
  assert.deepEqual([requesters.take(same)?.program, requesters.take(same)?.program], ['ip', 'kworker/0:1']);
});

test('what was lost is not waited for', () => {
  const requesters = new Requesters();
  requesters.note(told(message(routeMessage.newLink, 1), 'ip'));
  requesters.forget();
  assert.equal(requesters.take(message(routeMessage.newLink, 1)), undefined);
  for (let index = 0; index < 3000; index++) requesters.note(told(message(routeMessage.newLink, index), 'ip'));
  assert.equal(requesters.take(message(routeMessage.newLink, 0)), undefined);
  assert.equal(requesters.take(message(routeMessage.newLink, 2999))?.processId, 4711);
});

test('what is done without a request is of the one who runs, but for what packets bring about', () => {
  const address = (family: number, port: number, type: number = routeMessage.newAddress): Message => {
    const body = new Uint8Array(24);
    body[0] = family;
    return { type, flags: 0, sequence: 0, port, body };
  };
  assert.equal(isAskedFor(message(routeMessage.newLink, 1)), true);
  assert.equal(isAskedFor(address(2, 0)), true);
  assert.equal(isAskedFor(address(10, 0)), false);
  assert.equal(isAskedFor(address(10, 4711)), true);
  assert.equal(isAskedFor(address(10, 0, routeMessage.deleteAddress)), true, 'with an interface that goes, say');
});
