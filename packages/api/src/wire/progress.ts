import { messageOf } from '@fairlead/base';
import type { Progress } from '@fairlead/engine';

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const barLength = 50;

/** One line of a pull, load or import in the form that the docker command draws. */
export function presentProgress(progress: Progress): Readonly<Record<string, unknown>> {
  if (progress.error !== undefined) return presentFailure(progress.error, progress.errorCode);
  if (progress.built !== undefined) {
    return { ...(progress.id !== undefined && { id: progress.id }), aux: { ID: progress.built } };
  }
  if (progress.trace !== undefined) {
    return { id: 'moby.buildkit.trace', aux: Buffer.from(progress.trace).toString('base64') };
  }
  if (progress.stream !== undefined) return { stream: progress.stream };
  if (progress.pushed !== undefined) {
    const { tag, digest, size } = progress.pushed;
    return { progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } };
  }
  const { status = '', id, current, total } = progress;
  const counted = current !== undefined || total !== undefined;
  return {
    status,
    ...(id !== undefined && {
      progressDetail: counted
        ? { ...(current !== undefined && { current }), ...(total !== undefined && { total }) }
        : {},
    }),
    ...(counted && { progress: progressText(current ?? 0, total ?? 0) }),
    ...(id !== undefined && { id }),
  };
}

/** The line that tells of a failure after the status has gone out as 200. @param code of the command that failed. */
export function presentFailure(error: unknown, code?: number): Readonly<Record<string, unknown>> {
  const message = messageOf(error);
  return { errorDetail: { ...(code !== undefined && { code }), message }, error: message };
}

/** The bar: `[=====>      ]  1.05MB/2.1MB`, with its head to the last (moby, pkg/jsonmessage). */
function progressText(current: number, total: number): string {
  const size = humanSize(current).padStart(8);
  if (total <= 0) return size;
  const done = Math.min(barLength, Math.floor((current / total) * barLength));
  return `[${'='.repeat(done)}>${' '.repeat(barLength - done)}] ${size}/${humanSize(total)}`;
}

/** Decimal units and four significant digits, as Go's `units.HumanSize`. */
function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
