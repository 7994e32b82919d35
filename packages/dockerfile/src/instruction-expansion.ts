import type { Instruction } from './instruction.ts';
import type { EscapeCharacter } from './source-lines.ts';
import { expandWord, expandWords, type Variables } from './word-expansion.ts';

/**
 * An instruction with its variables replaced; in most kinds the words of a command are left to the shell.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function expandInstruction(
  instruction: Instruction,
  variables: Variables,
  escapeCharacter: EscapeCharacter,
): Instruction {
  const word = (text: string): string => expandWord(text, variables, escapeCharacter);
  switch (instruction.kind) {
    case 'env':
    case 'label':
      return {
        ...instruction,
        pairs: instruction.pairs.map(({ name, value }) => ({ name: word(name), value: word(value) })),
      };
    case 'add':
    case 'copy':
      return {
        ...instruction,
        sources: instruction.sources.map(word),
        destination: word(instruction.destination),
        owner: word(instruction.owner),
      };
    case 'arg':
      return {
        ...instruction,
        arguments: instruction.arguments.map(({ name, value }) => ({
          name: word(name),
          ...(value !== undefined && { value: word(value) }),
        })),
      };
    case 'expose':
      return {
        ...instruction,
        ports: instruction.ports.flatMap((port) => expandWords(port, variables, escapeCharacter)),
      };
    case 'volume':
      return { ...instruction, paths: instruction.paths.map(word) };
    case 'user':
      return { ...instruction, user: word(instruction.user) };
    case 'workdir':
      return { ...instruction, path: word(instruction.path) };
    case 'stopsignal':
      return { ...instruction, signal: word(instruction.signal) };
    default:
      return instruction;
  }
}
