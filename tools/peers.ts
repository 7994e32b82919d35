import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './source-tree.ts';

const run = promisify(execFile);

/**
 * Programs that Fairlead is compared with or driven by: unpacked and never installed, for that would start them, or bring
 * a score of packages. Each has a folder named for its first package, with those of the others that the release has.
 */
const peers: readonly (readonly string[])[] = [
  // dockerd is linked to the device mapper in Debian 12.
  ['docker.io', 'libdevmapper1.02.1'],
  // Part of docker.io in Debian 12 and in Ubuntu.
  ['docker-cli'],
  ['containernetworking-plugins'],
  ['docker-registry'],
  // Compose 1.29 in Debian 12 and Ubuntu 24.04, which needs Python's distutils, kept by setuptools; Compose 2 in Debian 13.
  ['docker-compose', 'python3-setuptools'],
  // A database for the applications of tests: the server is in this package, under another name.
  ['redis-tools', 'libatomic1', 'libjemalloc2', 'liblua5.1-0', 'liblzf1', 'libhiredis0.14', 'lua-cjson', 'lua-bitop'],
  // A LAN's router: DHCPv4, DHCPv6, router advertisements, names.
  ['dnsmasq-base', 'libdbus-1-3', 'libnetfilter-conntrack3', 'libnfnetlink0', 'libnettle8', 'libhogweed6', 'libgmp10'],
];

/**
 * The browser of the map's tests, with all the libraries that this machine lacks. Ubuntu's package of the name is an empty
 * one.
 */
const browser = 'chromium';

/** Where the programs that tests call by their names are, for machines that have none of their own. */
const searched = ['docker-cli/usr/bin', 'docker.io/usr/bin', 'docker-registry/usr/bin'];

/** Unpack each peer into `.peers/NAME` unless it is there, and let the PATH end with them. */
export async function providePeers(say: (line: string) => void): Promise<void> {
  const folder = join(root, '.peers');
  mkdirSync(folder, { recursive: true });
  const lacking = peers.filter(([name = '']) => !existsSync(join(folder, name)));
  // A fresh image has no package lists.
  if (lacking.length > 0 && !(await isAvailable('docker.io'))) await run('apt-get', ['-qq', 'update']);
  for (const [name = '', ...others] of lacking) {
    if (!(await isAvailable(name))) continue;
    say(`unpacking the package ${name} into .peers/`);
    await unpack([name, ...(await availableOf([...others, ...(await modules(name))]))], folder);
  }
  await provideBrowser(folder, say);
  process.env['PATH'] = [process.env['PATH'], ...searched.map((path) => join(folder, path))].join(':');
}

/** apt-get knows best what the machine lacks for it, and fetches that without installing it. */
async function provideBrowser(folder: string, say: (line: string) => void): Promise<void> {
  if (existsSync(join(folder, browser)) || !/^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))) return;
  say(`unpacking the package ${browser} into .peers/`);
  await unpackArchives(browser, folder, async (download) => {
    mkdirSync(join(download, 'partial'));
    const places = ['-o', `Dir::Cache::archives=${download}`, '-o', 'Debug::NoLocking=1'];
    const mode = ['--download-only', '--no-install-recommends', '--yes', 'install'];
    await run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', ...places, ...mode, browser]);
  });
}

async function isAvailable(name: string): Promise<boolean> {
  const { stdout: policy } = await run('apt-cache', ['policy', name]);
  return /^ {2}Candidate: (?!\(none\))/m.test(policy);
}

async function availableOf(names: readonly string[]): Promise<string[]> {
  const available = await Promise.all(names.map(isAvailable));
  return names.filter((_, index) => available[index]);
}

/** The Python packages that a package needs, directly or not. */
async function modules(name: string): Promise<string[]> {
  const unwanted = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  );
  const { stdout: tree } = await run('apt-cache', ['depends', '--recurse', ...unwanted, name]);
  return [...new Set(tree.match(/^python3-[a-z0-9.+-]+$/gm))];
}

/** All packages of a group into the folder named for the first. */
async function unpack(names: readonly string[], folder: string): Promise<void> {
  await unpackArchives(names[0] ?? '', folder, async (download) => {
    // As root apt-get would fetch as the user _apt, who may not write here.
    await run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...names], { cwd: download });
  });
}

/** Whatever `fetch` puts into a folder, unpacked as `folder/name`: whole, or not there. */
async function unpackArchives(name: string, folder: string, fetch: (download: string) => Promise<void>): Promise<void> {
  const download = mkdtempSync(join(folder, 'download-'));
  try {
    await fetch(download);
    for (const archive of readdirSync(download).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg', ['-x', archive, 'unpacked'], { cwd: download });
    }
    renameSync(join(download, 'unpacked'), join(folder, name));
  } finally {
    rmSync(download, { recursive: true });
  }
}
