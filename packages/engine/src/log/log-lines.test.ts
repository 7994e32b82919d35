import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EntryBuffer, entrySuffix, parseEntry } from './log-entry.ts';
import { logLinesOf } from './log-lines.ts';
import type { LogLine } from './log-port.ts';

const shown = (lines: readonly LogLine[]) =>
  lines.map((line) => ({ ...line, data: Buffer.from(line.data).toString() }));

/** The same, entry by entry. */
function closely(block: Buffer): LogLine[] {
  const entries = block.toString().split('\n');
  return entries.flatMap((entry) => parseEntry(entry) ?? []);
}

for (const [what, text] of [
  ['nothing', ''],
  ['an entry without newline', '{"log":"a\\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}'],
  ['a piece of a line', '{"log":"a","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}\n'],
  ['an empty piece', '{"log":"","stream":"stderr","time":"2026-01-02T03:04:05.678901234Z"}\n'],
  ['a short time', '{"log":"a\\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}\n'],
  ['another order', '{"stream":"stderr","log":"a\\n","time":"2026-01-02T03:04:05.678901234Z"}\n'],
  ['another stream', '{"log":"a\\n","stream":"stdxyz","time":"2026-01-02T03:04:05.678901234Z"}\n'],
  ['no stream', '{"log":"a\\n","time":"2026-01-02T03:04:05.678901234Z"}\n'],
  ['what is no entry', '\n{"log":\n{"log":"a\\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"\n{}\n'],
  ['attributes', '{"log":"a\\n","stream":"stdout","attrs":{"a":"b"},"time":"2026-01-02T03:04:05.678901234Z"}\n'],
  ['a backslash before the end', '{"log":"a\\\\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}\n'],
  ['a tab at the end', '{"log":"a\\t","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}\n'],
] as const) {
  test(`a log with ${what} is read as it is entry by entry`, () => {
    assert.deepEqual(shown(logLinesOf(Buffer.from(text))), shown(closely(Buffer.from(text))));
  });
}

test('whatever is written is read as it is entry by entry', () => {
  const line = fc.record({
    text: fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constant('","stream":"stdout","time":"')),
    stream: fc.constantFrom('stdout', 'stderr'),
    complete: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const entries = new EntryBuffer();
      for (const { text, stream, complete } of lines) {
        const bytes = Buffer.from(text);
        entries.add(bytes, 0, bytes.length, complete, entrySuffix(stream, 1_767_323_045_678_901_234n));
      }
      const block = Buffer.from(entries.contents());
      assert.deepEqual(shown(logLinesOf(Buffer.from(block))), shown(closely(block)));
    }),
  );
});
