/**
 * A process that loads a handler module only to tell what is in it, as `stackd check` sees it: whatever the module does, keeping
 * timers, looping for ever, ending its process, happens there. The code inside is handler/inspect.ts.
 *
 * @module
 */
import { type ErrorCode, StackdError } from "../errors.ts";
import type { Guard } from "./channel.ts";
import { either, list, literal, number, orNull, record, text } from "./guards.ts";
import { ERROR_CODE } from "./messages.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { describeExit, type ProcessExit, ProcessHandle } from "./process_handle.ts";

/** One export of a module. */
export interface FoundExport {
  readonly name: string;
  /** What it is, for people: "function". */
  readonly what: string;
}

/** What is in a module that can be served. */
export interface Inspection {
  /** What is served, for people: "default export, object with fetch". */
  readonly handler: string;
  readonly exports: readonly FoundExport[];
}

/** What is to be loaded. */
export interface InspectorStart {
  /** Absolute. */
  readonly module: string;
  /** The directory that holds its code; null: the files are read as they are. */
  readonly code: string | null;
  readonly exportName: string | null;
}

/** From `stackd check` to the process. */
export type InspectorCommand =
  | ({ readonly type: "start" } & InspectorStart)
  /** End: nothing is in flight. */
  | { readonly type: "drain"; readonly timeout: number };

/** From the process. */
export type InspectorMessage =
  | ({ readonly type: "ready" } & Inspection)
  | {
    readonly type: "failed";
    readonly code: ErrorCode;
    readonly message: string;
    readonly detail: string | null;
  };

/** Whether the process can take `value` for a command. */
export const isInspectorCommand: Guard<InspectorCommand> = either(
  record({ type: literal("start"), module: text, code: orNull(text), exportName: orNull(text) }),
  record({ type: literal("drain"), timeout: number }),
);

const isInspectorMessage: Guard<InspectorMessage> = either(
  record({ type: literal("ready"), handler: text, exports: list(record<FoundExport>({ name: text, what: text })) }),
  record({ type: literal("failed"), code: ERROR_CODE, message: text, detail: orNull(text) }),
);

/** What the process is started with. */
export interface InspectorOptions extends InspectorStart {
  readonly directory: PrivateDirectory;
  /** How long the module may take to load, ms. Beyond: it is killed, `STACKD_BOOT_TIMEOUT`. */
  readonly bootTimeout: number;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
}

/** The process. All that is wrong with the module ends with exit code 2. */
export class InspectorHandle extends ProcessHandle<Inspection, InspectorCommand, InspectorMessage> {
  readonly #start: InspectorStart;

  constructor({ module, code, exportName, directory, bootTimeout, env, cwd }: InspectorOptions) {
    super({ command: "inspector", name: "Check", directory, bootTimeout, isMessage: isInspectorMessage, env, cwd });
    this.#start = { module, code, exportName };
  }

  protected override startCommand(): InspectorCommand {
    return { type: "start", ...this.#start };
  }

  protected override drainCommand(timeout: number): InspectorCommand {
    return { type: "drain", timeout };
  }

  protected override hear(message: InspectorMessage): void {
    if (message.type === "ready") return this.becomeReady(message);
    const { code, detail } = message;
    this.fail(new StackdError(code, message.message, detail === null ? {} : { detail }));
  }

  protected override late(ms: number): StackdError {
    return new StackdError(
      "STACKD_BOOT_TIMEOUT",
      `Cannot load "${this.#start.module}": it took longer than ${ms / 1_000} s`,
    );
  }

  protected override neverReady(exit: ProcessExit): StackdError {
    const state = `its process ${describeExit(exit)} while it was loaded`;
    return new StackdError("STACKD_HANDLER_LOAD", `Cannot load "${this.#start.module}": ${state}`);
  }
}
