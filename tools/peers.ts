import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-tree.ts';

/** Debian packages with the programs that Fairlead is compared with: never installed, for that would start them. */
const peerPackages = ['docker.io', 'docker-cli', 'containernetworking-plugins'];

/** Compose 1.29 and docker-py 5 with the Python packages that they import: clients of the tests, all in one folder. */
const composePackages = [
  'docker-compose',
  ...[
    ...[
      'attr',
      'certifi',
      'chardet',
      'charset-normalizer',
      'distro',
      'docker',
      'dockerpty',
      'docopt',
      'dotenv',
      'idna',
    ],
    ...['jsonschema', 'packaging', 'paramiko', 'pkg-resources', 'pyrsistent', 'requests', 'setuptools', 'six'],
    ...['texttable', 'urllib3', 'websocket', 'yaml', 'click'],
  ].map((name) => `python3-${name}`),
];

/** Unpack each peer into `.peers/NAME` unless it is there. `docker-cli` is part of `docker.io` in older releases. */
export function unpackPeers(say: (line: string) => void): void {
  const folder = join(root, '.peers');
  mkdirSync(folder, { recursive: true });
  const groups = [...peerPackages.map((name) => [name]), composePackages];
  for (const [name = '', ...others] of groups) {
    if (existsSync(join(folder, name)) || !isAvailable(name)) continue;
    say(`unpacking Debian's ${name} into .peers/`);
    unpack([name, ...others.filter(isAvailable)], folder);
  }
}

function isAvailable(name: string): boolean {
  return execFileSync('apt-cache', ['policy', name], { encoding: 'utf8' }).includes('Candidate: ');
}

/** All packages of a group into the folder named for the first. */
function unpack(names: readonly string[], folder: string): void {
  const download = mkdtempSync(join(folder, 'download-'));
  try {
    // As root apt-get would fetch as the user _apt, who may not write here.
    execFileSync('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...names], {
      cwd: download,
      stdio: 'pipe',
    });
    for (const archive of readdirSync(download)) {
      execFileSync('dpkg', ['-x', archive, 'unpacked'], { cwd: download, stdio: 'pipe' });
    }
    renameSync(join(download, 'unpacked'), join(folder, names[0] ?? ''));
  } finally {
    rmSync(download, { recursive: true });
  }
}
