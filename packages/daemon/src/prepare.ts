import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { resolveQuickly, urlOf } from '@fairlead/base/quick-resolution';
import { keepSources, keptSourcesPath, nameKey } from './kept-sources.ts';
import { lateSourcesPath } from './late-sources.ts';

// Loads everything that a daemon may need and ends: Node strips the types and keeps the compiled code as it goes, so no
// later start pays for it. What a start loads is kept in one file besides, and all the rest in another. The launcher runs
// this once.
const loaded: string[] = [];
const names: Record<string, string> = {};
registerHooks({
  resolve(specifier, context, next) {
    const found = resolveQuickly(specifier, context, next);
    const isOfOthers = urlOf(specifier, context.parentURL) === undefined && found.format === 'module';
    if (isOfOthers) names[nameKey(specifier, context.parentURL)] = found.url;
    return found;
  },
  load(url, context, next) {
    const found = next(url, context);
    if (url.startsWith('file:') && found.format?.startsWith('module')) loaded.push(url);
    return found;
  },
});
await import('./early-question.ts');
await import('./run-daemon.ts');
const { loadLateModules } = await import('@fairlead/base');
const early = [...loaded];
await loadLateModules();

const folder = process.env['NODE_COMPILE_CACHE'];
if (folder !== undefined) {
  const strip = (code: string, url: string) =>
    url.endsWith('.ts') ? stripTypeScriptTypes(code, { sourceUrl: url }) : code;
  keepSources(lateSourcesPath(folder), loaded.slice(early.length), strip, names);
  // This one last: it says that the programs are prepared.
  const ours = early.filter((url) => url.endsWith('.ts'));
  keepSources(keptSourcesPath(folder), ours, strip);
}
