import type { PacketRing } from '@fairlead/kernel/tracing';

/** Where packets come in; {@link PacketRing} is one. */
export type PacketSource = Pick<PacketRing, 'take' | 'whenReady'>;
type Packet = Parameters<Parameters<PacketSource['take']>[0]>[0];

/** When it ends, besides by the signal. */
export interface CaptureBounds {
  /** Packets; all when absent. */
  readonly count?: number;
  /** Milliseconds; for ever when absent. */
  readonly duration?: number;
}

/** What comes in at several places, written down: a piece for all that came together. @param write of one packet. */
export async function* takenPackets(
  sources: readonly PacketSource[],
  write: (packet: Packet) => readonly Uint8Array[],
  { count = Number.POSITIVE_INFINITY, duration = Number.POSITIVE_INFINITY }: CaptureBounds,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const deadline = performance.now() + duration;
  let left = count;
  while (!signal.aborted && left > 0) {
    const pieces: Uint8Array[] = [];
    for (const source of sources) {
      source.take((packet) => {
        if (left <= 0) return;
        left -= 1;
        pieces.push(...write(packet));
      });
    }
    if (pieces.length > 0) yield Buffer.concat(pieces);
    // Also where there is always something to take.
    if (performance.now() >= deadline) return;
    if (pieces.length === 0) await somethingToTake(sources, deadline, signal);
  }
}

/** Until there is a packet somewhere, the time is over, or the signal is raised. */
async function somethingToTake(sources: readonly PacketSource[], deadline: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  const waits = sources.map((source) => source.whenReady(wake));
  const timer = Number.isFinite(deadline) ? setTimeout(wake, Math.max(0, deadline - performance.now())) : undefined;
  signal.addEventListener('abort', wake, { once: true });
  await promise;
  signal.removeEventListener('abort', wake);
  clearTimeout(timer);
  for (const wait of waits) wait[Symbol.dispose]();
}
