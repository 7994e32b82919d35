import type { Books } from '../books.ts';
import type { Vault } from '../vault.ts';
import type { Task } from './task-model.ts';
import type { TaskFile } from './task-runtime.ts';

/**
 * Contents of the secrets and configs of a task; what is a template is expanded.
 *
 * @throws Error for one that is not there any more.
 */
export function taskFiles(
  books: Books,
  vault: Vault,
  task: Task,
  expand: (text: string) => string,
): readonly TaskFile[] {
  const { secrets = [], configs = [] } = task.spec.containerSpec ?? {};
  const content = (data: string, isTemplate: boolean): Uint8Array => {
    const bytes = Buffer.from(data, 'base64');
    return isTemplate ? Buffer.from(expand(bytes.toString('utf8'))) : bytes;
  };
  return [
    ...secrets.flatMap(({ secretId, secretName, file: target }): TaskFile[] => {
      const secret = books.secrets.get(secretId);
      if (secret?.data === undefined) throw new Error(`secret ${secretName} is not there any more`);
      if (target === undefined) return [];
      const data = content(vault.open(secret.data), secret.spec.templating !== undefined);
      return [{ kind: 'secret', target, data }];
    }),
    ...configs.flatMap(({ configId, configName, file: target }): TaskFile[] => {
      const config = books.configs.get(configId);
      if (config === undefined) throw new Error(`config ${configName} is not there any more`);
      if (target === undefined) return [];
      const data = content(config.spec.data ?? '', config.spec.templating !== undefined);
      return [{ kind: 'config', target, data }];
    }),
  ];
}
