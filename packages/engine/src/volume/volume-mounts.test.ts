import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { FileSystems } from '../context.ts';
import type { Volume } from './volume-model.ts';
import { VolumeMounts } from './volume-mounts.ts';

let folder: string;
let mounted: string[];
let log: string[];
let failure: Error | undefined;

const fileSystems: FileSystems = {
  mount: async ({ source, target, type, options }) => {
    if (failure !== undefined) throw failure;
    log.push(`mount -t ${type} -o ${options} ${source}`);
    mounted.push(target);
  },
  unmount: (target) => {
    log.push('umount');
    mounted = mounted.filter((point) => point !== target);
  },
  mountPoints: () => mounted,
};
const mountpoint = (name: string) => join(folder, name);
const volume = (id: string, options: Volume['options']): Volume => {
  return { id, driver: 'local', created: 0, labels: null, options };
};
const memory = volume('memory', { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' });
const plain = volume('plain', null);

describe('mounts of volumes', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-mounts-'));
    for (const { id } of [memory, plain]) mkdirSync(mountpoint(id));
    [mounted, log, failure] = [[], [], undefined];
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test('the first holder mounts, the last one unmounts, whatever the order', async () => {
    const mounts = new VolumeMounts(fileSystems, mountpoint);
    await Promise.all([mounts.hold(memory, 'a'), mounts.hold(memory, 'b'), mounts.hold(plain, 'a')]);
    await mounts.release(memory.id, 'a');
    await mounts.release(memory.id, 'a');
    assert.deepEqual(log, ['mount -t tmpfs -o size=1m tmpfs']);
    await mounts.release(memory.id, 'b');
    await mounts.release(memory.id, 'nobody');
    assert.deepEqual(log, ['mount -t tmpfs -o size=1m tmpfs', 'umount']);
  });

  test('what outlived the daemon is found mounted, and goes with its last holder', async () => {
    mounted.push(mountpoint(memory.id));
    const mounts = new VolumeMounts(fileSystems, mountpoint);
    mounts.adopt(memory.id, 'a');
    await mounts.settle([memory.id, plain.id]);
    await mounts.hold(memory, 'b');
    await mounts.release(memory.id, 'a');
    assert.deepEqual(log, []);
    await mounts.release(memory.id, 'b');
    assert.deepEqual(log, ['umount']);
  });

  test('what nobody holds is unmounted when things are settled', async () => {
    mounted.push(mountpoint(memory.id));
    await new VolumeMounts(fileSystems, mountpoint).settle([memory.id, plain.id]);
    assert.deepEqual(log, ['umount']);
  });

  test('a server that has no address is named', async () => {
    const share = volume('memory', { type: 'nfs', device: ':/x', o: 'addr=a.server.invalid,rw' });
    await assert.rejects(new VolumeMounts(fileSystems, mountpoint).hold(share, 'a'), {
      message: new RegExp(
        `^error while mounting volume '${mountpoint('memory')}': error resolving passed in network volume address: ` +
          'lookup a\\.server\\.invalid: (no such host|server misbehaving)$',
      ),
    });
    assert.deepEqual(log, []);
  });

  test('a volume that cannot be mounted is not held, and the reason is told without the password', async () => {
    const share = volume('memory', { type: 'cifs', device: '//server/share', o: 'password=secret' });
    failure = new Error('mount //server/share, data: password=secret: host is down');
    const mounts = new VolumeMounts(fileSystems, mountpoint);
    const reason = 'mount //server/share, data: password=********: host is down';
    await assert.rejects(mounts.hold(share, 'a'), {
      code: 'internal',
      message: `error while mounting volume '${mountpoint('memory')}': failed to mount local volume: ${reason}`,
    });
    failure = undefined;
    await mounts.hold(memory, 'b');
    await mounts.release(memory.id, 'b');
    assert.deepEqual(log, ['mount -t tmpfs -o size=1m tmpfs', 'umount']);
  });
});
