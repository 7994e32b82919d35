import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

/** What the image is to hold besides busybox. */
export interface BusyboxImageOptions {
  /** Default `busybox:latest`. */
  readonly reference?: string;
  /** Path of busybox, which comes with the libraries that it is linked to. Default `/bin/busybox`. */
  readonly busybox?: string;
  /** Paths of more of the machine's programs, which come with their libraries too. */
  readonly programs?: readonly string[];
  /** Folders of the machine whose files are copied with their modes, by absolute path in the image. */
  readonly folders?: Readonly<Record<string, string>>;
  /** More files, by absolute path; a plain text has mode 644. */
  readonly files?: Readonly<Record<string, string | { readonly mode: number; readonly text: string }>>;
  /** Fields of the image's config, spelled as the OCI image specification does: `Cmd`, `Env`, `ExposedPorts`… */
  readonly config?: Readonly<Record<string, unknown>>;
}

const directories = ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'var', 'var/www'];
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

function layerArchive({
  busybox = '/bin/busybox',
  programs = [],
  folders = {},
  files = {},
}: BusyboxImageOptions): Pack {
  const archive = pack();
  const mtime = new Date(0);
  for (const name of directories)
    archive.entry({ name, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755, mtime });
  const copied = new Set(['/bin/busybox', ...libraries(busybox), ...programs, ...programs.flatMap(libraries)]);
  for (const path of copied) {
    archive.entry({ name: path.slice(1), mode: 0o755, mtime }, readFileSync(path === '/bin/busybox' ? busybox : path));
  }
  for (const applet of applets(busybox).filter((name) => !copied.has(`/bin/${name}`))) {
    archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox', mtime });
  }
  for (const [name, folder] of Object.entries(folders)) addFolder(archive, name, folder);
  for (const [name, file] of Object.entries({ ...accounts, ...files })) {
    const { mode, text } = typeof file === 'string' ? { mode: 0o644, text: file } : file;
    archive.entry({ name: name.replace(/^\//, ''), mode, mtime }, text);
  }
  archive.finalize();
  return archive;
}

/** Only plain files: their directories come to be with them. */
function addFolder(archive: Pack, name: string, folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const target = join(name, relative(folder, path)).slice(1);
    archive.entry({ name: target, mode: statSync(path).mode & 0o777, mtime: new Date(0) }, readFileSync(path));
  }
}

/** None for Debian's `busybox-static`; its `busybox`, which many machines start from, has a few. */
function libraries(program: string): string[] {
  // What is linked statically makes ldd(1) fail.
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
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
