import { registerHooks } from 'node:module';
import { resolveQuickly } from '@fairlead/base/quick-resolution';
import { KeptProgram } from './program/kept-program.ts';

const program = KeptProgram.run(process.env['NODE_COMPILE_CACHE'] ?? '');
registerHooks({ resolve: resolveQuickly, ...(program && { load: program.load }) });
const words = process.argv.slice(2);
const { askEarly } = await import('./early-question.ts');
const asked = await askEarly(words);
const { runDaemon } = await import('./run-daemon.ts');
const { ENGINE_TITLE } = await import('@fairlead/runtime/host-program');

process.title = ENGINE_TITLE;
// Streams of containers may still be open: they are the containers' business now.
process.exit(await runDaemon(words, { asked, program }));
