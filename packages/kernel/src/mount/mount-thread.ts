import { parentPort, workerData } from 'node:worker_threads';
import { type FileSystemMount, tryMount } from './mount-call.ts';

/** The thread behind `mountFileSystem`: mounts what it was started with, says how that went, and ends. */
parentPort?.postMessage(tryMount(workerData as FileSystemMount));
