import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { OutputChunk } from '../container/stream-port.ts';
import { formatProgress, parseProgress } from './log-progress.ts';
import { readLog } from './log-reader.ts';
import type { LogShape } from './log-shape.ts';
import { LogWriter } from './log-writer.ts';
import { allOf } from './testing/all-of.ts';

/** A log whose program is killed, at every step of what it does with a piece of output, and taken up by the next one. */

const directory = mkdtempSync(join(tmpdir(), 'fl-test-crash-'));
let logs = 0;
const abandoned: LogWriter[] = [];

after(async () => {
  for (const writer of abandoned) await writer.close();
  rmSync(directory, { recursive: true });
});

function newPath(): string {
  const folder = join(directory, String(logs++));
  mkdirSync(folder);
  return join(folder, 'log');
}

/** The second pipe, as somebody else holds it: one piece of output, until it is let go of. */
class KeptPiece {
  #piece: OutputChunk | undefined;

  constructor(piece?: OutputChunk) {
    this.#piece = piece;
  }

  take(piece: OutputChunk): void {
    this.#piece = piece;
  }

  readonly letGo = (): void => {
    this.#piece = undefined;
  };

  left() {
    return this.#piece === undefined ? [] : [{ ...this.#piece, letGo: this.letGo }];
  }
}

const steps = ['taken', 'being written', 'written', 'noted', 'let go', 'done'] as const;

class Killed extends Error {}
const die = () => {
  throw new Killed();
};

/** Have a program be killed at a step with a piece. @param cut which part of what it wrote then the kernel had taken. */
async function killAt(
  step: (typeof steps)[number],
  writer: LogWriter,
  { path, kept, cut }: { readonly path: string; readonly kept: KeptPiece; readonly cut: number },
): Promise<void> {
  const piece = kept.left()[0];
  if (piece === undefined || step === 'taken') return;
  const [size, noted] = [statSync(path).size, readFileSync(`${path}.progress`)];
  const letGo = () => {
    if (step !== 'noted') kept.letGo();
    if (step !== 'done') die();
  };
  if (step === 'being written' || step === 'written') {
    await assert.rejects(async () => await writer.write(piece, die), Killed);
    writeFileSync(`${path}.progress`, noted);
    const grown = statSync(path).size - size;
    if (step === 'being written' && grown > 0) truncateSync(path, size + (cut % grown));
  } else if (step === 'done') {
    await writer.write(piece, letGo);
  } else {
    await assert.rejects(async () => await writer.write(piece, letGo), Killed);
  }
}

async function assertLogged(path: string, pieces: readonly OutputChunk[], note: string): Promise<void> {
  const lines = await allOf(readLog(path, { stdout: true, stderr: true, follow: false }));
  for (const stream of ['stdout', 'stderr'] as const) {
    const wanted = pieces.filter((piece) => piece.stream === stream).map(({ data }) => data);
    const found = lines.filter((line) => line.stream === stream).map(({ data }) => data);
    assert.equal(Buffer.concat(found).toString(), Buffer.concat(wanted).toString(), note);
    assert.ok(found.every((data) => !data.subarray(0, -1).includes(10)));
  }
}

const text = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom('\n', 'same\n', 'same\nsame\n', 'x'.repeat(9000), 'é'.repeat(10_000)),
);
const pieces = fc.array(
  fc.record({
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    data: fc.array(text, { minLength: 1, maxLength: 5 }).map((texts) => Buffer.from(texts.join('') || 'a')),
    step: fc.constantFrom(...steps),
    cut: fc.nat(),
  }),
  { maxLength: 8 },
);

test('each byte is in the log once, whenever its writer is killed', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, async (all) => {
      const path = newPath();
      const kept = new KeptPiece();
      for (const { stream, data, step, cut } of all) {
        const writer = await LogWriter.open(path, { left: kept.left() });
        assert.deepEqual(kept.left(), [], 'the next program has written what was left');
        abandoned.push(writer);
        kept.take({ stream, data });
        await killAt(step, writer, { path, kept, cut });
      }
      await (await LogWriter.open(path, { left: kept.left() })).close();
      await assertLogged(path, all, all.map(({ step }) => step).join());
    }),
    { numRuns: 60 },
  );
});

test('a writer that is killed while it takes up what another left does so without loss', async () => {
  for (const first of steps) {
    for (const second of ['being written', 'noted', 'let go'] as const) {
      const path = newPath();
      const piece = { stream: 'stdout', data: Buffer.from('one\ntwo\nthree\nfo') } as const;
      const kept = new KeptPiece();
      const writer = await LogWriter.open(path);
      abandoned.push(writer);
      kept.take(piece);
      await killAt(first, writer, { path, kept, cut: 100 });
      const noted = readFileSync(`${path}.progress`);
      const before = statSync(path).size;
      const left = kept.left().map((chunk) => ({
        ...chunk,
        letGo: () => {
          if (second === 'let go') kept.letGo();
          die();
        },
      }));
      if (left.length > 0) await assert.rejects(LogWriter.open(path, { left }), Killed);
      if (second === 'being written' && left.length > 0) {
        writeFileSync(`${path}.progress`, noted);
        truncateSync(path, Math.floor((before + statSync(path).size) / 2));
      }
      await (await LogWriter.open(path, { left: kept.left() })).close();
      await assertLogged(path, [piece], `${first}, ${second}`);
    }
  }
});

/** The files of a log as they are now, with those that its progress names by other inodes. */
function copyOf(path: string): string {
  const copy = newPath();
  const inodes = new Map<number, number>();
  for (const name of readdirSync(join(path, '..'))) {
    const [from, to] = [join(path, '..', name), join(copy, '..', name)];
    copyFileSync(from, to);
    inodes.set(statSync(from).ino, statSync(to).ino);
  }
  // Each record stays where it begins: the numbers of other inodes may be longer or shorter.
  const text = readFileSync(`${copy}.progress`, 'latin1');
  const renamed = Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(64)]);
  for (const { 0: line, index } of text.matchAll(/[^\0\n]+\n/g)) {
    const record = parseProgress(line);
    if (record === undefined) continue;
    const places = record.progress.places.map((place) => ({ ...place, inode: inodes.get(place.inode) ?? 0 }));
    renamed.write(formatProgress({ ...record, progress: { ...record.progress, places } }), index, 'latin1');
  }
  writeFileSync(`${copy}.progress`, renamed);
  return copy;
}

const shape: LogShape = { maxSize: 400, maxFiles: 100, compress: false };
const numbers = (from: number, to: number) => ({
  stream: 'stdout' as const,
  data: Buffer.from(Array.from({ length: to - from }, (_, index) => `${from + index}\n`).join('')),
});

/** What a program that is killed leaves: a copy of the files, and what is kept. */
interface Snapshot {
  readonly path: string;
  readonly left: OutputChunk | undefined;
}

/** Take a snapshot in every turn of the event loop while something is being done. */
async function snapshotsOf(path: string, kept: KeptPiece, work: Promise<unknown>): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  let isDone = false;
  const done = work.then(() => {
    isDone = true;
  });
  while (!isDone) {
    snapshots.push({ path: copyOf(path), left: kept.left()[0] });
    await turn();
  }
  await done;
  return snapshots;
}

/** The same if it had been killed between the two names that change when a file follows another. */
function withoutNewest({ path, left }: Snapshot): Snapshot[] {
  if (left === undefined || !existsSync(`${path}.1`)) return [];
  const copy = copyOf(path);
  truncateSync(copy);
  renameSync(copy, `${copy}.next`);
  return [{ path: copy, left }];
}

const keptOf = ({ left }: Snapshot) => new KeptPiece(left && { stream: left.stream, data: left.data });

async function assertTakenUp(snapshot: Snapshot, count: number): Promise<void> {
  const writer = await LogWriter.open(snapshot.path, { shape, left: keptOf(snapshot).left() });
  await writer.write(numbers(count, 50));
  await writer.close();
  await assertLogged(snapshot.path, [numbers(0, 50)], snapshot.path);
}

test('nor is anything lost or written twice when it is killed while one file follows another', async () => {
  const path = newPath();
  const kept = new KeptPiece();
  await using writer = await LogWriter.open(path, { shape });
  await writer.write(numbers(0, 2));
  kept.take(numbers(2, 30));
  const [piece] = kept.left();
  assert.ok(piece);
  const first = await snapshotsOf(path, kept, Promise.resolve(writer.write(piece, kept.letGo)));
  const cut = first.flatMap(withoutNewest);
  assert.ok(writer.generation > 3 && cut.length > 0);
  const middle = first[Math.floor(first.length / 2)];
  assert.ok(middle);
  const again = { path: copyOf(middle.path), kept: keptOf(middle) };
  for (const snapshot of [...first, ...cut]) await assertTakenUp(snapshot, 30);
  // And while the next one takes it up.
  const opening = LogWriter.open(again.path, { shape, left: again.kept.left() });
  const second = await snapshotsOf(again.path, again.kept, opening);
  abandoned.push(await opening);
  for (const snapshot of second) await assertTakenUp(snapshot, 30);
});

test('a line without end is written once, whenever the program is killed while it closes the log', async () => {
  const path = newPath();
  const writer = await LogWriter.open(path);
  await writer.write({ stream: 'stdout', data: Buffer.from('one\nprompt> ') });
  const [size, noted] = [statSync(path).size, readFileSync(`${path}.progress`)];
  await writer.close();
  assert.ok(statSync(path).size > size);
  writeFileSync(`${path}.progress`, noted);
  await (await LogWriter.open(path)).close();
  await assertLogged(path, [{ stream: 'stdout', data: Buffer.from('one\nprompt> ') }], 'closed twice');
});
