import { FairleadError } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import { forEachName } from './for-each-name.ts';
import { joinContainer } from './session.ts';

interface Inspected {
  readonly Id: string;
  readonly State: { readonly Running: boolean };
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
}

/** `fairlead attach`. */
export const attach: Action = async ({ words: [name = ''], options, engine }) => {
  const { Id, State, Config } = await engine.ask<Inspected>('GET', `/containers/${name}/json`);
  if (!State.Running) throw new FairleadError('conflict', 'You cannot attach to a stopped container, start it first');
  const withInput = Config.OpenStdin && !options.flag('no-stdin');
  return joinContainer(engine, Id, {
    streams: withInput ? ['stdin', 'stdout', 'stderr'] : ['stdout', 'stderr'],
    tty: Config.Tty,
    signals: options.text('sig-proxy') !== 'false',
    detachKeys: options.text('detach-keys'),
    condition: 'not-running',
    start: false,
  });
};

/** `fairlead start`. */
export const start: Action = async (invocation) => {
  const { words, options, engine } = invocation;
  const interactive = options.flag('interactive');
  if (!options.flag('attach') && !interactive) {
    return forEachName(invocation, (name) => engine.ask('POST', `/containers/${name}/start`));
  }
  const [name = '', ...others] = words;
  if (others.length > 0)
    throw new FairleadError('invalid-argument', 'you cannot start and attach multiple containers at once');
  const { Id, Config } = await engine.ask<Inspected>('GET', `/containers/${name}/json`);
  return joinContainer(engine, Id, {
    streams: interactive && Config.OpenStdin ? ['stdin', 'stdout', 'stderr'] : ['stdout', 'stderr'],
    tty: Config.Tty,
    signals: true,
    detachKeys: options.text('detach-keys'),
    condition: 'next-exit',
    start: true,
  });
};
