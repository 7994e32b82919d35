import type { KernelView } from '../src/model/kernel-view.ts';
import type { MapEvent } from '../src/model/map-view.ts';
import type { TraceQuestion } from './state.ts';
import type { TraceAnswer } from './trace-path.ts';

// Every address is relative to the page's own, which holds the key.

/** How the connection to the engine is. */
export type ConnectionState = 'live' | 'lost' | 'resting';

/** Follow the map while the page is to be seen: behind another tab nobody looks, and the engine need not either. */
export function followMap(onEvent: (event: MapEvent) => void, onState: (state: ConnectionState) => void): void {
  let source: EventSource | undefined;
  const open = (): void => {
    source = new EventSource('events');
    source.onopen = () => onState('live');
    source.onerror = () => onState('lost');
    source.onmessage = ({ data }: MessageEvent<string>) => onEvent(JSON.parse(data) as MapEvent);
  };
  const close = (): void => {
    source?.close();
    onState('resting');
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  if (!document.hidden) open();
}

/** Send a packet, and learn what became of it. @throws Error in the engine's words. */
export function askTrace(question: TraceQuestion): Promise<TraceAnswer> {
  return ask<TraceAnswer>('traces', { method: 'POST', body: JSON.stringify(question) });
}

/** What the kernel has of a thing. */
export function askKernelView(id: string): Promise<KernelView> {
  return ask<KernelView>(`object/${encodeURIComponent(id)}`, {});
}

/** Let the doctor look; what it finds comes with the events. */
export async function askExamination(): Promise<void> {
  await ask('examination', { method: 'POST' });
}

async function ask<T>(path: string, request: RequestInit): Promise<T> {
  const headers: HeadersInit = request.body === undefined ? {} : { 'Content-Type': 'application/json' };
  const answer = await fetch(path, { ...request, headers });
  const body: unknown = await answer.json().catch(() => ({ message: answer.statusText }));
  if (!answer.ok) throw new Error((body as { readonly message?: string }).message ?? answer.statusText);
  return body as T;
}
