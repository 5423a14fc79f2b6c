/**
 * One server of a group: its connections, how busy it is, and what is known of its health.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { GroupOptions, HealthCheckOptions, ServerOptions } from "../config/group_options.ts";
import type { UpstreamLimits, UpstreamTarget } from "../config/options.ts";
import type { Deadlines } from "../http1/deadlines.ts";
import { logInfo, logWarn } from "../observe/log.ts";
import { newActiveHealth, observe } from "./active_health.ts";
import type { Candidate } from "./candidate.ts";
import { failed, isAvailable, newPassiveHealth, picked, succeeded } from "./passive_health.ts";
import { hash32 } from "./policy/hash32.ts";
import { UpstreamPool } from "./pool.ts";
import { effectiveWeight } from "./slow_start.ts";
import type { WaitQueue } from "./wait_queue.ts";

/** Results in a row that bring a server back, and that take it out. */
type HealthCounts = Pick<HealthCheckOptions, "passes" | "fails">;

/** A server. It outlives its group when a changed configuration still has it. */
export class UpstreamServer implements Candidate {
  readonly id: string;
  readonly target: UpstreamTarget;
  readonly pool: UpstreamPool;
  weight = 1;
  effectiveWeight = 1;
  maxConns = 0;
  active = 0;
  available = true;
  current = 0;
  /** Where requests wait for it: in its group, and in earlier ones as long as they have any. */
  readonly queues: WaitQueue[] = [];
  /** Nothing is known against it: {@linkcode isUp} need not be asked. */
  untroubled = true;
  readonly #passive = newPassiveHealth();
  readonly #check = newActiveHealth();
  /** When it came back, monotonic ms; it is never said of a server that was not away. */
  #backSince = -Infinity;

  constructor(target: UpstreamTarget, limits: UpstreamLimits, deadlines: Deadlines) {
    this.id = formatAddress(target);
    this.target = target;
    this.pool = new UpstreamPool(target, limits, deadlines);
  }

  /** What clients are told of it, so that they come back to it: nothing that says where it is. */
  get publicId(): string {
    return hash32(this.id).toString(16).padStart(8, "0") + hash32(this.id, 1).toString(16).padStart(8, "0");
  }

  /** Takes the options that a changed configuration has for it. */
  configure({ weight, maxConns }: ServerOptions): void {
    this.weight = this.effectiveWeight = weight;
    this.maxConns = maxConns;
  }

  /** Whether it is well, as far as anybody knows. `alone`: there is no other to ask, so failures alone say nothing. */
  isUp(now: number, options: GroupOptions, alone: boolean): boolean {
    // A configuration without health checks believes none of an earlier one's.
    const up = options.healthCheck === null || this.#check.up;
    return up && (alone || isAvailable(this.#passive, now, options));
  }

  /** Its share at present. */
  warmUp(now: number, slowStart: number): void {
    this.effectiveWeight = effectiveWeight(this.weight, now - this.#backSince, slowStart);
  }

  /** A request begins. */
  begin(now: number, options: GroupOptions): void {
    this.active++;
    if (!this.untroubled) picked(this.#passive, now, options);
  }

  /** A request has ended, well or not: who waits longest is next. */
  end(): void {
    this.active--;
    const { queues } = this;
    for (let i = 0; i < queues.length; i++) if (queues[i].wake()) return;
  }

  /** It answered; true when it is back by that. */
  succeeded(now: number, group: string): boolean {
    if (this.untroubled || !succeeded(this.#passive)) return false;
    this.#judge();
    this.#isBack(now, group, "a request was answered");
    return true;
  }

  /** A request to it failed. */
  failed(now: number, options: GroupOptions): void {
    const rests = failed(this.#passive, now, options);
    this.#judge();
    if (!rests) return;
    const seconds = options.failTimeout / 1_000;
    logWarn(`Upstream server ${this.id} of ${options.name} rests for ${seconds} s: max-fails is reached`);
  }

  /** A health check's result: `why` it is not well, or null. True when the server is back by it. */
  checked(why: string | null, now: number, group: string, counts: HealthCounts): boolean {
    if (!observe(this.#check, why === null, counts)) return false;
    this.#judge();
    if (why === null) this.#isBack(now, group, "its health check passes");
    else logWarn(`Upstream server ${this.id} of ${group} is taken out: its health check ${why}`);
    return why === null;
  }

  #judge(): void {
    this.untroubled = this.#check.up && this.#passive.fails === 0;
  }

  #isBack(now: number, group: string, why: string): void {
    this.#backSince = now;
    logInfo(`Upstream server ${this.id} of ${group} is back: ${why}`);
  }
}
