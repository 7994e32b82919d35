import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { sha256Digest } from '../containerd/chain-id.ts';
import type { Containerd } from '../containerd/containerd.ts';
import { configLabels, manifestLabels, uncompressedLabel } from '../containerd/gc-labels.ts';
import { tarArchive } from './tar.ts';

const applets = [
  'sh',
  'true',
  'false',
  'cat',
  'echo',
  'sleep',
  'stty',
  'kill',
  'md5sum',
  'dd',
  'id',
  'ls',
  'mkdir',
  'wc',
];

/** A test image made from the machine's busybox and the libraries that it is linked to. @returns chain id of its only layer. */
export async function importBusybox(containerd: Containerd, name: string): Promise<string> {
  const archive = tarArchive([
    { name: 'bin/', directory: true },
    { name: 'etc/', directory: true },
    { name: 'proc/', directory: true },
    { name: 'sys/', directory: true },
    { name: 'dev/', directory: true },
    { name: 'tmp/', directory: true, mode: 0o1777 },
    { name: 'etc/passwd', content: Buffer.from('root:x:0:0:root:/root:/bin/sh\n'), mode: 0o644 },
    { name: 'etc/notes', content: Buffer.from('not a program\n'), mode: 0o644 },
    ...['/bin/busybox', ...libraries()].map((path) => ({ name: path.slice(1), content: readFileSync(path) })),
    ...applets.map((applet) => ({ name: `bin/${applet}`, link: 'busybox' })),
  ]);
  const layer = gzipSync(archive, { level: 1 });
  const diffId = sha256Digest(archive);
  await using lease = await containerd.leases.create(600);
  const layerBlob = await writeBytes(containerd, layer, { [uncompressedLabel]: diffId }, lease);
  const blob = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layerBlob, size: layer.length };
  const top = await containerd.layers.unpack({ blob, diffId, parent: '' }, lease);
  const config = Buffer.from(JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } }));
  const configDigest = await writeBytes(containerd, config, configLabels(containerd.snapshots.snapshotter, top), lease);
  const manifestValue = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: configDigest, size: config.length },
    layers: [blob],
  };
  const manifest = Buffer.from(JSON.stringify(manifestValue));
  const digest = await writeBytes(containerd, manifest, manifestLabels(manifestValue), lease);
  await containerd.images.put(name, { mediaType: manifestValue.mediaType, digest, size: manifest.length });
  return top;
}

/** ldd(1) names them, and fails where there are none. */
function libraries(): string[] {
  const { stdout } = spawnSync('ldd', ['/bin/busybox'], { encoding: 'utf8' });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

function writeBytes(
  containerd: Containerd,
  bytes: Buffer,
  labels: Readonly<Record<string, string>>,
  lease: { readonly id: string } & AsyncDisposable,
): Promise<string> {
  const digest = sha256Digest(bytes);
  return containerd.content.write({ ref: `test-${digest}`, digest, size: bytes.length, labels, lease }, bytes);
}
