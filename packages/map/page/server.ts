import type { KernelView } from '../src/model/kernel-view.ts';
import type { MapEvent } from '../src/model/map-view.ts';
import type { TraceQuestion } from './state.ts';
import type { TraceAnswer, TraceHop } from './trace-path.ts';

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

/**
 * Send a packet, and learn what became of it.
 *
 * @param onHop told of each place as the packet is seen there.
 * @throws Error in the engine's words.
 */
export async function askTrace(question: TraceQuestion, onHop: (hop: TraceHop) => void): Promise<TraceAnswer> {
  const answer = await request('traces', { method: 'POST', body: JSON.stringify(question) });
  let report: TraceAnswer | undefined;
  for await (const news of linesOf<TraceNews>(answer)) {
    if ('hop' in news) onHop(news.hop);
    else if ('report' in news) report = news.report;
  }
  if (report === undefined) throw new Error('the connection to the engine is lost');
  return report;
}

/** What is told of a trace while it goes on. */
type TraceNews = { readonly probe: unknown } | { readonly hop: TraceHop } | { readonly report: TraceAnswer };

/** Values that come one on each line. */
async function* linesOf<T>(answer: Response): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = '';
  const reader = answer.body?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    const lines = (rest + decoder.decode(value, { stream: !done })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    if (done) return;
  }
}

/** What the kernel has of a thing. */
export function askKernelView(id: string): Promise<KernelView> {
  return ask<KernelView>(`object/${encodeURIComponent(id)}`, {});
}

/** Let the doctor look; what it finds comes with the events. */
export async function askExamination(): Promise<void> {
  await ask('examination', { method: 'POST' });
}

async function ask<T>(path: string, wanted: RequestInit): Promise<T> {
  return (await (await request(path, wanted)).json()) as T;
}

async function request(path: string, wanted: RequestInit): Promise<Response> {
  const headers: HeadersInit = wanted.body === undefined ? {} : { 'Content-Type': 'application/json' };
  const answer = await fetch(path, { ...wanted, headers });
  if (answer.ok) return answer;
  const body: unknown = await answer.json().catch(() => ({}));
  throw new Error((body as { readonly message?: string }).message ?? answer.statusText);
}
