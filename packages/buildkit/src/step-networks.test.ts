import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { StepNetworks } from './step-networks.ts';

const programs = resolve(import.meta.dirname, '../programs/network');

/** What a CNI plugin says when it is asked as buildkitd asks. */
async function asked(plugin: string, command: string, socket = ''): Promise<{ code: number; answer: unknown }> {
  const cni = { CNI_COMMAND: command, CNI_CONTAINERID: 'step', CNI_NETNS: '/netns', CNI_IFNAME: 'eth0' };
  const env = { ...process.env, ...cni, FAIRLEAD_NODE: process.execPath, FAIRLEAD_STEPS: socket };
  const { promise, resolve: done } = Promise.withResolvers<{ code: number; answer: unknown }>();
  const child = execFile(join(programs, plugin), { env }, (error, stdout) => {
    done({ code: error === null ? 0 : Number(error.code), answer: stdout === '' ? undefined : JSON.parse(stdout) });
  });
  // Not all of them read it.
  child.stdin?.on('error', () => {}).end('{}');
  return await promise;
}

test('a step gets its network of the engine, which hears of its end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-steps-'));
  const socket = join(folder, 'network.sock');
  const heard: string[] = [];
  const networks = await StepNetworks.listen(socket, {
    attach: async (id, path) => {
      heard.push(`attach ${id} ${path}`);
      if (heard.length > 2) throw new Error('no address left');
      return { name: 'eth0', mac: '02:42:ac:11:00:02', addresses: ['172.17.0.2/16', 'fd00::2/64'] };
    },
    detach: async (id, path) => void heard.push(`detach ${id} ${path}`),
  });
  try {
    assert.deepEqual(await asked('fairlead-step', 'ADD', socket), {
      code: 0,
      answer: {
        cniVersion: '0.4.0',
        interfaces: [{ name: 'eth0', mac: '02:42:ac:11:00:02', sandbox: '/netns' }],
        ips: [
          { version: '4', address: '172.17.0.2/16', interface: 0 },
          { version: '6', address: 'fd00::2/64', interface: 0 },
        ],
      },
    });
    assert.equal((await asked('fairlead-step', 'DEL', socket)).code, 0);
    const refusal = { cniVersion: '0.4.0', code: 100, msg: 'no address left' };
    assert.deepEqual(await asked('fairlead-step', 'ADD', socket), { code: 1, answer: refusal });
    assert.deepEqual(heard, ['attach step /netns', 'detach step /netns', 'attach step /netns']);
  } finally {
    await networks[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
});

test('a plugin whose engine is gone says so, and knows its versions without one', async () => {
  const lost = { cniVersion: '0.4.0', code: 11, msg: 'the engine does not answer' };
  assert.deepEqual(await asked('fairlead-step', 'ADD', '/nonexistent'), { code: 1, answer: lost });
  for (const plugin of ['fairlead-step', 'loopback']) {
    const { code, answer } = await asked(plugin, 'VERSION');
    assert.equal(code, 0);
    assert.match(JSON.stringify(answer), /"supportedVersions":\["0\.3\.1","0\.4\.0"\]/);
  }
  assert.deepEqual(await asked('loopback', 'ADD'), { code: 0, answer: { cniVersion: '0.3.1' } });
});
