import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatGoDuration, parseGoDuration } from './go-duration.ts';
import { goQuoteList, goQuoteNumber } from './go-text.ts';
import { healthCheckText } from './health-check.ts';

test('texts are quoted as Go quotes them', () => {
  assert.equal(
    goQuoteList(['a', 'b "c"', 'd\\n\n\t', '\x01\x7f', 'é日', "'"]),
    '["a" "b \\"c\\"" "d\\\\n\\n\\t" "\\x01\\x7f" "é日" "\'"]',
  );
  assert.deepEqual([0, 3, 10, 39, 65].map(goQuoteNumber), ["'\\x00'", "'\\x03'", "'\\n'", "'\\''", "'A'"]);
});

test('durations are written as Go writes them, and read back', () => {
  const table: [nanoseconds: number, text: string][] = [
    [0, '0s'],
    [1, '1ns'],
    [1500, '1.5µs'],
    [5e8, '500ms'],
    [1.5e9, '1.5s'],
    [9e10, '1m30s'],
    [3.6e12, '1h0m0s'],
  ];
  for (const [nanoseconds, text] of table) {
    assert.equal(formatGoDuration(nanoseconds), text);
    assert.equal(parseGoDuration(text), nanoseconds);
  }
});

test('a health check stands in the history as dockerd writes it', () => {
  const check = {
    test: ['CMD-SHELL', 'wget -q localhost'],
    interval: 5e9,
    timeout: 3e9,
    startPeriod: 0,
    startInterval: 0,
    retries: 3,
  };
  assert.equal(healthCheckText(check), '&{["CMD-SHELL" "wget -q localhost"] "5s" "3s" "0s" \'\\x03\'}');
});
