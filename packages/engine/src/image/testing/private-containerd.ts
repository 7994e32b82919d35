import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Containerd, type ContainerdProcess, startContainerd } from '@fairlead/runtime';

/** A containerd of its own in a temporary directory. Disposing it ends it and removes everything. */
export interface PrivateContainerd extends AsyncDisposable {
  readonly containerd: Containerd;
  /** Address of its API. */
  readonly socket: string;
  /** A second client, as a restarted program has one. */
  connect(): Containerd;
}

const prefix = 'fl-test-images-';

/** Start a containerd for a test; what earlier runs left when they crashed is ended and removed first. */
export async function privateContainerd(): Promise<PrivateContainerd> {
  await sweep();
  const directory = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(directory, 'owner'), String(process.pid));
  const settings = settingsIn(directory);
  const daemon = await startContainerd(settings);
  const connect = () => Containerd.connect(settings.socket, { namespace: 'fairlead-test' });
  const containerd = connect();
  await containerd.ensureNamespace();
  return {
    containerd,
    socket: settings.socket,
    connect,
    async [Symbol.asyncDispose]() {
      containerd[Symbol.dispose]();
      await stop(daemon);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function settingsIn(directory: string) {
  return { root: join(directory, 'root'), state: join(directory, 'state'), socket: join(directory, 'c.sock') };
}

/** Waiting for a detached child does not keep a test's process alive, so something else has to. */
async function stop(daemon: ContainerdProcess): Promise<void> {
  const alive = setInterval(() => {}, 1000);
  try {
    await daemon.stop();
  } finally {
    clearInterval(alive);
  }
}

async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const directory = join(tmpdir(), name);
    const owner = join(directory, 'owner');
    if (!existsSync(owner) || existsSync(`/proc/${readFileSync(owner, 'utf8')}`)) continue;
    // Starting finds the one that still runs, which is how it can be ended.
    const daemon = await startContainerd(settingsIn(directory));
    await stop(daemon);
    rmSync(directory, { recursive: true, force: true });
  }
}
