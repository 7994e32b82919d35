import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { FairleadError, hasSystemCode } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import { openCapture } from './capture.ts';

/** What Wireshark can capture from. */
export interface ExtcapTarget {
  readonly kind: 'container' | 'network' | 'host';
  readonly name: string;
}

/** Names of interfaces in Wireshark begin so, and cannot be taken for those of another program. */
const prefix = 'fairlead-';

/** `fairlead extcap`: what Wireshark runs to list interfaces and to capture from them (extcap(4)). */
export const extcap: Action = async ({ options, engine, print }) => {
  const chosen = options.text('extcap-interface');
  if (options.flag('extcap-interfaces')) {
    interfaceLines(await targetsOf(engine)).forEach(print);
    return 0;
  }
  if (chosen === undefined)
    throw new FairleadError('invalid-argument', 'this is for Wireshark to run; see docs/capture.md');
  if (options.flag('extcap-dlts')) print('dlt {number=1}{name=EN10MB}{display=Ethernet}');
  else if (options.flag('extcap-config')) configLines().forEach(print);
  else if (options.flag('capture')) {
    const fifo = options.text('fifo');
    if (fifo === undefined) throw new FairleadError('invalid-argument', '--fifo is missing');
    const body = await openCapture(engine, targetOf(chosen), {
      filter: options.text('extcap-capture-filter'),
      snaplen: options.integer('snaplen') || undefined,
      hostSide: options.flag('host-side'),
    });
    await pipeline(body, createWriteStream(fifo)).catch(unlessClosed);
  }
  return 0;
};

/** The answer to `--extcap-interfaces`. */
export function interfaceLines(targets: readonly ExtcapTarget[]): string[] {
  return [
    'extcap {version=1.0}{help=file:///usr/share/doc/fairlead/capture.md}{display=Fairlead}',
    ...targets.map(({ kind, name }) => {
      const display = kind === 'host' ? 'the host' : `${kind} ${name}`;
      return `interface {value=${prefix}${name}}{display=Fairlead: ${display}}`;
    }),
  ];
}

/** The answer to `--extcap-config`. */
export function configLines(): string[] {
  return [
    'arg {number=0}{call=--snaplen}{display=Bytes of each packet}{type=unsigned}{default=0}{tooltip=0 keeps all}',
    'arg {number=1}{call=--host-side}{display=At the host’s end of the cables}{type=boolflag}{default=false}',
  ];
}

/** What is meant by the name of an interface. */
export function targetOf(name: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

async function targetsOf(engine: Connection): Promise<ExtcapTarget[]> {
  const containers = await engine.ask<{ Names: string[] }[]>('GET', '/containers/json');
  const networks = await engine.ask<{ Name: string; Driver: string }[]>('GET', '/networks');
  return [
    ...containers.flatMap(({ Names: [name] }) =>
      name === undefined ? [] : [{ kind: 'container', name: name.slice(1) } as const],
    ),
    ...networks.flatMap(({ Name, Driver }) => (Driver === 'bridge' ? [{ kind: 'network', name: Name } as const] : [])),
    { kind: 'host', name: 'host' },
  ];
}

/** Wireshark ends a capture by closing its end. */
function unlessClosed(error: unknown): void {
  if (!hasSystemCode(error, 'EPIPE')) throw error;
}
