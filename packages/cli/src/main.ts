import { registerHooks } from 'node:module';
import { resolveQuickly } from '@fairlead/base/quick-resolution';

registerHooks({ resolve: resolveQuickly });
const { runCommandLine } = await import('./command-line.ts');

process.exitCode = await runCommandLine(process.argv.slice(2));
