import { registerHooks } from 'node:module';
import { resolveQuickly } from '@fairlead/base/quick-resolution';

registerHooks({ resolve: resolveQuickly });
const { runDaemon } = await import('./run-daemon.ts');

// `nft list` names the owner of a table by this.
process.title = 'fairlead daemon';
// Streams of containers may still be open: they are the containers' business now.
process.exit(await runDaemon(process.argv.slice(2)));
