import { writeFileSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import type { TraceNews, TraceReport, Verdict } from '@fairlead/trace';
import type { Action } from '../command/command.ts';
import type { Options } from '../command/options.ts';
import type { Connection } from '../connection/connection.ts';
import { agreedFix, requirePerson } from './fix-agreement.ts';
import { traceText } from './trace-text.ts';

/** What the shell is told; documented in docs/trace.md. */
const exitCodes: Readonly<Record<Verdict, number>> = { delivered: 0, refused: 2, dropped: 3, lost: 4, unknown: 5 };

/** `fairlead trace`: follow a packet. Whatever becomes of it is an answer; only a question without sense is an error. */
export const trace: Action = async ({ words: [from, to], options, engine, print }) => {
  const question = { from, to, ...questionFrom(options) };
  const ask = (body: object) => engine.ask<TraceReport>('POST', '/fairlead/traces', { body });
  const { apply, ...withoutFix } = question;
  let body: object = question;
  if (apply !== undefined && !options.flag('yes')) {
    requirePerson(apply);
    const first = await ask(withoutFix);
    if (!options.flag('json') && !options.flag('live')) show(first, options, print);
    const agreed = await agreedFix(apply, first);
    if (agreed === undefined) return exitCodes[first.verdict];
    body = { ...question, agreed };
  }
  if (options.flag('live')) return await live(engine, body, options, print);
  const report = await ask(body);
  show(report, options, print);
  return exitCodes[report.verdict];
};

function show(told: TraceReport, options: Options, print: (line: string) => void): void {
  const report = withoutFile(told, options);
  if (options.flag('json')) print(JSON.stringify(report));
  else traceText(report, { verbose: options.flag('verbose') }).forEach(print);
}

/** `--live`: a line of JSON for the probe, for each hop as it is seen, and for the report. */
async function live(
  engine: Connection,
  body: object,
  options: Options,
  print: (line: string) => void,
): Promise<number> {
  const query = { live: '1' };
  let verdict: Verdict = 'unknown';
  for await (const news of engine.lines<TraceNews | { report: TraceReport }>('POST', '/fairlead/traces', {
    query,
    body,
  })) {
    const shown = 'report' in news ? { report: withoutFile(news.report, options) } : news;
    if ('report' in news) verdict = news.report.verdict;
    print(JSON.stringify(shown));
  }
  return exitCodes[verdict];
}

/** The file of packets goes where it was asked for. Nothing was seen when nothing could be sent. */
function withoutFile({ pcapng, ...report }: TraceReport, options: Options): TraceReport {
  const file = options.text('pcapng');
  if (file !== undefined && pcapng !== undefined) writeFileSync(file, Buffer.from(pcapng, 'base64'), { mode: 0o600 });
  return report;
}

function questionFrom(options: Options): Record<string, unknown> & { readonly apply?: number } {
  const protocol = onlyOne(options, ['udp', 'icmp']);
  const family = onlyOne(options, ['ipv4', 'ipv6']);
  const numbers = (['size', 'timeout', 'apply'] as const).flatMap((name) => {
    const value = options.integer(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...(protocol !== undefined && { protocol }),
    ...(family !== undefined && { family: family === 'ipv4' ? 4 : 6 }),
    ...(options.flag('connect') && { connect: true }),
    ...(options.text('pcapng') !== undefined && { pcapng: true }),
    ...Object.fromEntries(numbers),
  };
}

function onlyOne(options: Options, names: readonly string[]): string | undefined {
  const given = names.filter((name) => options.flag(name));
  if (given.length > 1) {
    const flags = given.map((name) => `--${name}`).join(' and ');
    throw new FairleadError('invalid-argument', `${flags} exclude each other`);
  }
  return given[0];
}
