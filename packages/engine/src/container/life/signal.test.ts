import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSignal } from './signal.ts';

test('signals go by number and by name, in any spelling', () => {
  const cases: [string, number][] = [
    ['9', 9],
    ['KILL', 9],
    ['SIGKILL', 9],
    ['sigkill', 9],
    ['Term', 15],
    ['HUP', 1],
    ['SIGUSR1', 10],
    ['WINCH', 28],
    ['RTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['RTMAX-1', 63],
    ['SIGRTMAX', 64],
    ['64', 64],
  ];
  for (const [text, number] of cases) assert.equal(parseSignal(text), number, text);
});

test('what is no signal is refused by its own name', () => {
  for (const text of ['', '0', '9.5', 'SIG', 'NOSUCH', 'RTMIN+31', 'RTMAX+1', '1e1', ' 9']) {
    assert.throws(() => parseSignal(text), { code: 'invalid-argument', message: `invalid signal: ${text}` });
  }
  for (const text of ['65', '-9', '32', '33']) {
    const message = `the linux daemon does not support signal ${text}`;
    assert.throws(() => parseSignal(text), { code: 'invalid-argument', message });
  }
});
