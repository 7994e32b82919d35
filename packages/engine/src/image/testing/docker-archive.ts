import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** One image to put into an archive. */
export interface ArchivedImage {
  readonly tags: readonly string[];
  /** Lowest first: path to content. Equal layers have equal digests. */
  readonly layers: readonly Readonly<Record<string, string>>[];
  /** The `config` object. */
  readonly config?: object;
}

/** An archive as `docker save` writes it, and the IDs of its images. */
export interface TestArchive {
  readonly bytes: Uint8Array;
  readonly ids: readonly string[];
}

/** Make a `docker save` archive. */
export function dockerArchive(images: readonly ArchivedImage[]): TestArchive {
  const directory = mkdtempSync(join(tmpdir(), 'fl-test-archive-'));
  try {
    const entries = images.map((image) => addImage(directory, image));
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify(entries.map(({ entry }) => entry)));
    return { bytes: tar(directory), ids: entries.map(({ id }) => id) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function addImage(directory: string, { tags, layers, config }: ArchivedImage) {
  const tars = layers.map(layerTar);
  const digests = tars.map(sha256);
  tars.forEach((bytes, index) => writeFileSync(join(directory, `${digests[index]}.tar`), bytes));
  const history = layers.map((_, index) => ({ created: '2024-01-02T03:04:05Z', created_by: `step ${index}` }));
  const document = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2024-01-02T03:04:05.678Z',
    config: config ?? {},
    rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
    history: [...history, { created: '2024-01-02T03:04:05Z', created_by: 'CMD ["sh"]', empty_layer: true }],
  });
  const name = `${sha256(document)}.json`;
  writeFileSync(join(directory, name), document);
  const entry = { Config: name, RepoTags: tags, Layers: digests.map((digest) => `${digest}.tar`) };
  return { entry, id: `sha256:${sha256(document)}` };
}

/** A tar archive of some files, the same for the same files. */
export function layerTar(files: Readonly<Record<string, string>>): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'fl-test-layer-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    return tar(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function tar(directory: string): Uint8Array {
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  return execFileSync('tar', ['-c', ...fixed, '-C', directory, '.'], { maxBuffer: 1 << 28 });
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
