import type { Action, Invocation } from '../command/command.ts';
import { forEachName } from './for-each-name.ts';

/** `fairlead stop`. */
export const stop: Action = (invocation) => endWith(invocation, 'stop');

/** `fairlead restart`. */
export const restart: Action = (invocation) => endWith(invocation, 'restart');

function endWith(invocation: Invocation, verb: 'stop' | 'restart'): Promise<number> {
  const { options, engine } = invocation;
  const query = { t: options.integer('time'), signal: options.text('signal') };
  return forEachName(invocation, (name) => engine.ask('POST', `/containers/${name}/${verb}`, { query }));
}

/** `fairlead kill`. */
export const kill: Action = (invocation) => {
  const query = { signal: invocation.options.text('signal') };
  return forEachName(invocation, (name) => invocation.engine.ask('POST', `/containers/${name}/kill`, { query }));
};

/** `fairlead pause`. */
export const pause: Action = (invocation) =>
  forEachName(invocation, (name) => invocation.engine.ask('POST', `/containers/${name}/pause`));

/** `fairlead unpause`. */
export const unpause: Action = (invocation) =>
  forEachName(invocation, (name) => invocation.engine.ask('POST', `/containers/${name}/unpause`));

/** `fairlead rm`. */
export const remove: Action = (invocation) => {
  const { options, engine } = invocation;
  const [force, v, link] = ['force', 'volumes', 'link'].map((name) => options.flag(name) || undefined);
  const query = { force, v, link };
  return forEachName(invocation, (name) => engine.ask('DELETE', `/containers/${name}`, { query }));
};

/** `fairlead rename`. */
export const rename: Action = async ({ words: [from = '', to = ''], engine }) => {
  await engine.ask('POST', `/containers/${from}/rename`, { query: { name: to } });
  return 0;
};

/** `fairlead wait`. */
export const wait: Action = (invocation) =>
  forEachName(
    invocation,
    async (name) =>
      (await invocation.engine.ask<{ StatusCode: number }>('POST', `/containers/${name}/wait`)).StatusCode,
    (_, code) => String(code),
  );
