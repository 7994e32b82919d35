import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { resolveQuickly, urlOf } from '@fairlead/base/quick-resolution';
import { keepProgram } from './program/keep-program.ts';
import { keptProgramPath } from './program/kept-program.ts';
import { keepSources } from './program/kept-sources.ts';
import { lateSourcesPath, nameKey } from './program/late-sources.ts';

// Loads everything that a daemon may need and ends: Node strips the types and keeps the compiled code as it goes, so no
// later start pays for it. What a start loads is kept in one file besides, and all the rest in another. The launcher runs
// this once.
const loaded: string[] = [];
/** Which module a name means in another, by {@link nameKey}. */
const found = new Map<string, string>();
/** Those of them that take more than a look at the name. */
const names: Record<string, string> = {};
registerHooks({
  resolve(specifier, context, next) {
    const module = resolveQuickly(specifier, context, next);
    found.set(nameKey(specifier, context.parentURL), module.url);
    const isOfOthers = urlOf(specifier, context.parentURL) === undefined && module.format === 'module';
    if (isOfOthers) names[nameKey(specifier, context.parentURL)] = module.url;
    return module;
  },
  load(url, context, next) {
    const module = next(url, context);
    if (url.startsWith('file:') && module.format?.startsWith('module')) loaded.push(url);
    return module;
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
  keepSources(lateSourcesPath(folder), loaded.slice(early.length), strip, { names });
  // This one last: it says that the programs are prepared.
  const ours = early.filter((url) => url.endsWith('.ts'));
  const meant = (specifier: string, parent: string) => found.get(nameKey(specifier, parent)) ?? specifier;
  keepProgram(keptProgramPath(folder), ours, (code) => stripTypeScriptTypes(code), meant);
}
