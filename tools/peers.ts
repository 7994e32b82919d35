import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-tree.ts';

/** Debian packages with the programs that Fairlead is compared with: never installed, for that would start them. */
const peerPackages = ['docker.io', 'docker-cli', 'containernetworking-plugins'];

/** Unpack each peer into `.peers/NAME` unless it is there. `docker-cli` is part of `docker.io` in older releases. */
export function unpackPeers(say: (line: string) => void): void {
  const folder = join(root, '.peers');
  mkdirSync(folder, { recursive: true });
  for (const name of peerPackages.filter((peer) => !existsSync(join(folder, peer)))) {
    if (!isAvailable(name)) continue;
    say(`unpacking Debian's ${name} into .peers/`);
    unpack(name, folder);
  }
}

function isAvailable(name: string): boolean {
  return execFileSync('apt-cache', ['policy', name], { encoding: 'utf8' }).includes('Candidate: ');
}

function unpack(name: string, folder: string): void {
  const download = mkdtempSync(join(folder, 'download-'));
  try {
    // As root apt-get would fetch as the user _apt, who may not write here.
    execFileSync('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], {
      cwd: download,
      stdio: 'pipe',
    });
    const [archive = ''] = readdirSync(download);
    execFileSync('dpkg', ['-x', archive, 'unpacked'], { cwd: download, stdio: 'pipe' });
    renameSync(join(download, 'unpacked'), join(folder, name));
  } finally {
    rmSync(download, { recursive: true });
  }
}
