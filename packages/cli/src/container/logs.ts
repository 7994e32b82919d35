import { splitFrames } from '@fairlead/api/client';
import { FairleadError } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import { outputFor } from '../connection/terminal-session.ts';
import { parseDuration } from '../format/quantity.ts';

/** `fairlead logs`. */
export const logs: Action = async ({ words: [name = ''], options, engine }) => {
  const { Config } = await engine.ask<{ Config: { Tty: boolean } }>('GET', `/containers/${name}/json`);
  const body = await engine.open('GET', `/containers/${name}/logs`, {
    query: {
      stdout: true,
      stderr: true,
      follow: options.flag('follow') || undefined,
      details: options.flag('details') || undefined,
      timestamps: options.flag('timestamps') || undefined,
      tail: options.text('tail'),
      since: momentText(options.text('since')),
      until: momentText(options.text('until')),
    },
  });
  if (Config.Tty) for await (const piece of body) process.stdout.write(piece);
  else for await (const { stream, data } of splitFrames(body)) outputFor(stream).write(data);
  return 0;
};

/**
 * A moment as the engine takes it, in seconds since the epoch: from RFC 3339, from seconds, or from a Go duration that is
 * counted back from `now` (milliseconds).
 *
 * @throws FairleadError `invalid-argument` for anything else.
 */
export function momentText(text: string | undefined, now: number = Date.now()): string | undefined {
  if (text === undefined || /^\d+(\.\d+)?$/.test(text)) return text;
  const span = parseDuration(text);
  if (span !== undefined) return (now / 1000 - span).toFixed(9);
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new FairleadError('invalid-argument', `failed to parse value as time or duration: "${text}"`);
  return (time / 1000).toFixed(9);
}
