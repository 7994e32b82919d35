import { familyOf, type IpAddress, type MacAddress } from '@fairlead/base';
import { askOnLink } from '../collect/neighbor-asking.ts';
import { addressOn, type ContainerPlace, type Directory } from '../model/directory.ts';
import type { InsideState, Rivalry, Silence } from './host-state.ts';

/** Questions that are asked; each is one packet, and two where nobody answers. */
const QUESTIONS = 128;

/** Somebody on a network, who asks for the address of somebody else there. */
type Question = Omit<Silence, 'drop'> & { readonly namespace: string };

/** What came of the questions that were not answered by one alone. */
export interface Answers {
  readonly silences: readonly Omit<Silence, 'drop'>[];
  readonly rivalries: readonly Rivalry[];
}

/**
 * Let every container ask for the gateways of its networks, and for the container after it. What a namespace remembers hides
 * for a while that nobody answers, or somebody else as well: packets still get there.
 */
export async function askNeighbours(directory: Directory, inside: readonly InsideState[]): Promise<Answers> {
  const questions = directory.networks
    .flatMap(({ name, driver, gateways, open }) =>
      driver === 'bridge' ? questionsOn(directory, { name, gateways, open }) : [],
    )
    .slice(0, QUESTIONS);
  const answers = await Promise.all(questions.map((question) => answerersOf(question, inside)));
  return {
    silences: questions.filter((_, index) => answers[index]?.size === 0),
    rivalries: questions.flatMap((question, index) => {
      const macs = [...(answers[index] ?? [])];
      return macs.length > 1 ? [{ ...question, macs }] : [];
    }),
  };
}

function questionsOn(
  { containers }: Directory,
  { name, gateways, open }: { readonly name: string; readonly gateways: readonly IpAddress[]; readonly open: boolean },
): Question[] {
  const members = containers.flatMap((container) => {
    const attachment = container.attachments.find(({ network }) => network === name);
    return container.namespace && attachment?.hostInterface ? [{ container, attachment }] : [];
  });
  return members.flatMap(({ container, attachment }, index) => {
    const next = open && members.length > 1 ? members[(index + 1) % members.length] : undefined;
    return ([4, 6] as const).flatMap((family): Question[] => {
      const source = addressOn(attachment, family);
      const device = attachment.interface;
      if (source === undefined || device === undefined) return [];
      const ask = (target: IpAddress, owner: ContainerPlace | undefined): Question => ({
        namespace: container.namespace ?? '',
        asker: container.name,
        device,
        source,
        target,
        owner: owner?.name ?? 'host',
        network: name,
      });
      const neighbour = next && addressOn(next.attachment, family);
      return [
        ...gateways.filter((each) => familyOf(each) === family).map((gateway) => ask(gateway, undefined)),
        ...(neighbour === undefined ? [] : [ask(neighbour, next?.container)]),
      ];
    });
  });
}

async function answerersOf(
  { namespace, asker, device, source, target }: Question,
  inside: readonly InsideState[],
): Promise<ReadonlySet<MacAddress> | undefined> {
  const mac = inside.find(({ container }) => container === asker)?.links.find(({ name }) => name === device)?.mac;
  return mac && (await askOnLink({ namespace, link: device }, { mac, source, target }));
}
