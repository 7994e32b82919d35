import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { isConflict, type Logger, type LogLevel, messageOf } from '@fairlead/base';
import { handBackAtRest } from '@fairlead/kernel/memory';
import { prepareDescriptors } from '@fairlead/kernel/sockets';
import { ControlServer } from './control-server.ts';
import { methodOf, Resolver } from './resolver.ts';

/**
 * The resolver process, started by `main.ts --socket PATH`. It serves until it is told to end, whatever becomes of the
 * process that started it.
 */
const { values } = parseArgs({ options: { socket: { type: 'string' } } });
if (values.socket === undefined) {
  process.stderr.write('usage: resolver --socket PATH\n');
  process.exit(2);
}

const say = (level: LogLevel) => (message: string, details?: Record<string, unknown>) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...details })}\n`);
};
const log: Logger = { debug: () => {}, info: say('info'), warn: say('warn'), error: say('error') };

/** Exit status when another resolver serves the path already. */
const ALREADY_RUNNING = 3;

/** By then the first requests have been served. */
const FLUSH_DELAY_MS = 3000;

/** A sandbox takes two descriptors, a published port one, a relayed connection two. */
const DESCRIPTORS = 16_384;
/** Milliseconds: the daemon that started us has first questions now, and this takes 15 ms. */
const UNTIL_PREPARED = 1000;
const preparation = setTimeout(() => {
  try {
    prepareDescriptors(DESCRIPTORS);
  } catch (error) {
    log.warn('the limit on open files is low', { error: messageOf(error) });
  }
}, UNTIL_PREPARED);
preparation.unref();

const ending = Promise.withResolvers<void>();
const resolver = new Resolver(ending.resolve);
process.on('SIGTERM', () => ending.resolve());
process.on('SIGINT', () => ending.resolve());
// A closed terminal and a reader of our log that has gone are no reasons to end.
process.on('SIGHUP', () => {});
process.stderr.on('error', () => {});
// Thousands of sandboxes depend on this process; one packet or peer must not end it.
process.on('uncaughtException', (error) => log.error('uncaught', { error: error.stack }));

try {
  const dispatch = (method: string, params: unknown) => methodOf(resolver.methods, method)(params);
  const control = await ControlServer.listen(values.socket, dispatch, log);
  // Node writes what it compiled at its end, which may be a kill; the next start shall find it.
  setTimeout(flushCompileCache, FLUSH_DELAY_MS).unref();
  handBackAtRest({ onError: (error) => log.warn('memory is not handed back', { error: messageOf(error) }) });
  log.info('serving', { socket: values.socket, pid: process.pid });
  await ending.promise;
  await control[Symbol.asyncDispose]();
  resolver[Symbol.dispose]();
  process.exit(0);
} catch (error) {
  log.error(messageOf(error));
  process.exit(isConflict(error) ? ALREADY_RUNNING : 1);
}
