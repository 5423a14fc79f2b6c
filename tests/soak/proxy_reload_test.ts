/** The proxy's reloads under load once more, for as long as people load it: half a minute. */
Deno.env.set("STACKD_LOAD_SECONDS", "30");
await import("../e2e/proxy_reload_test.ts");
