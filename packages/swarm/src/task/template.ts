import type { SwarmNode } from '../model.ts';
import type { Service } from '../service/service-model.ts';
import type { Task } from './task-model.ts';
import type { TaskSpec } from './task-spec.ts';

/** What templates of a task can speak of. */
export interface TemplateContext {
  readonly service: Service;
  readonly task: Task;
  readonly node: SwarmNode;
  /** `web.1.ID`. */
  readonly name: string;
}

/**
 * A text with what its placeholders stand for: `{{.Service.Name}}`, `{{.Task.Slot}}`, `{{index .Service.Labels "x"}}` and
 * the like, Go's templates as far as services use them.
 *
 * @throws Error for any other.
 */
export function expandText(text: string, context: TemplateContext): string {
  return text.replace(/\{\{-?\s*(.*?)\s*-?\}\}/gs, (_, action: string) => {
    const indexed = /^index\s+\.(Service|Node)\.Labels\s+"([^"]*)"$/.exec(action);
    if (indexed !== null) {
      const labels = indexed[1] === 'Service' ? context.service.spec.labels : context.node.spec.labels;
      return labels[indexed[2] ?? ''] ?? '';
    }
    const value = placeholders(context).get(action);
    if (value === undefined) throw new Error(`template: expansion: function or field "${action}" not defined`);
    return value;
  });
}

/** A specification with its templates expanded: host name, environment and mounts may have some. @throws Error for a bad one. */
export function expandSpec(spec: TaskSpec, context: TemplateContext): TaskSpec {
  const { containerSpec: container } = spec;
  if (container === undefined) return spec;
  const expand = (text: string) => expandText(text, context);
  return {
    ...spec,
    containerSpec: {
      ...container,
      ...(container.hostname !== undefined && { hostname: within('hostname', () => expand(container.hostname ?? '')) }),
      ...(container.env !== undefined && { env: within('env', () => (container.env ?? []).map(expand)) }),
      ...(container.mounts !== undefined && {
        mounts: within('mounts', () =>
          (container.mounts ?? []).map((mount) => ({
            ...mount,
            ...(mount.source !== undefined && { source: expand(mount.source) }),
            ...(mount.target !== undefined && { target: expand(mount.target) }),
          })),
        ),
      }),
    },
  };
}

function within<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`expanding ${what} failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function placeholders({ service, task, node, name }: TemplateContext): ReadonlyMap<string, string> {
  return new Map([
    ['.Service.ID', service.id],
    ['.Service.Name', service.spec.name],
    ['.Node.ID', node.id],
    ['.Node.Hostname', node.description.hostname],
    ['.Node.Platform.Architecture', node.description.architecture],
    ['.Node.Platform.OS', node.description.os],
    ['.Task.ID', task.id],
    ['.Task.Name', name],
    ['.Task.Slot', task.slot === undefined ? node.id : String(task.slot)],
  ]);
}
