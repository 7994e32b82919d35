import type { DoctorReport, Finding, Severity } from '@fairlead/trace';
import type { Action } from '../command/command.ts';

/** What the shell is told; documented in docs/doctor.md. */
const exitCodes: Readonly<Record<Severity, number>> = { error: 3, warning: 2, note: 0 };
const signs: Readonly<Record<Severity, string>> = { error: '✕', warning: '!', note: 'i' };

/** `fairlead doctor`: what is wrong with the network, for whom, and what to do. */
export const doctor: Action = async ({ options, engine, print }) => {
  const report = await engine.ask<DoctorReport>('GET', '/fairlead/doctor');
  if (options.flag('json')) print(JSON.stringify(report));
  else doctorText(report).forEach(print);
  return Math.max(0, ...report.findings.map(({ severity }) => exitCodes[severity]));
};

function doctorText({ findings, passed, probes, milliseconds }: DoctorReport): string[] {
  const fine = passed.length === 0 ? [] : [`✓ ${passed.join(' · ')}`];
  const packets = `${probes} packet${probes === 1 ? '' : 's'} sent to prove it, ${milliseconds.toFixed(0)} ms`;
  return [...findings.flatMap(findingLines), ...fine, `  ${packets}`];
}

function findingLines({ code, severity, text, consequences = [], evidence, affects, fixes }: Finding): string[] {
  const whom = affects.length === 0 ? [] : [`  for  ${affects.join(', ')}`];
  return [
    `${signs[severity]} ${code}: ${text}`,
    ...consequences.map((line, index) => `  ${index === 0 ? 'so  ' : '    '} ${line}`),
    ...whom,
    ...evidence.map((line, index) => `  ${index === 0 ? 'seen' : '    '} ${line}`),
    ...fixes.flatMap(({ text: what, commands, undo }) => [
      `  fix  ${what}`,
      ...commands.map((command) => `         ${command}`),
      ...undo.map((command) => `         undo: ${command}`),
    ]),
    '',
  ];
}
