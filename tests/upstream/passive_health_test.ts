/** Which failures take a server out, and what brings it back. */
import { assertEquals } from "@std/assert";
import {
  failed,
  isAvailable,
  newPassiveHealth,
  type PassiveOptions,
  picked,
  succeeded,
} from "../../lib/upstream/passive_health.ts";

/** What happens at a time, and what it says: whether it changed something, or whether the server is available. */
type Step = [at: number, event: "fail" | "success" | "pick" | "available", says?: boolean];

const CASES: { name: string; options: PassiveOptions; steps: Step[] }[] = [
  {
    name: "one failure is enough by default, for fail-timeout",
    options: { maxFails: 1, failTimeout: 10_000 },
    steps: [
      [0, "available", true],
      [0, "pick", false],
      [5, "fail", true],
      [5, "available", false],
      [10_004, "available", false],
      [10_005, "available", true],
    ],
  },
  {
    name: "only max-fails failures take it out",
    options: { maxFails: 3, failTimeout: 100 },
    steps: [
      [0, "fail", false],
      [10, "fail", false],
      [10, "available", true],
      [20, "fail", true],
      [20, "available", false],
    ],
  },
  {
    name: "failures are forgotten after fail-timeout without one",
    options: { maxFails: 2, failTimeout: 100 },
    steps: [
      [0, "fail", false],
      [100, "fail", false],
      [199, "fail", true],
      [199, "available", false],
    ],
  },
  {
    name: "a success between them forgives no failure",
    options: { maxFails: 2, failTimeout: 100 },
    steps: [
      [0, "fail", false],
      [10, "success", false],
      [20, "fail", true],
    ],
  },
  {
    name: "one trial at a time, and its success ends the rest",
    options: { maxFails: 2, failTimeout: 100 },
    steps: [
      [0, "fail", false],
      [0, "fail", true],
      [100, "available", true],
      [100, "pick", true],
      [100, "available", false],
      [150, "success", true],
      [150, "available", true],
      [150, "pick", false],
      [151, "fail", false],
      [151, "available", true],
      [152, "fail", true],
    ],
  },
  {
    name: "a trial's failure begins another rest",
    options: { maxFails: 1, failTimeout: 100 },
    steps: [
      [0, "fail", true],
      [100, "pick", true],
      [130, "fail", false],
      [130, "available", false],
      [229, "available", false],
      [230, "available", true],
      [230, "pick", true],
      [240, "success", true],
    ],
  },
  {
    name: "a trial that says nothing is given up after fail-timeout",
    options: { maxFails: 1, failTimeout: 100 },
    steps: [
      [0, "fail", true],
      [100, "pick", true],
      [199, "available", false],
      [200, "available", true],
      [200, "pick", true],
      [200, "available", false],
    ],
  },
  {
    name: "the late end of an older request does not end the rest, its failure prolongs it",
    options: { maxFails: 1, failTimeout: 100 },
    steps: [
      [0, "fail", true],
      [10, "success", false],
      [10, "available", false],
      [50, "fail", false],
      [149, "available", false],
      [150, "available", true],
    ],
  },
  {
    name: "max-fails 0 never takes it out",
    options: { maxFails: 0, failTimeout: 100 },
    steps: [
      [0, "fail", false],
      [1, "fail", false],
      [2, "fail", false],
      [2, "available", true],
      [2, "pick", false],
      [2, "success", false],
    ],
  },
];

for (const { name, options, steps } of CASES) {
  Deno.test(`passive health: ${name}`, () => {
    const state = newPassiveHealth();
    const events = {
      fail: (at: number) => failed(state, at, options),
      success: () => succeeded(state),
      pick: (at: number) => picked(state, at, options),
      available: (at: number) => isAvailable(state, at, options),
    };
    steps.forEach(([at, event, says], i) => assertEquals(events[event](at), says, `step ${i}: ${event} at ${at}`));
  });
}
