/**
 * One thing at a time, and once more afterwards when it was asked for meanwhile: however often that was, so that the last
 * state is always the one that was acted upon.
 *
 * @module
 */

/** Acts when it is asked to, never twice at a time. */
export class OnceMore {
  readonly #act: () => Promise<void>;
  #current: Promise<void> | null = null;
  #again: Promise<void> | null = null;

  constructor(act: () => Promise<void>) {
    this.#act = act;
  }

  /** Acts, now or after what is under way. Settles as the run does that began after the call. */
  ask(): Promise<void> {
    if (this.#again !== null) return this.#again;
    const before = this.#current;
    if (before === null) return this.#run();
    return this.#again = before.catch(() => {}).then(() => {
      this.#again = null;
      return this.#run();
    });
  }

  /** Settles when nothing is under way, and nothing waits. Never rejects. */
  async idle(): Promise<void> {
    for (let last; (last = this.#again ?? this.#current) !== null;) await last.catch(() => {});
  }

  #run(): Promise<void> {
    const run = this.#current = this.#act();
    const done = () => {
      if (this.#current === run) this.#current = null;
    };
    run.then(done, done);
    return run;
  }
}
