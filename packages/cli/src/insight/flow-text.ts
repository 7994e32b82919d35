import type { FlowEnd, FlowReport } from '@fairlead/trace';
import { sizeText } from '../format/quantity.ts';

/** A flow in one line: when, who asked whom, for how long, how much, what became of it. */
export function flowText(flow: FlowReport): string {
  const { time, protocol, from, to, asked, seenAs, duration, sent, received, verdict, reason, midway } = flow;
  const clock = new Date(time).toTimeString().slice(0, 8);
  const published = asked === undefined ? '' : ` (asked for ${addressText(asked)})`;
  const masked = seenAs === undefined ? '' : ` (as ${addressText(seenAs)})`;
  const arrow = midway === true ? '–' : '→';
  const parts = [
    `${clock}  ${endText(from)}${masked} ${arrow} ${endText(to)}${published} ${protocol}`,
    ...(duration === undefined ? [] : [spanText(duration)]),
    ...(sent && received ? [`↑ ${sizeText(sent.bytes)} ↓ ${sizeText(received.bytes)}`] : []),
    reason === undefined ? verdict : `${verdict}: ${reason}`,
  ];
  return parts.join('  ');
}

/** The name, and the address where there is none; the port of a name as in `db:5432`. */
function endText({ kind, name, address, port }: FlowEnd): string {
  if (kind === 'outside') return `outside (${addressText({ address, ...(port !== undefined && { port }) })})`;
  const known = kind === 'gateway' ? `gateway of ${name ?? ''}` : (name ?? 'host');
  return port === undefined ? known : `${known}:${port}`;
}

function addressText({ address, port }: { readonly address: string; readonly port?: number }): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `12 ms`, `2.1 s`, `3m20s`. */
function spanText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
