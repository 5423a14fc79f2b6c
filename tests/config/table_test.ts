import { assert, assertEquals, assertMatch } from "@std/assert";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { GROUPS } from "../../lib/config/option_spec.ts";
import { OPTIONS, optionsOf } from "../../lib/config/table.ts";
import { parseMode, parseSeconds, parseSize } from "../../lib/config/values.ts";

Deno.test("OPTIONS is well-formed", async (t) => {
  for (const option of OPTIONS) {
    await t.step(option.name, () => {
      assertMatch(option.name, /^[a-z]+(-[a-z]+)*$/);
      assertMatch(option.help, /^[A-Z].*[^.]$/);
      assert(GROUPS.includes(option.group));
      assert(option.commands.length > 0);
      assertEquals(option.placeholder !== undefined, option.kind === "string", "a placeholder goes with a value");
    });
  }
});

Deno.test("optionsOf() gives each name and alias to one option", () => {
  for (const command of ["gateway", "proxy"] as const) {
    const names = optionsOf(command).flatMap((option) => [option.name, ...option.aliases ?? []]);
    assertEquals(names.length, new Set(names).size);
    for (const option of optionsOf(command)) assert(option.commands.includes(command));
  }
});

Deno.test("OPTIONS shows the defaults of DEFAULTS", async (t) => {
  const { limits, upstream } = DEFAULTS;
  const expected: Record<string, [(text: string) => unknown, unknown]> = {
    "chmod-socket": [parseMode, DEFAULTS.socketMode],
    "boot-timeout": [parseSeconds, DEFAULTS.bootTimeout],
    "max-body": [parseSize, limits.maxBody],
    "max-header-size": [parseSize, limits.maxHeadSize],
    "header-timeout": [parseSeconds, limits.headerTimeout],
    "body-timeout": [parseSeconds, limits.bodyTimeout],
    "write-timeout": [parseSeconds, limits.writeTimeout],
    "keepalive-timeout": [parseSeconds, limits.keepaliveTimeout],
    "keepalive-requests": [Number, limits.keepaliveRequests],
    "max-connections": [Number, limits.maxConnections],
    "max-connections-per-client": [Number, limits.maxConnectionsPerClient],
    "upstream-connect-timeout": [parseSeconds, upstream.connectTimeout],
    "upstream-timeout": [parseSeconds, upstream.readTimeout],
    "graceful-timeout": [parseSeconds, DEFAULTS.gracefulTimeout],
    "access-log": [(text) => text === "-" ? { kind: "stdout" } : text, DEFAULTS.accessLog],
  };
  for (const option of OPTIONS) {
    await t.step(option.name, () => {
      const [parse, value] = expected[option.name] ?? [];
      assertEquals(option.shownDefault === undefined ? undefined : parse?.(option.shownDefault), value);
    });
  }
});
