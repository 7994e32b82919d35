import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const client = join(import.meta.dirname, 'api-client.ts');

test('a socket that the user may not write to is told from one that nobody listens on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-'));
  const path = join(folder, 'docker.sock');
  const server = createServer().listen(path);
  try {
    // The modules are read first: another user may not be allowed to.
    const script = `
      const { ApiClient } = await import(${JSON.stringify(client)});
      process.setuid(65534);
      const say = ({ code, message }) => console.log(code, message);
      await new ApiClient(${JSON.stringify(`unix://${path}`)}).text('GET', '/_ping').catch(say);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    assert.equal(
      stdout,
      `forbidden permission denied while trying to connect to the Docker daemon socket at unix://${path}\n`,
    );
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
