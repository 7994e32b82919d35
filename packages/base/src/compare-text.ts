/**
 * Order texts by their UTF-16 code units, whatever the locale: for `sort`.
 *
 * @returns below 0, 0 or above 0.
 */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
