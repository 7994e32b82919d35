import { loadLateModules } from '@fairlead/base';
import './run-daemon.ts';

// Loads everything that a daemon may need and ends: Node strips the types and keeps the compiled code as it goes, so no
// later start pays for it. The launcher runs this once.
await loadLateModules();
