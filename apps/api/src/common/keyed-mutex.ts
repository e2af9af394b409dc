import { Mutex } from '@mosis/sqlite';

/** One fair lock per key, made when needed and forgotten when nobody holds it. */
export class KeyedMutex {
  private readonly locks = new Map<string, { mutex: Mutex; users: number }>();

  /** Runs `work` while no other work of the same key runs. */
  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const lock = this.locks.get(key) ?? { mutex: new Mutex(), users: 0 };
    this.locks.set(key, lock);
    lock.users += 1;
    await lock.mutex.lock();
    try {
      return await work();
    } finally {
      lock.mutex.unlock();
      lock.users -= 1;
      if (lock.users === 0) this.locks.delete(key);
    }
  }
}
