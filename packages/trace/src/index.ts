/**
 * Follows one packet through the kernel and says what became of it: where it was dropped, by which rule of whose table,
 * why, and what can be done.
 *
 * @module
 */

export type { CaptureRequest } from './capture/capture-plan.ts';
export { keepKernelLayout } from './collect/layout-source.ts';
export { canTapPackets } from './collect/packet-tap.ts';
export { examineHost } from './doctor/doctor.ts';
export type { DoctorReport, Finding, Severity } from './doctor/finding.ts';
export { type DropLine, type DropReport, watchAllDrops } from './drops.ts';
export type { FlowFilter } from './flow/flow-filter.ts';
export type { FlowLine } from './flow/flow-log.ts';
export type { FlowEnd, FlowNotice, FlowReport, FlowVerdict } from './flow/flow-report.ts';
export type { JournalEntry, JournalFilter } from './journal/journal-entry.ts';
export type { ContainerPlace, Directory, NetworkPlace, Publication } from './model/directory.ts';
export type { TraceListener, TraceNews } from './model/live-hops.ts';
export type { AppliedFix, Cause, Fix, Hop, NameStep, RuleStep, TraceReport, Verdict } from './model/report.ts';
export type { TraceRequest } from './plan.ts';
export type { PublishedPort } from './reach/audience.ts';
export { examineReach, type PortReach } from './reach/reach.ts';
export { rehearseTrace } from './rehearse.ts';
export { type TraceOptions, tracePacket } from './trace.ts';
export { chooseFix, type FixKernel, tryFix } from './try-fix.ts';
