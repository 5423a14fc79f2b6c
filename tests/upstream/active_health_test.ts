/** Which results of health checks take a server out and bring it back. */
import { assertEquals } from "@std/assert";
import { newActiveHealth, observe } from "../../lib/upstream/active_health.ts";

/** Results: "+" good, "-" bad. States after each: "U" up, "D" down. */
const CASES: [passes: number, fails: number, results: string, states: string][] = [
  [1, 1, "+-+-", "UDUD"],
  [1, 1, "-", "D"],
  [1, 3, "--+---", "UUUUUD"],
  [1, 3, "---+", "UUDU"],
  [3, 1, "-++-+++", "DDDDDDU"],
  [2, 2, "-+-+--+-++", "UUUUUDDDDU"],
  [2, 1, "++++-++", "UUUUDDU"],
  [3, 3, "---------", "UUDDDDDDD"],
];

Deno.test("observe() changes a server by results in a row, says so, and counts it as up at first", () => {
  for (const [passes, fails, results, states] of CASES) {
    const state = newActiveHealth();
    assertEquals(state.up, true);
    let before = "U", seen = "";
    for (const result of results) {
      const changed = observe(state, result === "+", { passes, fails });
      const after = state.up ? "U" : "D";
      assertEquals(changed, after !== before, `${results} by ${passes} and ${fails}, after ${seen}`);
      before = after;
      seen += after;
    }
    assertEquals(seen, states, `${results} by ${passes} and ${fails}`);
  }
});
