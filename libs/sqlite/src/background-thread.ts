import { constants, setPriority } from 'node:os';

/**
 * Lets every other thread go first where processors are short: for a thread whose work nobody waits for, called as that begins.
 * Linux counts priorities by the thread; elsewhere it would be the whole process, and nothing is done. Threads that it starts
 * are as it is: the pool that file calls share must have been used before, which a server has as it starts.
 */
export function giveWay(): void {
  // To the system call, 0 is the thread that asks.
  if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
}
