/** As many as the kernel follows (path_resolution(7)). */
const maximumLinks = 40;

/**
 * Where a path leads when all links in it are followed within the root, as far as it exists.
 *
 * @param readLink what a link says; `undefined` for all that is none or is not there. It is asked for parents first.
 */
export function followLinks(path: string, readLink: (path: string) => string | undefined): string {
  const waiting = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  while (waiting.length > 0) {
    const part = waiting.pop() ?? '';
    if (part === '..') done.pop();
    if (part === '' || part === '.' || part === '..') continue;
    const target = links < maximumLinks ? readLink(`/${[...done, part].join('/')}`) : undefined;
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links++;
    if (target.startsWith('/')) done.length = 0;
    waiting.push(...target.split('/').reverse());
  }
  return `/${done.join('/')}`;
}
