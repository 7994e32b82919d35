import { FairleadError, withPrefix } from '@fairlead/base';
import type { ArgInstruction, FromInstruction, Instruction } from './instruction.ts';
import { parseInstruction } from './instruction-parser.ts';
import { type EscapeCharacter, readSource } from './source-lines.ts';
import { parseStatement, type Statement } from './statement.ts';

/** An image that is made of another one. */
export interface Stage {
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
}

/** What a Dockerfile says. */
export interface Dockerfile {
  /** `ARG`s before the first stage. */
  readonly globalArguments: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  readonly escapeCharacter: EscapeCharacter;
  readonly warnings: readonly string[];
}

/**
 * Read a Dockerfile. Variables are not replaced: what they are is known during the build only.
 *
 * @throws FairleadError `invalid-argument` in the words of dockerd 20.10.
 * @example
 * parseDockerfile('FROM busybox\nRUN date >/made').stages[0]?.instructions.length === 1;
 */
export function parseDockerfile(text: string): Dockerfile {
  const { statements, escapeCharacter, warnings } = readForm(text);
  const globalArguments: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: Instruction[] }[] = [];
  for (const statement of statements) {
    const instruction = located(statement);
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] });
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.kind === 'arg') globalArguments.push(instruction);
    else throw noStage();
  }
  if (stages.length === 0) throw noStage();
  return { globalArguments, stages, escapeCharacter, warnings };
}

/**
 * Read instructions that stand alone: those that `--change` gives, and those that an image left for its children.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function parseInstructions(text: string): Instruction[] {
  return readStatements(text).statements.map(parseInstruction);
}

/** Faults of the form come before those of the meaning, wherever they are. */
function readForm(text: string) {
  try {
    return readStatements(text);
  } catch (error) {
    throw withPrefix('failed to parse Dockerfile: ', error);
  }
}

function readStatements(text: string) {
  const { lines, escapeCharacter, warnings } = readSource(text);
  return { statements: lines.map((line) => parseStatement(line, escapeCharacter)), escapeCharacter, warnings };
}

function located(statement: Statement): Instruction {
  try {
    return parseInstruction(statement);
  } catch (error) {
    throw withPrefix(`dockerfile parse error line ${statement.line}: `, error);
  }
}

function noStage(): FairleadError {
  return new FairleadError('invalid-argument', 'no build stage in current context');
}
