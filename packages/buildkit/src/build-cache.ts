import { type GrpcChannel, methodsOf } from '@fairlead/runtime';
import { ControlDefinition, type UsageRecord } from './gen/control.ts';
import type { Timestamp } from './gen/google/protobuf/timestamp.ts';

const rpc = methodsOf(ControlDefinition);

/** A piece of what buildkitd keeps of builds. */
export interface BuildCacheRecord {
  readonly id: string;
  readonly parents: readonly string[];
  /** `regular`, `source.local`, `exec.cachemount` and the like. */
  readonly type: string;
  readonly description: string;
  readonly isUsed: boolean;
  /** It is an image's, too: its space is not had back. */
  readonly isShared: boolean;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** The same; absent when it never was. */
  readonly lastUsed?: number;
  readonly uses: number;
}

/** Which of what nobody uses is to go. */
export interface BuildCacheChoice {
  /** What builds could not use again by themselves, such as images that they were based on. */
  readonly all: boolean;
  /** Milliseconds since it was used last. */
  readonly unusedFor: number;
  /** Bytes that may stay in any case. */
  readonly reserved: number;
  /** Bytes that it may use at most; 0 for no limit. */
  readonly most: number;
  /** Bytes that are to be free on the disk. */
  readonly free: number;
  /** In containerd's words, `type==regular`; all must be met. */
  readonly filter: string;
}

/** Everything that a buildkitd keeps. */
export async function cacheRecords(channel: GrpcChannel): Promise<BuildCacheRecord[]> {
  const { record } = await channel.unary(rpc.diskUsage, {});
  return record.map(toRecord);
}

/** Remove from it. @returns what has gone. */
export async function pruneCache(channel: GrpcChannel, choice: BuildCacheChoice): Promise<BuildCacheRecord[]> {
  const request = {
    all: choice.all,
    keepDuration: BigInt(Math.round(choice.unusedFor * 1e6)),
    reservedSpace: BigInt(choice.reserved),
    maxUsedSpace: BigInt(choice.most),
    minFreeSpace: BigInt(choice.free),
    filter: [choice.filter],
  };
  const gone = await Array.fromAsync(channel.serverStream(rpc.prune, request));
  return gone.map(toRecord);
}

function toRecord(record: UsageRecord): BuildCacheRecord {
  const { id, parents, description, size, createdAt, lastUsedAt, usageCount } = record;
  return {
    ...{ id, parents, description },
    type: record.recordType,
    isUsed: record.inUse,
    isShared: record.shared,
    size: Number(size),
    created: milliseconds(createdAt) ?? 0,
    ...(lastUsedAt && { lastUsed: milliseconds(lastUsedAt) ?? 0 }),
    uses: Number(usageCount),
  };
}

function milliseconds(time: Timestamp | undefined): number | undefined {
  return time && Number(time.seconds) * 1000 + time.nanos / 1e6;
}
