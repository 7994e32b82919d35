import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FairleadError, messageOf } from '@fairlead/base';
import { type Dockerfile, parseDockerfile } from '@fairlead/dockerfile';
import { familiarText, parseDigest, type Report, shortDigest } from '@fairlead/registry';
import { newTag } from '../image/image-lookup.ts';
import type { Progress } from '../progress-port.ts';
import { buildFolder } from './build-folder.ts';
import type { BuildParts } from './build-parts.ts';
import type { BuildOptions, BuildService } from './build-port.ts';
import { ContextDirectory } from './context-directory.ts';
import { DockerfileBuild } from './dockerfile-build.ts';
import { CommandFailure } from './stage-build.ts';

/** Builds images as Dockerfiles say: the classic builder. */
export class Builds implements BuildService {
  readonly #parts: BuildParts;

  constructor(parts: BuildParts) {
    this.#parts = parts;
  }

  async *build(archive: AsyncIterable<Uint8Array>, options: BuildOptions): AsyncGenerator<Progress> {
    const { files, settings } = this.#parts.context;
    using context = await ContextDirectory.unpack(archive, join(buildFolder(settings), randomUUID()), files);
    // Faults of the request are told when the client has sent everything and listens.
    const tags = [...new Set(options.tags.map((tag) => familiarText(newTag(tag, ''))))];
    const dockerfile = parseDockerfile(await context.dockerfile(options.dockerfile));
    const stages = upToTarget(dockerfile, options.target);
    const { progressStream } = await import('@fairlead/registry/transfer');
    yield* toldFailures(
      progressStream(async (report: Report, left) => {
        const signal = AbortSignal.any([options.signal, left]);
        const build = new DockerfileBuild(this.#parts, context, { ...options, signal }, report);
        const id = await build.run({ ...dockerfile, stages });
        report({ stream: `Successfully built ${shortDigest(parseDigest(id))}\n` });
        for (const tag of tags) {
          await this.#parts.context.images.tag(id, tag, '');
          report({ stream: `Successfully tagged ${tag}\n` });
        }
      }),
    );
  }
}

/** A command that failed is told with its code, for the docker command ends with it. */
async function* toldFailures(lines: AsyncIterable<Progress>): AsyncGenerator<Progress> {
  try {
    yield* lines;
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    yield { error: messageOf(error), errorCode: error.exitCode };
  }
}

function upToTarget({ stages }: Dockerfile, target: string): Dockerfile['stages'] {
  if (target === '') return stages;
  const named = stages.findIndex(({ from }) => from.stage !== '' && from.stage === target.toLowerCase());
  const index = named < 0 && /^\d+$/.test(target) ? Number(target) : named;
  if (stages[index] !== undefined) return stages.slice(0, index + 1);
  throw new FairleadError('invalid-argument', `failed to reach build target ${target} in Dockerfile`);
}
