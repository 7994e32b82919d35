/**
 * The environment of a container as its configuration has it: what was asked for as it stands, then what the image says
 * about other variables (moby, `runconfig` and `container/config.go`). An entry without `=` keeps the image's variable away.
 */
export function mergeEnvironment(image: readonly string[], asked: readonly string[]): string[] {
  const names = new Set(asked.map(nameOf));
  return [...asked, ...image.filter((entry) => !names.has(nameOf(entry)))];
}

function nameOf(entry: string): string {
  return entry.replace(/=.*$/s, '');
}
