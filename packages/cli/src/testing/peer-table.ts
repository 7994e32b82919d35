import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { againstBase, RecordedEngine, type RecordedRequest, type ScriptedAnswer } from './recorded-engine.ts';
import { speak } from './spoken.ts';

/** What docker's own command has done, against an engine that answers by the same script. */
export interface PeerLine {
  /** Words; `{folder}` is where the files are. */
  readonly line: string;
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly changes: readonly RecordedRequest[];
}

/** Files that lines of a table name. */
export type Files = Readonly<Record<string, string>>;

/**
 * Hold every line of a table that docker 28.2.2 has written to the same words and the same requests.
 *
 * @param options.files what is in the folder.
 * @param options.base specification that updates are told as differences from.
 */
export function holdToPeer(
  table: readonly PeerLine[],
  answer: (method: string, path: string) => ScriptedAnswer,
  { files = {}, base }: { readonly files?: Files; readonly base?: unknown } = {},
): void {
  for (const { line, ...expected } of table) {
    test(`fairlead ${line} says and asks for the same as docker`, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'fairlead-peer-'));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
      const engine = new RecordedEngine(answer);
      const words = line.split(' ').map((word) => word.replaceAll('{folder}', folder.path).replaceAll('␣', ' '));
      const { code, out, err } = await speak(words, engine);
      const own = (text: string) => text.replaceAll(folder.path, '{folder}');
      const changes = engine.changes.map((change) => againstBase(change, base));
      const said = { code: Math.min(code, 1), out: own(out), err: own(err), changes };
      assert.deepEqual(said, expected);
    });
  }
}
