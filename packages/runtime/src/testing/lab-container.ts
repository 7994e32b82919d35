import { join } from 'node:path';
import type { OutputStream } from '../containerd/output-stream.ts';
import { ProcessStreams, type StreamLayout } from '../containerd/process-streams.ts';
import { type ContainerDescription, containerSpec } from '../spec/container-spec.ts';
import { readHostFacts } from '../spec/host-facts.ts';
import { type PrivateContainerd, pipeCalls, testCgroup } from './private-containerd.ts';

/** A container of a test, created and not started. */
export type LabContainer = AsyncDisposable & {
  readonly id: string;
  readonly pid: number;
  readonly streams: ProcessStreams;
  /** Everything that came out of stdout, once it has closed. */
  readonly output: Promise<string>;
  readonly errors: Promise<string>;
};

/** What a test says about its container. */
export type LabContainerOptions = {
  readonly image: string;
  readonly args: readonly string[];
  readonly stdin?: boolean;
  readonly terminal?: boolean;
  readonly description?: Partial<ContainerDescription>;
};

let count = 0;

/** Create a container the way the engine does: snapshot and record side by side, then the task. */
export async function createLabContainer(lab: PrivateContainerd, options: LabContainerOptions): Promise<LabContainer> {
  const { containerd } = lab;
  const id = `c${process.pid}-${count++}`;
  const terminal = options.terminal ?? false;
  const spec = containerSpec(
    {
      id,
      hostname: id,
      args: options.args,
      env: [],
      user: { uid: 0, gid: 0 },
      terminal,
      namespaces: { network: 'private' },
      cgroupParent: testCgroup,
      ...options.description,
    },
    readHostFacts(),
  );
  const layout: StreamLayout = {
    directory: join(lab.directory, 'streams', id),
    stdin: options.stdin ?? false,
    terminal,
  };
  const [rootfs, , streams] = await Promise.all([
    containerd.snapshots.prepareRoot(id, options.image),
    containerd.containers.create({ id, spec, snapshotKey: id }),
    ProcessStreams.create(layout, pipeCalls),
  ]);
  const output = collect(streams.stdout);
  const errors = streams.stderr ? collect(streams.stderr) : Promise.resolve('');
  const remove = async (): Promise<void> => {
    await Promise.all([containerd.containers.delete(id), containerd.snapshots.remove(id)]);
  };
  const pid = await containerd.tasks.create({ containerId: id, rootfs, streams, terminal }).catch(async (error) => {
    await remove();
    throw error;
  });
  return {
    id,
    pid,
    streams,
    output,
    errors,
    async [Symbol.asyncDispose]() {
      await containerd.tasks.kill({ containerId: id }, 9, { all: true }).catch(() => {});
      await containerd.tasks.wait({ containerId: id });
      await containerd.tasks.delete({ containerId: id });
      await remove();
      streams[Symbol.dispose]();
    },
  };
}

/** Everything that comes out of a stream until it closes. */
export function collect(socket: OutputStream): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  socket.resume();
  return new Promise((resolve) => {
    socket.once('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}
