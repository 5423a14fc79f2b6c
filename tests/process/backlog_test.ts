/** How many clients wait to be accepted. The kernel's tables are real ones, shortened. */
import { assertEquals } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { countWaiting, type SocketTables, waitingConnections } from "../../lib/process/backlog.ts";
import { TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";

const TABLES: SocketTables = {
  tcp: `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 1582679 3 000000002bfee53d 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:0000001F 00:00000000 00000000     0        0 1582680 3 000000002bfee53d 100 0 0 10 0
   2: 0100007F:1F91 0100007F:97B2 01 00000000:00000005 00:00000000 00000000     0        0 0 1 000000000480eec9 20 0 0 10 -1
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A 00000000:00000004 00:00000000 00000000     0        0 1583429 2 000000004565d4da 100 0 0 10 0
   1: B80D0120000000000000000001000000:1F92 00000000000000000000000000000000:0000 0A 00000000:00000100 00:00000000 00000000     0        0 1583430 2 000000004565d4da 100 0 0 10 0
`,
  unix: `Num       RefCount Protocol Flags    Type St Inode Path
000000007942d6ef: 00000002 00000000 00010000 0001 01 1583357 /run/.app.sock.123
00000000068cd042: 00000003 00000000 00000000 0001 02     0 /run/.app.sock.123
000000006b2d870e: 00000003 00000000 00000000 0001 02     0 /run/.app.sock.4567
000000003b578475: 00000003 00000000 00000000 0001 03 1583361 /run/.app.sock.123
000000003b578476: 00000003 00000000 00000000 0001 02     0 /run/other.sock
000000003b578477: 00000003 00000000 00000000 0001 02     0 /run/.app.sock.old
000000003b578478: 00000003 00000000 00000000 0001 02     0
`,
};

const tcp = (hostname: string, port: number): ListenAddress => ({ transport: "tcp", hostname, port });
const unix = (path: string): ListenAddress => ({ transport: "unix", path });

Deno.test("countWaiting() finds who waits at a listener, and nobody else's", () => {
  const cases: [address: ListenAddress, waiting: number][] = [
    [tcp("127.0.0.1", 8080), 2],
    [tcp("", 8080), 31],
    [tcp("localhost", 8080), 33],
    [tcp("127.0.0.1", 8081), 0], // a connection, not a listener
    [tcp("", 8082), 4],
    [tcp("::", 8082), 4],
    [tcp("2001:db8::1", 8082), 256],
    [tcp("2001:db8::2", 8082), 0],
    [unix("/run/app.sock"), 2],
    [unix("/run/other.sock"), 1],
    [unix("/var/app.sock"), 0],
  ];
  for (const [address, waiting] of cases) assertEquals([address, countWaiting([address], TABLES)], [address, waiting]);
  assertEquals(countWaiting([tcp("127.0.0.1", 8080), unix("/run/app.sock")], TABLES), 4);
  assertEquals(countWaiting([], TABLES), 0);
  assertEquals(countWaiting([tcp("", 8080), unix("/run/app.sock")], { tcp: "", unix: "" }), 0);
});

Deno.test({
  name: "waitingConnections() sees the backlog of real listeners shrink as they accept",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using directory = new TestDirectory();
    const listeners = [
      Deno.listen({ hostname: "127.0.0.1", port: 0 }),
      Deno.listen({ transport: "unix", path: directory.at("s") }),
    ];
    for (const listener of listeners) {
      const { addr } = listener;
      const address: ListenAddress = addr.transport === "tcp" ? tcp(addr.hostname, addr.port) : unix(directory.at("s"));
      const connect = () => address.transport === "tcp" ? Deno.connect({ ...address }) : Deno.connect({ ...address });
      const clients = await Promise.all([connect(), connect(), connect()]);
      await until("three wait", () => waitingConnections([address]) === 3);
      const accepted = await listener.accept();
      assertEquals(waitingConnections([address]), 2);
      accepted.close();
      for (const client of clients) client.close();
      listener.close();
      await until("nobody waits where nobody listens", () => waitingConnections([address]) === 0);
    }
  },
});
