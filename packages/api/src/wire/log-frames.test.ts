import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '@fairlead/engine';
import { logFrames } from './log-frames.ts';
import { StdcopyDecoder } from './stdcopy.ts';

const lines: readonly LogLine[] = [
  { stream: 'stdout', data: Buffer.from('eins\n'), time: '2026-01-02T03:04:05.678901234Z' },
  {
    stream: 'stderr',
    data: Buffer.from('zw\u00f6lf\n'),
    time: '2026-01-02T03:04:05.6Z',
    attributes: { b: '2 \u00e9', a: '1' },
  },
  { stream: 'stdout', data: Buffer.from(''), time: '2026-01-02T03:04:05Z' },
];
const plain = { tty: false, timestamps: false, details: false };

function shown(format: Partial<typeof plain>): string[] {
  const frames = new StdcopyDecoder().push(logFrames(lines, { ...plain, ...format }));
  return frames.map(({ stream, data }) => `${stream} ${Buffer.from(data)}`);
}

test('every line has a frame', () => {
  assert.deepEqual(shown({}), ['stdout eins\n', 'stderr zw\u00f6lf\n', 'stdout ']);
});

test('times have all digits and stand first, then what the log says of the container', () => {
  assert.deepEqual(shown({ timestamps: true, details: true }), [
    'stdout 2026-01-02T03:04:05.678901234Z  eins\n',
    'stderr 2026-01-02T03:04:05.600000000Z a=1,b=2+%C3%A9 zw\u00f6lf\n',
    'stdout 2026-01-02T03:04:05.000000000Z  ',
  ]);
});

test('the lines of a terminal have no frames', () => {
  assert.equal(String(logFrames(lines, { ...plain, tty: true })), 'eins\nzw\u00f6lf\n');
});
