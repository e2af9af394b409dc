/**
 * Preloaded (`node --import`) into the program that wrap.mjs runs: sends this process SIGTERM when the wrapper is gone,
 * so that even `kill -9` of the wrapper leads to an orderly stop. Takes itself out of what forked processes inherit.
 */
import { Socket } from 'node:net';

const fd = process.env.MOSIS_WRAPPER_FD;
delete process.env.MOSIS_WRAPPER_FD;

const option = process.execArgv.indexOf(import.meta.url);
if (option > 0) process.execArgv.splice(option - 1, 2);

if (fd !== undefined) {
  const pipe = new Socket({ fd: Number(fd), readable: true, writable: false });
  pipe.on('error', () => {});
  pipe.on('close', () => process.kill(process.pid, 'SIGTERM'));
  pipe.resume();
  pipe.unref();
}
