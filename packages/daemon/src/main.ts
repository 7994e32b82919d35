import { registerHooks } from 'node:module';
import { resolveQuickly } from '@fairlead/base/quick-resolution';

registerHooks({ resolve: resolveQuickly });
const { runDaemon } = await import('./run-daemon.ts');
const { ENGINE_TITLE } = await import('@fairlead/runtime/host-program');

process.title = ENGINE_TITLE;
// Streams of containers may still be open: they are the containers' business now.
process.exit(await runDaemon(process.argv.slice(2)));
