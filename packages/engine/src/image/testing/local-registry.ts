import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real registry on the loopback interface, for one test. Disposing it ends it and removes what it holds. */
export interface LocalRegistry extends AsyncDisposable {
  /** Host and port. */
  readonly host: string;
  /** Push an image of these layers (lowest first) and return its manifest's digest and its config's. */
  push(repository: string, tag: string, layers: readonly Uint8Array[]): Promise<{ manifest: string; config: string }>;
  /** Where it keeps a blob. */
  fileOf(blob: string): string;
}

/** Start Debian's docker-registry. */
export async function localRegistry(): Promise<LocalRegistry> {
  const directory = mkdtempSync(join(tmpdir(), 'fl-test-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const config = { version: 0.1, log: { level: 'error' }, storage: { filesystem: { rootdirectory: directory } } };
  const file = join(directory, 'config.yml');
  writeFileSync(file, JSON.stringify({ ...config, http: { addr: host } }));
  const process = spawn('docker-registry', ['serve', file], { stdio: 'ignore' });
  const ended = once(process, 'exit');
  while (!(await answers(host))) await sleep(10);
  return {
    host,
    push: (repository, tag, layers) => push(`http://${host}/v2/${repository}`, tag, layers),
    fileOf: (blob) => {
      const hex = blob.slice('sha256:'.length);
      return join(directory, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    },
    async [Symbol.asyncDispose]() {
      process.kill();
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

async function push(base: string, tag: string, tars: readonly Uint8Array[]) {
  const layers = await Promise.all(tars.map((tar) => pushBlob(base, tar, 'application/vnd.oci.image.layer.v1.tar')));
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const document = Buffer.from(JSON.stringify({ architecture, os: 'linux', rootfs }));
  const config = await pushBlob(base, document, 'application/vnd.oci.image.config.v1+json');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const headers = { 'content-type': mediaType };
  const response = await fetch(`${base}/manifests/${tag}`, { method: 'PUT', headers, body: manifest });
  if (!response.ok) throw new Error(await response.text());
  return { manifest: digestOf(manifest), config: config.digest };
}

async function pushBlob(base: string, bytes: Uint8Array, mediaType: string) {
  const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
  const url = new URL(begun.headers.get('location') ?? '', base);
  const digest = digestOf(bytes);
  url.searchParams.set('digest', digest);
  const response = await fetch(url, { method: 'PUT', body: Buffer.from(bytes) });
  if (!response.ok) throw new Error(await response.text());
  return { mediaType, digest, size: bytes.length };
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
