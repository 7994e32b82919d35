import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Where a program is, looked for as a shell does. @param path the directories, as in PATH. */
export function installedProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  const places = path.split(':').filter((directory) => directory.startsWith('/'));
  return places.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
