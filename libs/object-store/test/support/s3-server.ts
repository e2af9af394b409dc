import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A running S3 server of this test. */
export interface S3Server {
  endpoint: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Hangs from now on: connections are taken, and nothing is answered until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends it as a crash does, in the middle of whatever it does. */
  kill(): Promise<void>;
}

/** What a server does with `If-None-Match: *` on a PUT. */
export type ConditionalWrites = 'ignored' | 'honoured' | 'refused';

/** Starts an S3 server on a free port, in a process of its own. */
export async function startS3Server(options: { conditionalWrites?: ConditionalWrites } = {}): Promise<S3Server> {
  const settings = {
    bucket: 'mosis-objects',
    accessKeyId: 'AKTESTKEYID',
    secretAccessKey: 'test-secret-0123456789',
    conditionalWrites: options.conditionalWrites ?? 'ignored',
  };
  const script = fileURLToPath(new URL('./s3-server-process.mjs', import.meta.url));
  const child: ChildProcess = fork(script, [JSON.stringify(settings)], { execArgv: ['--no-warnings'] });
  const exited = once(child, 'exit');
  const first: unknown[] = await Promise.race([once(child, 'message'), exited]);
  const ready = first[0] as { port: number; folder: string } | number | null;
  if (ready === null || typeof ready !== 'object') throw new Error('The S3 server of the test did not start.');
  return {
    endpoint: `http://127.0.0.1:${ready.port}`,
    bucket: settings.bucket,
    accessKeyId: settings.accessKeyId,
    secretAccessKey: settings.secretAccessKey,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(ready.folder, { recursive: true, force: true });
    },
  };
}
