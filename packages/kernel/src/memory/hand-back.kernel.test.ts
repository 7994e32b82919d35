import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

/** What a program of its own prints as JSON: that of the tests shall keep its memory. */
function answerOf(program: string): Record<string, number> {
  const words = ['--input-type=module', '--disable-warning=ExperimentalWarning', '--eval', program];
  return JSON.parse(
    execFileSync(process.execPath, words, { encoding: 'utf8', cwd: import.meta.dirname, timeout: 60_000 }),
  );
}

const surroundings = `
  import { readFileSync } from 'node:fs';
  import { cachedDataVersionTag } from 'node:v8';
  import { handBackGarbage, handBackProgram } from './hand-back.ts';
  import { residentIn } from './rest.ts';
  const resident = () => residentIn(readFileSync('/proc/self/status', 'utf8'));
`;

test('a program hands back most of its own code, loses nothing that it wrote, and goes on', () => {
  const seen = answerOf(`${surroundings}
    // Pages of the program's file that were written to: data, and what the linker writes and then protects.
    const written = () => readFileSync('/proc/self/smaps', 'utf8')
      .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
      .filter((piece) => piece.split('\\n', 1)[0].endsWith(process.execPath))
      .reduce((sum, piece) => sum + Number(/^Anonymous: +(\\d+) kB$/m.exec(piece)[1]), 0);
    const [before, writtenBefore] = [resident(), written()];
    handBackProgram();
    const [after, writtenAfter] = [resident(), written()];
    // Much of Node that was not needed until now, or not any more.
    const { createHash } = await import('node:crypto');
    const { gzipSync, gunzipSync } = await import('node:zlib');
    const text = JSON.stringify(Array.from({ length: 10_000 }, (_, index) => ({ index, name: 'n' + index })));
    const isSame = gunzipSync(gzipSync(text)).toString() === text;
    const isRight = createHash('sha256').update('abc').digest('hex').startsWith('ba7816bf');
    const works = Number(isSame && isRight && new Intl.NumberFormat('en').format(1234) === '1,234');
    console.log(JSON.stringify({ before: before.files, after: after.files, writtenBefore, writtenAfter, works }));`);
  const { before = 0, after = 0, writtenBefore = 0, writtenAfter = 0, works } = seen;
  assert.ok(after < before / 2, JSON.stringify(seen));
  assert.ok(writtenBefore > 0 && writtenAfter >= writtenBefore, JSON.stringify(seen));
  assert.equal(works, 1);
});

test('garbage is collected, and its pages are given back', () => {
  const seen = answerOf(`${surroundings}
    const start = resident().own;
    let objects = Array.from({ length: 300_000 }, (_, index) => ({ index, text: 'text ' + index }));
    let buffers = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(10_000).fill(1));
    const kept = Buffer.alloc(1 << 20, 'kept');
    const full = resident().own;
    objects = buffers = undefined;
    handBackGarbage();
    console.log(JSON.stringify({
      start, full, after: resident().own,
      kept: Number(kept.equals(Buffer.alloc(1 << 20, 'kept'))),
    }));`);
  const { start = 0, full = 0, after = 0, kept } = seen;
  assert.ok(full - start > 30e6, JSON.stringify(seen));
  assert.ok(after - start < (full - start) / 4, JSON.stringify(seen));
  assert.equal(kept, 1);
});

test('code that was compiled before is taken as it is afterwards: the collector’s flag is taken back', () => {
  const seen = answerOf(`${surroundings}
    const before = cachedDataVersionTag();
    handBackGarbage();
    console.log(JSON.stringify({ before, after: cachedDataVersionTag(), exposed: Number('gc' in globalThis) }));`);
  assert.equal(seen['before'], seen['after']);
  assert.equal(seen['exposed'], 0);
});

test('a process that comes to rest prepares once, and has handed back what that left behind too', () => {
  const seen = answerOf(`${surroundings}
    import { handBackAtRest } from './rest.ts';
    let prepared = 0;
    let full;
    handBackAtRest({
      prepare: async () => {
        prepared += 1;
        const objects = Array.from({ length: 300_000 }, (_, index) => ({ index, text: 'text ' + index }));
        full = { ...resident(), objects: objects.length };
      },
      onError: (error) => { throw error; },
    });
    setInterval(() => {
      const now = resident();
      if (full === undefined || now.files > full.files / 2 || now.own > full.own - 15e6) return;
      console.log(JSON.stringify({ prepared, full: full.own, now: now.own }));
      process.exit(0);
    }, 500);`);
  assert.equal(seen['prepared'], 1);
});
