import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { resolveQuickly } from '@fairlead/base/quick-resolution';
import { keepSources, keptSourcesPath } from './kept-sources.ts';

// Loads everything that a daemon may need and ends: Node strips the types and keeps the compiled code as it goes, so no
// later start pays for it. What a start loads is kept in one file besides. The launcher runs this once.
const loaded: string[] = [];
registerHooks({
  resolve: resolveQuickly,
  load(url, context, next) {
    if (url.startsWith('file:') && url.endsWith('.ts')) loaded.push(url);
    return next(url, context);
  },
});
await import('./early-question.ts');
await import('./run-daemon.ts');
const { loadLateModules } = await import('@fairlead/base');
const folder = process.env['NODE_COMPILE_CACHE'];
if (folder !== undefined) {
  keepSources(keptSourcesPath(folder), [...loaded], (code, url) => stripTypeScriptTypes(code, { sourceUrl: url }));
}
await loadLateModules();
