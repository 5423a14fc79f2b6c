/**
 * Measuring: the CPU time that a process and its children spend per request while wrk loads it from another core.
 *
 * @module
 */

/** What one run of wrk showed. */
export interface Sample {
  /** CPU microseconds per request, user and system, of the process measured with its children. */
  readonly cpu: number;
  readonly rate: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 2xx or 3xx, and socket errors. */
  readonly errors: number;
}

/** A kind of request. */
export interface Workload {
  readonly name: string;
  readonly path: string;
  /** wrk's Lua script. */
  readonly script: string;
}

const TICK = 10_000; // µs; USER_HZ is 100 on Linux

/** CPU time of a process and all below it, in µs. */
function cpuOf(pid: number): number {
  let ticks = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(name) === pid || Number(fields[1]) === pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch { /* it ended meanwhile */ }
  }
  return ticks * TICK;
}

/** Loads `url` with wrk for `seconds` on the CPU `cpu`, and measures the process `pid`, or several together. */
export async function measure(
  pid: number | readonly number[],
  url: string,
  workload: Workload,
  { seconds, connections, cpu }: { seconds: number; connections: number; cpu: string },
): Promise<Sample> {
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  try {
    await Deno.writeTextFile(script, workload.script);
    const args = ["-c", cpu, "wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "-s", script];
    const spentBy = () => [pid].flat().reduce((sum, one) => sum + cpuOf(one), 0);
    const before = spentBy();
    const { stdout } = await new Deno.Command("taskset", { args: [...args, `${url}${workload.path}`] }).output();
    const spent = spentBy() - before;
    return parse(new TextDecoder().decode(stdout), spent);
  } finally {
    await Deno.remove(script);
  }
}

function parse(output: string, spent: number): Sample {
  const find = (pattern: RegExp) => pattern.exec(output)?.slice(1) ?? [];
  const number = (pattern: RegExp) => Number(find(pattern)[0] ?? 0);
  const latency = (percentile: number) => {
    const [value, unit] = find(new RegExp(`${percentile}%\\s+([\\d.]+)(us|ms|s)`));
    return Number(value) * ({ us: 0.001, ms: 1, s: 1_000 }[unit] ?? NaN);
  };
  const sockets = find(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/).map(Number);
  return {
    cpu: spent / number(/(\d+) requests in/),
    rate: number(/Requests\/sec:\s+([\d.]+)/),
    p50: latency(50),
    p99: latency(99),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + sockets.reduce((sum, n) => sum + n, 0),
  };
}

/** The sample with the median CPU cost; its errors are the sum of all. */
export function median(samples: readonly Sample[]): Sample {
  const sorted = [...samples].sort((a, b) => a.cpu - b.cpu);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return { ...middle, errors: samples.reduce((sum, { errors }) => sum + errors, 0) };
}
