import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Not in the temporary folder of the machine: root must not run code that others can write.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/fairlead'));
// `nft list` names the owner of a table by this.
process.title = 'fairlead daemon';
const { runDaemon } = await import('./run-daemon.ts');
// Streams of containers may still be open: they are the containers' business now.
process.exit(await runDaemon(process.argv.slice(2)));
