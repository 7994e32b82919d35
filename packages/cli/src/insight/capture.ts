import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { FairleadError } from '@fairlead/base';
import { PcapngReader } from '@fairlead/trace/pcapng';
import type { Action, Invocation } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import { packetText } from './packet-text.ts';

/** What of packets is asked for. */
export interface CaptureQuestion {
  readonly filter?: string | undefined;
  readonly hostSide?: boolean | undefined;
  readonly interface?: string | undefined;
  readonly snaplen?: number | undefined;
  readonly count?: number | undefined;
  readonly duration?: string | undefined;
}

/** `fairlead capture`: packets into a file or a pipe, or a line for each where a person looks. */
export const capture: Action = async (invocation) => {
  const { options, print } = invocation;
  if (options.flag('install-extcap')) {
    const { installExtcap } = await import('./extcap-file.ts');
    print(`Wireshark lists containers and networks from now on: ${installExtcap()}`);
    return 0;
  }
  const [target, ...words] = invocation.words;
  if (target === undefined) throw new FairleadError('invalid-argument', 'a container, a network or "host" is missing');
  const body = await openCapture(invocation.engine, target, questionFrom(invocation, words));
  const end = new AbortController();
  const interrupt = () => end.abort();
  process.once('SIGINT', interrupt);
  const reader = new PcapngReader();
  try {
    await pass(body, reader, { output: outputOf(invocation), print, signal: end.signal });
  } finally {
    process.off('SIGINT', interrupt);
  }
  const dropped = reader.dropped === undefined ? '' : `, ${reader.dropped} dropped for want of room`;
  process.stderr.write(`${reader.packets} packet${reader.packets === 1 ? '' : 's'} captured${dropped}\n`);
  return 0;
};

/** Ask for packets. */
export function openCapture(
  engine: Connection,
  target: string,
  question: CaptureQuestion,
): Promise<AsyncIterable<Uint8Array>> {
  const { hostSide, ...query } = question;
  return engine.open('GET', `/fairlead/captures/${encodeURIComponent(target)}`, {
    query: { ...query, hostSide: hostSide === true ? true : undefined },
  });
}

function questionFrom({ options }: Invocation, words: readonly string[]): CaptureQuestion {
  return {
    filter: words.join(' ') || undefined,
    hostSide: options.flag('host-side'),
    interface: options.text('interface'),
    snaplen: options.integer('snaplen'),
    count: options.integer('count'),
    duration: options.text('duration'),
  };
}

/** `undefined` where packets are to be read by a person. */
function outputOf({ options }: Invocation): Writable | undefined {
  const file = options.text('write');
  if (file !== undefined && file !== '-') return createWriteStream(file, { mode: 0o600 });
  return options.flag('text') || (file === undefined && process.stdout.isTTY) ? undefined : process.stdout;
}

interface Destination {
  readonly output: Writable | undefined;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Until the capture ends, or is interrupted, or nobody reads any more. */
async function pass(
  body: AsyncIterable<Uint8Array>,
  reader: PcapngReader,
  { output, print, signal }: Destination,
): Promise<void> {
  const pieces = body[Symbol.asyncIterator]();
  const interrupted = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
  const closed = new Promise<undefined>((resolve) => output?.once('error', () => resolve(undefined)));
  for (;;) {
    const next = await Promise.race([pieces.next(), interrupted, closed]);
    if (next === undefined || next.done === true) break;
    const packets = reader.read(next.value);
    if (output === undefined) for (const packet of packets) print(packetText(packet));
    else if (!output.write(next.value)) await Promise.race([once(output, 'drain'), interrupted, closed]);
  }
  void pieces.return?.();
  if (output !== undefined && output !== process.stdout) await new Promise((resolve) => output.end(resolve));
}
