import { FairleadError } from '@fairlead/base';

/** An operating system and processor, in Go's names as the OCI image spec has them. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

const aliases: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  x64: ['amd64'],
  aarch64: ['arm64'],
  i386: ['386'],
  ia32: ['386'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

/** The variant that is meant when none is written. */
const defaultVariants: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };

/** What this process runs on. Containers are Linux. */
export function hostPlatform(): Platform {
  return normalised({ os: 'linux', architecture: process.arch });
}

/**
 * Parse `os[/architecture[/variant]]` or an architecture alone.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    const message = `"${text}": unknown operating system or architecture: invalid argument`;
    throw new FairleadError('invalid-argument', message);
  }
  const [os = '', architecture, variant] = parts;
  if (architecture !== undefined) return normalised({ os, architecture, variant });
  if (os === 'linux') return hostPlatform();
  return normalised({ os: 'linux', architecture: os });
}

/** `linux/arm64/v8`. */
export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

/**
 * How well an image for `offered` runs on `wanted`: 0 is exact, larger is worse, `undefined` is not at all.
 *
 * A processor also runs what was built for a lower variant (`v3` runs `v2`), and a 64-bit x86 runs 386 programs only
 * when that was asked for, as in Docker.
 */
export function platformDistance(wanted: Platform, offered: Platform): number | undefined {
  const [a, b] = [normalised(wanted), normalised(offered)];
  if (a.os !== b.os || a.architecture !== b.architecture) return undefined;
  const distance = variantLevel(a) - variantLevel(b);
  return distance >= 0 ? distance : undefined;
}

function normalised({ os, architecture, variant }: Platform): Platform {
  const [name = architecture, implied] = aliases[architecture] ?? [architecture];
  const actual = variant || implied;
  return { os, architecture: name, ...(actual && actual !== hiddenVariant(name) && { variant: actual }) };
}

/** The default variants of the 64-bit processors are not written; that of 32-bit ARM is. */
function hiddenVariant(architecture: string): string | undefined {
  return architecture === 'arm' ? undefined : defaultVariants[architecture];
}

function variantLevel({ architecture, variant }: Platform): number {
  const text = variant ?? defaultVariants[architecture] ?? 'v0';
  return Number(/^v?(\d+)/.exec(text)?.[1] ?? 0);
}
