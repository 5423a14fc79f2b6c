/** Packets, valid and hostile, sent to a real gateway: each gets its answer, and the process lives. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ConnWire } from "../../lib/http1/conn_wire.ts";
import { Deadlines } from "../../lib/http1/deadlines.ts";
import type { Opening } from "../../lib/front/opening.ts";
import { readUwsgiOpening } from "../../lib/front/uwsgi_opening.ts";
import { latin1, RawClient, type RawResponse } from "../support/raw_http.ts";
import "../support/test_front.ts";
import { startUwsgiGateway } from "../support/uwsgi_gateway.ts";
import { type Running, TestDirectory } from "../support/stackd.ts";
import { within } from "../support/within.ts";
import { packet } from "./corpus/case.ts";
import { REFUSED } from "./corpus/refused.ts";
import { packetWith, SERVED, TOO_LARGE, UNFIT } from "./corpus/requests.ts";
import { TAKEN } from "./corpus/taken.ts";

/** Says what it sees of a request. */
const ECHO = `
interface Info {
  prefix: string;
  remoteAddr: { hostname: string };
}
export default async (request: Request, info: Info): Promise<Response> => {
  const { method, url, headers } = request;
  const body = await request.text();
  const { prefix, remoteAddr: { hostname: remote } } = info;
  return Response.json({ method, url, remote, prefix, body, fields: Object.fromEntries(headers) });
};
`;

/** Sends bytes, says that no more will come, and gives the answer. */
async function ask(socket: string, bytes: string): Promise<RawResponse> {
  using client = await RawClient.connect({ transport: "unix", path: socket });
  await client.send(bytes);
  return await client.response();
}

/** A gateway for the steps of one test; at its end it must still answer, and be the same process. */
async function withGateway(steps: (socket: string, gateway: Running) => Promise<void>): Promise<void> {
  using directory = new TestDirectory();
  directory.write("echo.ts", ECHO);
  const socket = directory.at("u.sock");
  await using gateway = await startUwsgiGateway(socket, directory.at("echo.ts"), ["--header-timeout", "1"]);
  await steps(socket, gateway);
  assertEquals((await ask(socket, packetWith({}))).status, 200);
  assert(!gateway.hasEnded);
  assertEquals(gateway.stderr.match(/started again|Cannot|bug/g), null, gateway.stderr);
}

Deno.test("the gateway serves what is a request", async (t) => {
  await withGateway(async (socket) => {
    for (const { name, bytes, seen } of SERVED) {
      await t.step(name, async () => {
        const response = await ask(socket, bytes);
        assertEquals([response.status, response.framing], [200, "length"], response.body);
        const { fields, ...rest } = JSON.parse(utf8(response.body));
        const { fields: expected = {}, ...expectedRest } = seen;
        assertEquals({ ...rest, ...expectedRest }, rest);
        for (const [field, value] of Object.entries(expected)) assertEquals(fields[field] ?? null, value, field);
      });
    }
  });
});

Deno.test("the gateway answers what is none, and says why", async (t) => {
  await withGateway(async (socket, gateway) => {
    for (const { name, bytes, status } of [...UNFIT, ...TOO_LARGE]) {
      await t.step(name, async () => assertEquals((await ask(socket, bytes)).status, status));
    }
    for (const { name, bytes } of REFUSED) {
      await t.step(name, async () => assertEquals((await ask(socket, bytes)).status, 400));
    }
    await t.step("the access log has them", async () => {
      await gateway.untilPrinted(/^unix: - - \[[^\]]*\] "GET \/ HTTP\/1.1" 400 /m);
      await gateway.untilPrinted(/"TRACE \/ HTTP\/1.1" 405 /);
      assertMatch(gateway.stderr, /\[warn\] Refused a request of a unix socket: no REQUEST_METHOD\n/);
    });
  });
});

Deno.test("a packet that is cut off gets 400 when its sender has ended, wherever it is", async () => {
  await withGateway(async (socket) => {
    const bytes = packetWith({});
    for (let length = 1; length < bytes.length; length++) {
      using client = await RawClient.connect({ transport: "unix", path: socket });
      await client.send(bytes.slice(0, length));
      await client.halfClose();
      assertEquals((await client.response()).status, 400, `${length} bytes`);
    }
    using silent = await RawClient.connect({ transport: "unix", path: socket });
    await silent.halfClose();
    assertEquals((await silent.end()).rest, "");
  });
});

Deno.test("a packet that does not come in time gets 408, and who says nothing is left", async () => {
  await withGateway(async (socket) => {
    const whole = packetWith({});
    const cut = ["\0", whole.slice(0, 4), whole.slice(0, -1), packet("", 65_535), packet(whole.slice(4), 65_535)];
    await Promise.all(cut.map(async (bytes) => assertEquals((await ask(socket, bytes)).status, 408)));
    using silent = await RawClient.connect({ transport: "unix", path: socket });
    assertEquals((await silent.end()).rest, "");
  });
});

Deno.test("a packet is understood in pieces of any size", async () => {
  await withGateway(async (socket) => {
    const bytes = packetWith({ REQUEST_METHOD: "POST", CONTENT_LENGTH: "5", HTTP_X_A: "x".repeat(10_000) });
    for (const step of [1_000, 4_096, 5_000, bytes.length - 1]) {
      using client = await RawClient.connect({ transport: "unix", path: socket });
      const cuts = Array.from({ length: Math.ceil(bytes.length / step) - 1 }, (_, i) => (i + 1) * step);
      await client.sendPieces(`${bytes}hello`, [...cuts, bytes.length]);
      assertEquals(JSON.parse((await client.response()).body).body, "hello", `pieces of ${step}`);
    }
    using client = await RawClient.connect({ transport: "unix", path: socket });
    const small = packetWith({});
    await client.sendPieces(small, Array.from(small, (_, i) => i + 1));
    assertEquals((await client.response()).status, 200);
  });
});

/** What comes of bytes on a real connection whose sender has ended. */
async function openingOf(path: string, listener: Deno.Listener, bytes: string): Promise<Opening | null> {
  using client = await Deno.connect({ transport: "unix", path });
  const accepted = await listener.accept();
  try {
    const opening = readUwsgiOpening(new ConnWire(accepted), new Deadlines(), 10_000);
    const sent = latin1(bytes);
    for (let at = 0; at < sent.length;) at += await client.write(sent.subarray(at));
    await client.closeWrite();
    return await within("a packet is read", opening);
  } finally {
    accepted.close();
  }
}

Deno.test("every packet is taken, or refused with its reason", async (t) => {
  using directory = new TestDirectory();
  const path = directory.at("u.sock");
  using listener = Deno.listen({ transport: "unix", path });
  const refusalOf = async (bytes: string) => (await openingOf(path, listener, bytes))?.told?.refusal;
  for (const { name, bytes, error } of REFUSED) {
    await t.step(name, async () => assertEquals((await refusalOf(bytes))?.message, error));
  }
  for (const { name, bytes, why, status } of UNFIT) {
    await t.step(name, async () => {
      const refusal = await refusalOf(bytes);
      assertEquals([refusal?.message, refusal?.status], [why, status]);
    });
  }
  for (const { name, bytes, vars } of TAKEN) {
    await t.step(name, async () => {
      const refusal = await refusalOf(bytes);
      // The packet is good. Whether there is a request in it is another matter.
      const method = new Map(vars).get("REQUEST_METHOD");
      if (method === undefined) assertEquals(refusal?.message, "no REQUEST_METHOD");
      else assertEquals(refusal ?? null, null);
    });
  }
  const bytes = packetWith({});
  for (let length = 1; length < bytes.length; length++) {
    assertEquals((await refusalOf(bytes.slice(0, length)))?.message, `it ended after ${length} bytes of its packet`);
  }
  assertEquals(await openingOf(path, listener, ""), null);
  assert(REFUSED.length + UNFIT.length + TAKEN.length + SERVED.length + TOO_LARGE.length >= 60);
});

function utf8(characters: string): string {
  return new TextDecoder().decode(latin1(characters));
}
