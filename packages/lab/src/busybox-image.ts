import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

/** What the image is to hold besides busybox. */
export interface BusyboxImageOptions {
  /** Default `busybox:latest`. */
  readonly reference?: string;
  /** Path of busybox, which comes with the libraries that it is linked to. Default `/bin/busybox`. */
  readonly busybox?: string;
  /** More files, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Fields of the image's config, spelled as the OCI image specification does: `Cmd`, `Env`, `ExposedPorts`… */
  readonly config?: Readonly<Record<string, unknown>>;
}

const folders = ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'var', 'var/www'];
const accounts = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  'etc/group': 'root:x:0:\ndaemon:x:1:\nnobody:x:65534:\n',
};

/**
 * Write an image made from the machine's own busybox to `path`, as `docker save` would have: what `docker load` takes.
 * The same input gives the same image.
 */
export async function busyboxImage(path: string, options: BusyboxImageOptions = {}): Promise<void> {
  const layer = await buffer(layerArchive(options));
  const config = JSON.stringify(imageConfig(layer, options));
  const configName = `${sha256(config)}.json`;
  const reference = options.reference ?? 'busybox:latest';
  const manifest = [{ Config: configName, RepoTags: [reference], Layers: ['layer.tar'] }];
  const archive = pack();
  archive.entry({ name: 'layer.tar' }, layer);
  archive.entry({ name: configName }, config);
  archive.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  archive.finalize();
  await pipeline(archive, createWriteStream(path));
}

function layerArchive({ busybox = '/bin/busybox', files = {} }: BusyboxImageOptions): Pack {
  const archive = pack();
  const mtime = new Date(0);
  for (const name of folders) archive.entry({ name, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755, mtime });
  for (const path of ['/bin/busybox', ...libraries(busybox)]) {
    archive.entry({ name: path.slice(1), mode: 0o755, mtime }, readFileSync(path === '/bin/busybox' ? busybox : path));
  }
  for (const applet of applets(busybox)) {
    archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox', mtime });
  }
  for (const [name, text] of Object.entries({ ...accounts, ...files })) {
    archive.entry({ name: name.replace(/^\//, ''), mode: 0o644, mtime }, text);
  }
  archive.finalize();
  return archive;
}

/** None in Debian's `busybox-static`; its `busybox`, which many machines start from, has a few. */
function libraries(busybox: string): string[] {
  // What is linked statically makes ldd(1) fail.
  const { stdout } = spawnSync('ldd', [busybox], { encoding: 'utf8' });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

function applets(busybox: string): string[] {
  const names = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n');
  return names.filter((name) => name !== '' && name !== 'busybox');
}

function imageConfig(layer: Uint8Array, { config = {} }: BusyboxImageOptions): Record<string, unknown> {
  const defaults = { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] };
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: new Date(0).toISOString(),
    config: { ...defaults, ...config },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    history: [{ created: new Date(0).toISOString(), created_by: 'the machine’s own busybox' }],
  };
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
