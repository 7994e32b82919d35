import { registerHooks } from 'node:module';
import { resolveQuickly } from '@fairlead/base/quick-resolution';

registerHooks({ resolve: resolveQuickly });
await import('./serve.ts');
