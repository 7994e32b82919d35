import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetlinkSocket } from './netlink-socket.ts';

test('more sockets are closed at once than the library has calls on worker threads', () => {
  // 256 in koffi, which refuses the next (max_async_calls).
  const sockets = Array.from({ length: 600 }, () => new NetlinkSocket('netfilter'));
  const failures = sockets.flatMap((socket) => {
    try {
      socket[Symbol.dispose]();
      return [];
    } catch (error) {
      return [error];
    }
  });
  assert.deepEqual(failures, []);
});
