import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { busyboxImage } from '@fairlead/lab';
import { peerProgram } from './peer.ts';

/** Where its libraries are in the image. */
const libraries = '/usr/lib/redis';

/**
 * Write an image with a database to `path`: Debian's Redis and busybox.
 *
 * @param folder of the caller's, where its files are gathered.
 */
export async function redisImage(path: string, folder: string): Promise<void> {
  const files = join(folder, 'redis');
  mkdirSync(join(files, 'usr/bin'), { recursive: true });
  // One program that does what its name says.
  const server = peerProgram('redis-check-rdb');
  copyFileSync(server, join(files, 'usr/bin/redis-server'));
  copyFileSync(peerProgram('redis-cli'), join(files, 'usr/bin/redis-cli'));
  const own = globSync(join(server, '../../lib/*-linux-*')).join(':');
  for (const program of [server, peerProgram('redis-cli')]) {
    const said = execFileSync('ldd', [program], { encoding: 'utf8', env: { ...process.env, LD_LIBRARY_PATH: own } });
    for (const [, library = ''] of said.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)) {
      // The loader is found by its path, everything else by its name.
      const target = library.includes('/ld-linux') ? library : join(libraries, basename(library));
      mkdirSync(dirname(join(files, target)), { recursive: true });
      copyFileSync(library, join(files, target));
    }
  }
  const config = {
    Cmd: ['redis-server', '--protected-mode', 'no'],
    Env: ['PATH=/usr/bin:/bin', `LD_LIBRARY_PATH=${libraries}`],
    ExposedPorts: { '6379/tcp': {} },
  };
  await busyboxImage(path, { reference: 'redis:latest', folders: { '/': files }, config });
}
