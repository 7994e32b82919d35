import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { chainIds, digestOf } from './document/digest.ts';
import { parseImageReference } from './document/image-reference.ts';
import { completed, MemoryTarget } from './testing/memory-target.ts';
import { type SampleImage, sampleImage, tarOf } from './testing/sample-image.ts';
import { pullImage } from './transfer/image-pull.ts';

/** Debian's docker-registry on a loopback port, with its blobs in a directory of its own. */
async function startRegistry(): Promise<{ host: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'fl-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const storage = `storage:\n  filesystem:\n    rootdirectory: ${directory}/data\n`;
  const config = `version: 0.1\n${storage}http:\n  addr: ${host}\nlog:\n  level: error\n`;
  await writeFile(join(directory, 'config.yml'), config);
  const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(directory, { recursive: true });
  };
  try {
    await untilItAnswers(host, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, [Symbol.asyncDispose]: stop };
}

async function untilItAnswers(host: string, child: { readonly exitCode: number | null }): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (child.exitCode !== null) break;
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(20);
  }
  throw new Error('docker-registry does not answer');
}

async function freePort(): Promise<number> {
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Push with a bare HTTP client: nothing of what is tested takes part. */
async function push(host: string, repository: string, tag: string, { manifest, blobs }: SampleImage): Promise<void> {
  for (const [digest, body] of blobs) {
    const upload = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(upload.headers.get('location') ?? '', `http://${host}`);
    location.searchParams.set('digest', digest);
    const put = await fetch(location, { method: 'PUT', body: Buffer.from(body) });
    assert.equal(put.status, 201);
  }
  const put = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'Content-Type': manifest.descriptor.mediaType },
    body: Buffer.from(manifest.bytes),
  });
  assert.equal(put.status, 201);
}

for (const docker of [false, true]) {
  it(`a ${docker ? 'Docker' : 'OCI'} image with busybox in it comes back from a real registry`, async () => {
    await using registry = await startRegistry();
    const busybox = await readFile('/bin/busybox');
    const tars = [
      await tarOf({ 'bin/busybox': { content: busybox, mode: 0o755 } }),
      await tarOf({ 'bin/sh': { linkTo: 'busybox' }, 'etc/hostname': { content: 'box\n' } }),
    ];
    const image = sampleImage(tars, { docker });
    await push(registry.host, 'library/busybox', 'test', image);
    const target = new MemoryTarget();
    const request = { target, platform: { os: 'linux', architecture: 'amd64' } };
    const reference = parseImageReference(`${registry.host}/library/busybox:test`);
    const { progress, result } = await completed(pullImage({ ...request, reference }));
    assert.deepEqual(result.config.digest, image.config.digest);
    assert.deepEqual(target.unpacked, chainIds(tars.map(digestOf)));
    assert.deepEqual([progress.at(-1)?.status, result.isNew], [`Digest: ${image.manifest.descriptor.digest}`, true]);
    const missing = parseImageReference(`${registry.host}/library/busybox:other`);
    await assert.rejects(completed(pullImage({ ...request, reference: missing })), {
      code: 'not-found',
      message: `manifest for ${registry.host}/library/busybox:other not found: manifest unknown: manifest unknown`,
    });
  });
}
