/**
 * The tooling is plain JavaScript because it runs before anything is installed, under any Node: these are the types of
 * the parts that the tests call.
 */
declare module '*/lib/summary.mjs' {
  export interface Counts {
    passed: number;
    failed: number;
    notes: string[];
  }
  export function countJest(run: { report?: object; exitCode: number | null; selected?: boolean }): Counts;
  export function summaryLine(counts: { passed: number; failed: number }[]): string;
}

declare module '*/lib/install.mjs' {
  export function isInstalled(root: string): boolean;
  export function findDisagreements(
    locked: Record<string, object>,
    installed: Record<string, object>,
    platform?: { os: string; cpu: string },
  ): string[];
}

declare module '*/lib/build-stamp.mjs' {
  export function digestSources(root: string): string;
  export function digestOutputs(root: string): string;
  export function deleteStaleOutputs(root: string): string[];
  export function isBuilt(root: string): boolean;
  export function buildStampFile(root: string): string;
  export function formatStamp(sources: string, outputs: string): string;
}

declare module '*/lib/lockfile.mjs' {
  export interface Lockfile {
    packages: Record<string, object>;
  }
  export function findMissingOptionals(lockfile: Lockfile): { name: string; version: string; requiredBy: string }[];
  export function addMissingOptionals(lockfile: Lockfile): string[];
}

declare module '*/lib/claim.mjs' {
  export function alone<T>(folder: string, work: () => Promise<T>, onWait?: () => void): Promise<T>;
}

declare module '*/lib/steps.mjs' {
  export const staticSteps: { name: string; tool: string; args: string[] }[];
  export function binaryOf(root: string, tool: string): string;
}

declare module '*/lib/memory-settings.mjs' {
  export function readMemorySettings(): { nodeFlags: string[]; environment: Record<string, string> };
}

declare module '*/lib/workspace.mjs' {
  export const root: string;
  export function listWorkspaces(directory: string): string[];
  export function readJson(file: string): unknown;
}

declare module '*/lib/api-types.mjs' {
  export function writeApiTypes(document: object): string;
}

declare module '*/lib/node-runtime.mjs' {
  export function environmentFor(node: string, env?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
}

declare module '*/lib/browser.mjs' {
  export function ensureBrowser(options?: {
    path?: string;
    cache?: string;
  }): Promise<{ executable: string; env: Record<string, string> }>;
}
