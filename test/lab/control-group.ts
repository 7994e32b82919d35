import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

/** Make the control group of a host as its engine would, with one of a container in it. */
export function makeControlGroup(host: string): void {
  const hierarchy = existsSync(join(root, 'pids')) ? join(root, 'pids') : root;
  mkdirSync(join(hierarchy, host, 'container'), { recursive: true });
}
