import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installedProgram, pathDirectories, runningProcess } from './host-program.ts';

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'fl-programs-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the first executable file of a name is the program', () => {
  inFolder((folder) => {
    const directories = ['directory', 'text', 'first', 'second'].map((name) => join(folder, name));
    for (const directory of directories) mkdirSync(directory);
    mkdirSync(join(folder, 'directory', 'tool'));
    writeFileSync(join(folder, 'text', 'tool'), '', { mode: 0o644 });
    for (const name of ['first', 'second']) writeFileSync(join(folder, name, 'tool'), '', { mode: 0o755 });
    assert.equal(installedProgram('tool', directories), join(folder, 'first', 'tool'));
    assert.equal(installedProgram('other', directories), undefined);
  });
});

test('directories of a PATH that depend on where one stands are none', () => {
  assert.deepEqual(pathDirectories('/usr/bin::.:bin:/bin'), ['/usr/bin', '/bin']);
});

test('a process is told by a word of its command line, for its number may be another’s by now', () => {
  inFolder((folder) => {
    const pidFile = join(folder, 'pid');
    const find = (word: string) => runningProcess(pidFile, (candidate) => candidate === word);
    assert.equal(find(process.execPath), undefined);
    writeFileSync(pidFile, `${process.pid}\n`);
    assert.equal(find(process.argv0), process.pid);
    assert.equal(find('no word of this process'), undefined);
    for (const text of ['', 'no number', '0', '99999999']) {
      writeFileSync(pidFile, text);
      assert.equal(find(process.argv0), undefined, text);
    }
  });
});
