import { run, type Step } from './step.ts';

/**
 * The linters, pinned here and not in the root manifest: a lock file that names their packages for other platforms makes
 * `npm ci` fail where the registry does not carry those.
 */
const biome = ['npx', '--yes', '@biomejs/biome@2.6.8'];
/** Only the promise rules that need types (.oxlintrc.json): a lost promise is a lost error of the kernel. */
const oxlint = ['npx', '--yes', '-p', 'oxlint@1.94.0', '-p', 'oxlint-tsgolint@7.0.2007', 'oxlint'];
const folders = ['packages', 'test', 'tools'];

/**
 * Format, imports and style.
 *
 * @param options.fix put right what can be put right without thought.
 * @param options.brief name the files and rules only.
 */
export function formatStep({ fix, brief }: { readonly fix: boolean; readonly brief: boolean }): Step {
  const mode = fix ? ['--write'] : [];
  const style = brief ? ['--reporter=summary'] : ['--max-diagnostics=100'];
  return linterStep([...biome, 'check', ...mode, ...style, '--colors=off', '.']);
}

/** Promises that nobody waits for. */
export function promiseStep(): Step {
  return linterStep([...oxlint, '--type-aware', '--deny-warnings', '--format=unix', ...folders]);
}

function linterStep(command: readonly string[]): Step {
  return async () => {
    const { code, output } = await run(command);
    if (code === 0) return undefined;
    const text = output.replaceAll(/^npm warn .*\n/gm, '');
    if (!/^npm error /m.test(text)) return text;
    return `${text}The linters could not be fetched: npx needs a registry, or its cache with ${command[2]}.`;
  };
}
