import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError } from '@fairlead/base';
import { ContentDefinition, WriteAction, type WriteContentRequest, type WriteContentResponse } from '../gen/content.ts';
import type { DuplexCall, GrpcChannel } from '../grpc/channel.ts';
import { methodsOf } from '../grpc/method.ts';
import { GrpcStatus, hasStatus } from '../grpc/status.ts';
import { BinaryWriter, WireType } from '../wire.ts';
import type { Labels } from './descriptor.ts';
import { gathered } from './gathered.ts';
import { type Lease, underLease } from './leases.ts';

const rpc = methodsOf(ContentDefinition);

/** What is to be written. */
export type BlobWrite = {
  /** Name of the write in progress; a later write under the same name goes on where this one stopped. */
  readonly ref: string;
  /** Expected digest. Without it any content is taken. */
  readonly digest?: string;
  /** Expected size in bytes. Without it any size is taken. */
  readonly size?: number;
  readonly labels?: Labels;
  readonly lease?: Lease | undefined;
};

/** Where the bytes come from: all at hand, or a stream that can be opened at any offset. */
export type BlobSource = Uint8Array | ((offset: number) => AsyncIterable<Uint8Array>);

type WriteCall = DuplexCall<WriteContentRequest, WriteContentResponse>;

const chunkSize = 1 << 20;
const DATA_FIELD = 6;

/** Milliseconds before each further attempt: containerd 2 lets go of a cancelled write a moment after the call. */
const retryPauses: readonly number[] = [10, 40, 160, 640];

/**
 * Write one blob and commit it; a blob that is there already is a success. When the connection is lost, or containerd
 * has not let go of an earlier write, it goes on from there a few times.
 *
 * @returns the digest of the content.
 * @throws FairleadError `conflict` when digest or size are not as expected.
 */
export async function writeBlob(channel: GrpcChannel, write: BlobWrite, source: BlobSource): Promise<string> {
  for (const pause of retryPauses) {
    try {
      return await writeOnce(channel, write, source);
    } catch (error) {
      if (!hasStatus(error, GrpcStatus.unavailable)) throw error;
    }
    await sleep(pause);
  }
  return writeOnce(channel, write, source);
}

async function writeOnce(channel: GrpcChannel, write: BlobWrite, source: BlobSource): Promise<string> {
  const call = channel.duplex(rpc.write, underLease(write.lease));
  try {
    const whole = source instanceof Uint8Array && source.length <= chunkSize;
    return whole ? await commit(call, write, 0, source) : await resume(call, write, source);
  } catch (error) {
    if (hasStatus(error, GrpcStatus.alreadyExists) && write.digest) return write.digest;
    throw error;
  } finally {
    // After the commit nothing more is to come; before it, containerd keeps what it has for the next attempt.
    call.cancel();
  }
}

async function resume(call: WriteCall, write: BlobWrite, source: BlobSource): Promise<string> {
  return transfer(call, write, await begin(call, write), source);
}

/** Where to go on. It can be the very end: the bytes may be on disk from an earlier try, or in another namespace. */
async function begin(call: WriteCall, write: BlobWrite): Promise<number> {
  await call.send({ action: WriteAction.STAT, ...target(write) });
  return Number((await answer(call)).offset);
}

async function transfer(call: WriteCall, write: BlobWrite, start: number, source: BlobSource): Promise<string> {
  let offset = start;
  let acknowledged: Promise<unknown> = Promise.resolve();
  if (offset !== write.size) {
    for await (const pieces of gathered(bytesFrom(source, offset), chunkSize)) {
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      const message = { action: WriteAction.WRITE, ref: write.ref, offset: BigInt(offset) };
      await call.send(message, [dataHeader(length), ...pieces]);
      // One message is always under way while the source fetches the next.
      await acknowledged;
      acknowledged = answer(call);
      // Awaited in the next round; until then a failure must not count as unhandled.
      acknowledged.catch(() => {});
      offset += length;
    }
  }
  await acknowledged;
  return commit(call, write, offset, new Uint8Array());
}

async function commit(call: WriteCall, write: BlobWrite, offset: number, data: Uint8Array): Promise<string> {
  await call.send({
    action: WriteAction.COMMIT,
    ...target(write),
    offset: BigInt(offset),
    data,
    labels: { ...write.labels },
  });
  return (await answer(call)).digest;
}

/** What comes before the bytes of the field `data` of a `WriteContentRequest`: its number and type, and its length. */
function dataHeader(length: number): Uint8Array {
  return new BinaryWriter().tag(DATA_FIELD, WireType.LengthDelimited).uint32(length).finish();
}

function target(write: BlobWrite): { ref: string; total: bigint; expected: string } {
  return { ref: write.ref, total: BigInt(write.size ?? 0), expected: write.digest ?? '' };
}

async function answer(call: WriteCall): Promise<{ offset: bigint; digest: string }> {
  const { value } = await call.responses.next();
  if (!value) throw new FairleadError('unavailable', 'containerd ended a content write without an answer');
  return value;
}

async function* bytesFrom(source: BlobSource, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) yield source.subarray(offset);
  else yield* source(offset);
}
