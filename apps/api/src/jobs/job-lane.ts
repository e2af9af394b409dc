/** What a lane asks of whoever owns it. */
export interface LaneWork {
  /** Does what is due, one job after the other, until nothing is or the lane was stopped. */
  work: (lane: JobLane) => Promise<void>;
  /** Milliseconds until the next job of the lane is due. */
  findNapMs: (lane: JobLane) => Promise<number>;
  onError: (error: unknown) => void;
}

/**
 * `quick` takes moments, so that mails and the like wait for no other work; `slow` takes minutes; `checks` read everything
 * again, which takes hours where there is much.
 */
export type LaneName = 'quick' | 'slow' | 'checks';

const SHORTEST_NAP_MS = 10;

/** One queue of background work: jobs of a lane wait for each other, and never for those of another lane. */
export class JobLane {
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private again = false;
  private stopping = false;

  constructor(
    readonly name: LaneName,
    private readonly longestNapMs: number,
    private readonly owner: LaneWork,
  ) {}

  /** Whether the owner was told to stop: what is queued waits for the next start. */
  get stopped(): boolean {
    return this.stopping;
  }

  /** The work that is under way, if there is some. */
  get underWay(): Promise<void> | undefined {
    return this.working;
  }

  /** Looks for due work now, or right after what is under way. */
  wake(): void {
    if (this.stopping) return;
    if (this.working) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    this.working = this.owner
      .work(this)
      .catch((error: unknown) => this.owner.onError(error))
      .then(async () => {
        this.working = undefined;
        if (this.again) {
          this.again = false;
          this.wake();
        } else if (!this.stopping) await this.sleep();
      });
  }

  /** Takes up nothing new. */
  stop(): void {
    this.stopping = true;
    clearTimeout(this.timer);
  }

  private async sleep(): Promise<void> {
    const napMs = await this.owner.findNapMs(this).catch((error: unknown) => {
      this.owner.onError(error);
      return this.longestNapMs;
    });
    if (this.stopping) return;
    this.timer = setTimeout(() => this.wake(), Math.min(Math.max(napMs, SHORTEST_NAP_MS), this.longestNapMs)).unref();
  }
}
