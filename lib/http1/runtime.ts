/**
 * What is used of the runtime's inside. `Deno.internal` is not part of Deno's promised interface: nothing of it is believed without a
 * look, and each user says what it does without.
 *
 * @module
 */

/** The runtime's own operations on a resource, as far as they are used here. */
export interface Operations {
  /** How much was read; 0 at the end. */
  read(resource: number, into: Uint8Array): Promise<number>;
  write(resource: number, bytes: Uint8Array): Promise<number>;
}

/** What the runtime keeps of a call that is due in its next turn. */
interface Immediate {
  _onImmediate: () => void;
  readonly _argv: undefined;
  readonly _idleNext: null;
  readonly _idlePrev: null;
  readonly _destroyed: false;
}

interface Immediates {
  queueImmediate(immediate: Immediate): void;
  /** Keeps the runtime turning while there is one. */
  immediateRefCount(more: boolean): void;
  readonly kRefed: symbol;
}

const CORE = findCore();

function findCore(): Record<string, unknown> {
  const { internal } = Deno as unknown as { internal?: symbol };
  if (typeof internal !== "symbol") return {};
  const inner: unknown = Reflect.get(Deno, internal);
  const core: unknown = typeof inner === "object" && inner !== null ? Reflect.get(inner, "core") : null;
  return typeof core === "object" && core !== null ? core as Record<string, unknown> : {};
}

/** The operations that lie beneath `Deno.Conn`; null when the runtime does not show them. */
export function coreOperations(): Operations | null {
  const { read, write } = CORE as Partial<Operations>;
  return typeof read === "function" && typeof write === "function" ? { read, write } : null;
}

/**
 * Calls back in the runtime's next turn, after promises and what it polls have had theirs: `setImmediate` without the 40 ms that loading
 * node's half of the runtime takes. Null when the runtime does not show it.
 */
export function immediates(): ((call: () => void) => void) | null {
  const { queueImmediate, immediateRefCount, kRefed } = CORE as Partial<Immediates>;
  if (typeof queueImmediate !== "function" || typeof immediateRefCount !== "function" || typeof kRefed !== "symbol") {
    return null;
  }
  return (call) => {
    immediateRefCount(true);
    queueImmediate({
      _onImmediate: call,
      _argv: undefined,
      _idleNext: null,
      _idlePrev: null,
      _destroyed: false,
      [kRefed]: true,
    });
  };
}

/** The symbol under which the runtime keeps something in `object`; null when it has none of that description. */
export function symbolOf(object: object, description: string): symbol | null {
  return Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description) ?? null;
}
