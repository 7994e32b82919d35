/** Names a process: a container's first one, or an exec in it. */
export type ProcessReference = {
  readonly containerId: string;
  readonly execId?: string;
};

/** How a process ended. */
export type ExitStatus = {
  /** 0-255; 128 and the signal's number when a signal ended it. */
  readonly code: number;
  readonly exitedAt: Date;
};

/** Where a process is in its life. */
export type TaskState = 'created' | 'running' | 'paused' | 'pausing' | 'stopped' | 'unknown';

/** A process as the task service sees it. */
export type TaskProcess = {
  readonly containerId: string;
  readonly execId: string;
  readonly pid: number;
  readonly state: TaskState;
  readonly terminal: boolean;
  /** Set once it has stopped. */
  readonly exit: ExitStatus | undefined;
};
