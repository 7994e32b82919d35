import type { CommandDefinition, OptionDefinition } from './command.ts';

/** Asks what a command would do. */
export const dryRunOption: OptionDefinition = {
  flags: '--dry-run',
  description: 'change nothing; print the commands that would do it to the kernel, which checks them',
};

/** A command that can be asked what it would do. */
export function rehearsable(definition: CommandDefinition): CommandDefinition {
  return {
    ...definition,
    options: [...(definition.options ?? []), dryRunOption],
    load: async () => {
      const action = await definition.load();
      return async (invocation) => {
        if (!invocation.options.flag('dry-run')) return await action(invocation);
        const { dryRun } = await import('../insight/dry-run.ts');
        return await dryRun(action, invocation);
      };
    },
  };
}
