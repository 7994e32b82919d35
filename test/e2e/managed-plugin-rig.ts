import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Host } from '@fairlead/lab';

const programs = resolve(import.meta.dirname, '../lab');

/** Folders of this machine that Node needs, and Node itself. */
const needed = ['/usr', '/lib', '/lib64', dirname(dirname(process.execPath))].filter((path) => existsSync(path));

/** What is not usual about a plugin. */
export interface PluginData {
  readonly description?: string;
  /** What it is: a program of `test/lab` without `-plugin.ts`. */
  readonly kind?: 'volume' | 'network' | 'authorization';
  readonly type?: string;
  /** Fields of `config.json` besides the usual ones, or instead of them. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/**
 * Write what `docker plugin create` takes: one of the plugins of `test/lab`, run by the machine's own Node, which it has
 * mounted; its root file system holds next to nothing. What it keeps is below `/data`, which the host sees.
 *
 * @returns the folder.
 */
export function writePluginData(host: Host, name: string, data: PluginData = {}): string {
  const { description = 'A plugin of the tests', kind = 'volume', type = 'docker.volumedriver/1.0', config } = data;
  const folder = join(host.folder, 'plugin-data', name);
  rmSync(folder, { recursive: true, force: true });
  for (const path of ['rootfs/etc', 'rootfs/tmp', 'rootfs/data']) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'rootfs/etc/name'), name);
  const bind = (source: string, destination = source) => ({
    ...{ type: 'bind', source, destination },
    options: ['rbind', 'ro'],
  });
  const whole = {
    description,
    documentation: 'https://example.com',
    entrypoint: [process.execPath, `/programs/${kind}-plugin.ts`, '/run/docker/plugins/plug.sock', '/data'],
    workDir: '/',
    interface: { socket: 'plug.sock', types: [type] },
    network: { type: 'host' },
    propagatedMount: '/data',
    mounts: [...needed.map((path) => bind(path)), bind(programs, '/programs')],
    env: [{ name: 'KIND', description: 'what volumes say of themselves', settable: ['value'], value: 'directory' }],
    linux: { capabilities: ['CAP_SYS_ADMIN', 'CAP_NET_ADMIN'] },
    ...config,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(whole));
  return folder;
}
