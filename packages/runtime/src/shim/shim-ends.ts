import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExitStatus } from '../containerd/task-types.ts';
import { toDate } from '../containerd/timestamp.ts';
import { WaitRequest, WaitResponse } from '../gen/tasks.ts';
import type { EndNotes } from './noted-ends.ts';
import { ttrpcAnswer, ttrpcRequest } from './ttrpc.ts';

/** Where the shim of one container can be asked. */
interface ShimAddress {
  readonly containerId: string;
  /** Path of its socket. */
  readonly path: string;
  /** Of the task service that it offers. */
  readonly version: number;
}

/**
 * Ask every shim how its container ends, while there is no containerd: one that comes up takes a shim whose process has
 * ended for a leaked one and ends it (runtime/v2/shim_load.go), and with it the knowledge of the exit code.
 *
 * Resolves when all have been asked. Those that end before this is disposed of are written into `ends`.
 *
 * @param bundles directory of containerd's with those of each namespace.
 */
export async function watchShims(
  bundles: string,
  ends: Pick<Map<string, ExitStatus>, 'set'> | EndNotes,
): Promise<ShimWatch> {
  const sockets = await Promise.all(
    shimsIn(bundles).map((shim) => awaitEnd(shim, (end) => void ends.set(shim.containerId, end))),
  );
  return {
    over: Promise.all(sockets.map(closed)).then(() => {}),
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Shims that have been asked, until disposed of. */
export interface ShimWatch extends Disposable {
  /** Resolves when each has told, or is gone. */
  readonly over: Promise<void>;
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

/** True where there is a shim that could be asked. */
export function hasShims(bundles: string): boolean {
  return shimsIn(bundles).length > 0;
}

/**
 * Have the ends noted by a process of its own, which goes on when this one is killed: containerd would come up all the same.
 *
 * Resolves when it has asked every shim, or could not.
 *
 * @param notes path of the file.
 */
export async function keepEnds(bundles: string, notes: string): Promise<void> {
  const program = fileURLToPath(new URL('end-keeper.ts', import.meta.url));
  const stdio = ['ignore', 'pipe', 'ignore'] as const;
  const child = spawn(process.execPath, [program, bundles, notes], { detached: true, stdio: [...stdio], cwd: '/' });
  child.unref();
  const { promise, resolve } = Promise.withResolvers<void>();
  // It says that it is ready, and nothing else; without it ends are known as long as this process lives.
  for (const event of ['error', 'exit'] as const) child.once(event, () => resolve());
  child.stdout.once('data', () => resolve());
  await promise;
  child.stdout.destroy();
}

/** Of all of containerd's namespaces, those who have said where they listen. */
function shimsIn(bundles: string): ShimAddress[] {
  return namesIn(bundles).flatMap((namespace) =>
    namesIn(join(bundles, namespace)).flatMap((containerId) => {
      const said = addressIn(join(bundles, namespace, containerId));
      return said === undefined ? [] : [{ containerId, ...said }];
    }),
  );
}

/** Read by hand: what Node has for patterns takes longer to load than all of this. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // It is none, or has gone.
    return [];
  }
}

/** containerd 2 keeps what the shim has said of itself, containerd 1 the address alone; a bundle in the making has neither. */
function addressIn(bundle: string): Omit<ShimAddress, 'containerId'> | undefined {
  try {
    const said = textIn(join(bundle, 'bootstrap.json')) ?? `{"address":"${textIn(join(bundle, 'address'))}"}`;
    const { version = 2, address, protocol = 'ttrpc' }: ShimBootstrap = JSON.parse(said);
    const [, path] = /^unix:\/\/(\/.+)$/.exec(address) ?? [];
    return protocol === 'ttrpc' && path !== undefined ? { path, version } : undefined;
  } catch {
    return undefined;
  }
}

/** What a shim says when it is started (containerd, pkg/shim, BootstrapParams). */
interface ShimBootstrap {
  readonly version?: number;
  readonly address: string;
  readonly protocol?: string;
}

function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** @returns the connection, once the shim can read the question, or is known to be gone. */
function awaitEnd({ containerId, path, version }: ShimAddress, tell: (end: ExitStatus) => void): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const socket = connect(path);
  // The message is that of the service that containerd offers, by its field numbers.
  const question = WaitRequest.encode(WaitRequest.fromPartial({ containerId })).finish();
  let received = Buffer.alloc(0);
  socket.write(ttrpcRequest(`containerd.task.v${version}.Task`, 'Wait', question));
  socket.once('connect', () => resolve(socket));
  // What a shim knew that is gone, nobody knows.
  socket.on('error', () => resolve(socket));
  socket.on('data', (piece: Buffer) => {
    received = Buffer.concat([received, piece]);
    const end = endIn(received);
    if (end === undefined) return;
    if (end !== 'failed') tell(end);
    socket.destroy();
  });
  return promise;
}

/** What has been received of a shim's answer: the end that it tells, `undefined` while some of it is yet to come. */
function endIn(received: Buffer): ExitStatus | 'failed' | undefined {
  try {
    const answer = ttrpcAnswer(received);
    return answer === undefined || answer === 'failed' ? answer : toExitStatus(WaitResponse.decode(answer));
  } catch {
    return 'failed';
  }
}

function toExitStatus({ exitStatus, exitedAt }: WaitResponse): ExitStatus {
  return { code: exitStatus, exitedAt: toDate(exitedAt) };
}
