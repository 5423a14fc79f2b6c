/**
 * What the processes of a gateway, and a bare server, hold at rest. One contestant runs at a time, so that pages are shared
 * within it only.
 *
 * @module
 */
import type { Contestant } from "./gateway_contestants.ts";
import { startOnTcp } from "./gateway_start.ts";
import { argumentsOf, type Memory, memoryOf, treeOf } from "./gateway_tree.ts";
import { Processes } from "./processes.ts";

/** How long a server has had nothing to do when it is looked at, in milliseconds. */
const REST = 2_000;
/** The contestants whose memory counts. */
const MEASURED = ["bare", "stackd-front", "stackd-front-2"];

/** Prints a Markdown table: RSS and PSS of each process of those that count, which run one at a time. */
export async function printMemory(contestants: readonly Contestant[]): Promise<void> {
  const measured = contestants.filter(({ name }) => MEASURED.includes(name));
  if (measured.length === 0) return;
  console.log("\n### Memory at rest, MB\n");
  console.log("| who | process | RSS | PSS |");
  console.log("| --- | --- | ---: | ---: |");
  for (const contestant of measured) {
    const { name } = contestant;
    const members = await atRest(contestant);
    const total = members.reduce((sum, { pss }) => sum + pss, 0);
    for (const { role, rss, pss } of members) {
      console.log(`| ${name} | ${role} | ${megabytes(rss)} | ${megabytes(pss)} |`);
    }
    if (members.length > 1) console.log(`| ${name} | all together | | ${megabytes(total)} |`);
  }
}

async function atRest(contestant: Contestant): Promise<(Memory & { role: string })[]> {
  await using processes = new Processes();
  const { pid, url } = await startOnTcp(processes, contestant);
  await (await fetch(url)).text();
  await new Promise((resolve) => setTimeout(resolve, REST));
  return treeOf(pid).map(({ pid }) => ({ role: roleOf(pid), ...memoryOf(pid) }));
}

/** stackd's processes are told apart by their first argument. */
function roleOf(pid: number): string {
  const [, first] = argumentsOf(pid);
  return { gateway: "supervisor", front: "front", worker: "worker" }[first] ?? "server";
}

function megabytes(kibibytes: number): string {
  return (kibibytes * 1_024 / 1e6).toFixed(1);
}
