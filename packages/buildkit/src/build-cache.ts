import { type GrpcChannel, methodsOf } from '@fairlead/runtime';
import { ControlDefinition, type UsageRecord } from './gen/control.ts';
import type { Timestamp } from './gen/google/protobuf/timestamp.ts';

const rpc = methodsOf(ControlDefinition);

/** A piece of what buildkitd keeps; sizes in bytes, times in milliseconds since the epoch. */
export interface CacheRecord {
  readonly id: string;
  readonly parents: readonly string[];
  readonly type: string;
  readonly description: string;
  readonly isUsed: boolean;
  readonly isShared: boolean;
  readonly size: number;
  readonly created: number;
  readonly lastUsed?: number;
  readonly uses: number;
}

/** Which of what nobody uses is to go; sizes in bytes, times in milliseconds. */
export interface CacheChoice {
  readonly all: boolean;
  readonly unusedFor: number;
  readonly reserved: number;
  readonly most: number;
  readonly free: number;
  /** In containerd's words; all must be met. */
  readonly filter: string;
}

/** Everything that a buildkitd keeps. */
export async function cacheRecords(channel: GrpcChannel): Promise<CacheRecord[]> {
  const { record } = await channel.unary(rpc.diskUsage, {});
  return record.map(toRecord);
}

/** Remove from it. @returns what has gone. */
export async function pruneCache(channel: GrpcChannel, choice: CacheChoice): Promise<CacheRecord[]> {
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

function toRecord(record: UsageRecord): CacheRecord {
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
