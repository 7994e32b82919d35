import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePing } from './probe.ts';

test('the end of a ping says how many were lost', () => {
  const end = '\n--- 192.0.2.1 ping statistics ---\n120 packets transmitted, 100 packets received, 16% packet loss\n';
  assert.deepEqual(parsePing(end), { sent: 120, failed: 20 });
  assert.deepEqual(parsePing('7 packets transmitted, 6 packets received, 14% packet loss'), { sent: 7, failed: 0 });
  assert.throws(() => parsePing('ping: permission denied'), SyntaxError);
});
