import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { buildContext, packDirectory } from './build-context.ts';

/** A folder for the length of a test. */
function folder(files: Readonly<Record<string, string>>): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'fl-context-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

async function listing(archive: AsyncIterable<Uint8Array>): Promise<string[]> {
  const input = await buffer(archive);
  return execFileSync('tar', ['-tf', '-'], { input, encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

test('what .dockerignore leaves out is not sent, but for itself and the Dockerfile', async () => {
  const table: [ignore: string, expected: string[]][] = [
    ['', ['.dockerignore', 'Dockerfile', 'a/', 'a/x.log', 'a/y', 'b']],
    ['*', ['.dockerignore', 'Dockerfile']],
    ['a', ['.dockerignore', 'Dockerfile', 'b']],
    ['**/*.log', ['.dockerignore', 'Dockerfile', 'a/', 'a/y', 'b']],
    ['a\n!a/y', ['.dockerignore', 'Dockerfile', 'a/y', 'b']],
    ['Dockerfile\n.dockerignore\nb', ['.dockerignore', 'Dockerfile', 'a/', 'a/x.log', 'a/y']],
  ];
  for (const [ignore, expected] of table) {
    using context = folder({ Dockerfile: 'FROM x', 'a/x.log': '', 'a/y': 'y', b: 'b', '.dockerignore': ignore });
    assert.deepEqual(await listing(packDirectory(context.path, 'Dockerfile')), expected, JSON.stringify(ignore));
  }
});

test('files are root’s and links stay links', async () => {
  using context = folder({ Dockerfile: 'FROM x', 'sub/été': 'content' });
  symlinkSync('nowhere', join(context.path, 'link'));
  const archive = await buffer(packDirectory(context.path, 'Dockerfile'));
  // Who has no language of his own is shown names by the numbers of their bytes.
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const list = ['--numeric-owner', '-tvf', '-'];
  const lines = execFileSync('tar', list, { input: archive, encoding: 'utf8', env }).split('\n');
  assert.match(lines[1] ?? '', /^lrwxrwxrwx 0\/0 .* link -> nowhere$/);
  assert.match(lines[3] ?? '', /^-rw-.* 0\/0 +7 .* sub\/été$/);
});

test('a Dockerfile may be elsewhere in the context, and only there', async () => {
  using context = folder({ 'deep/Other': 'FROM x', '.dockerignore': '*' });
  const { archive, dockerfile } = await buildContext(context.path, join(context.path, 'deep/Other'));
  assert.equal(dockerfile, 'deep/Other');
  assert.deepEqual(await listing(archive), ['.dockerignore', 'deep/Other']);
  await assert.rejects(buildContext(context.path, '/etc/passwd'), {
    message: 'the Dockerfile (/etc/passwd) must be within the build context',
  });
  await assert.rejects(buildContext(join(context.path, 'absent'), undefined), {
    message: /path ".*absent" not found$/,
  });
  await assert.rejects(buildContext('https://git.example/x', undefined), {
    message: /is not fetched: clone it first$/,
  });
  await assert.rejects(buildContext('-', '-'), { message: "can't use stdin for both build context and dockerfile" });
});
