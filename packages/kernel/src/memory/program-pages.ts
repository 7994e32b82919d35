/** A range of addresses in a process, of whole pages. */
export interface AddressRange {
  readonly start: bigint;
  /** Bytes. */
  readonly length: number;
}

const head = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(\S.*)$/;
const field = (name: string) => new RegExp(`^${name}: +(\\d+) kB$`, 'm');
const [resident, anonymous, locked] = [field('Rss'), field('Anonymous'), field('Locked')];

/**
 * The mappings of a program's own file with nothing in them that is not in the file: what the kernel is told to forget there it
 * reads again when somebody needs it. Never a mapping that can be written to, or with a single page that was (the linker
 * writes to some and then protects them, ld(1), `relro`): what was written would be lost. Never any other file either: the
 * program itself stays where it is for the life of the process, so that nothing else can have taken its place meanwhile.
 *
 * @param smaps text of `/proc/PID/smaps` (proc(5)).
 * @param program path of the program as the kernel spells it there.
 */
export function programPages(smaps: string, program: string): AddressRange[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((piece) => {
    const [first = ''] = piece.split('\n', 1);
    const [, start, end, permissions, path] = head.exec(first) ?? [];
    if (path !== program || !/^r-[x-]p$/.test(permissions ?? '')) return [];
    // A kernel that does not say what was written to says nothing that could be relied on.
    const isClean = kilobytes(piece, anonymous) === 0 && kilobytes(piece, locked) === 0;
    if (!isClean || !kilobytes(piece, resident)) return [];
    const [from, to] = [BigInt(`0x${start}`), BigInt(`0x${end}`)];
    return [{ start: from, length: Number(to - from) }];
  });
}

function kilobytes(piece: string, field: RegExp): number | undefined {
  const found = field.exec(piece)?.[1];
  return found === undefined ? undefined : Number(found);
}
