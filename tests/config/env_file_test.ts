/** Environment variables in a file and on the command line. */
import { assertEquals, assertThrows } from "@std/assert";
import { parseEnvAssignment, parseEnvFile } from "../../lib/config/env_file.ts";
import { ValueError } from "../../lib/config/values.ts";

Deno.test("parseEnvFile() reads what systemd, docker and dotenv read", async (t) => {
  const cases: [text: string, variables: Record<string, string>][] = [
    ["", {}],
    ["\n\n  \n\t\n", {}],
    ["# A=1\n  # B=2\n#", {}],
    ["A=1", { A: "1" }],
    ["A=1\nB=2\n", { A: "1", B: "2" }],
    ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["\ufeffA=1", { A: "1" }],
    ["  A=1  ", { A: "1" }],
    ["export A=1\n\texport\t B=2", { A: "1", B: "2" }],
    ["export=1", { export: "1" }],
    ["_a1_Z=1", { _a1_Z: "1" }],
    ["A=", { A: "" }],
    ["A=   ", { A: "" }],
    ["A= 1 2 ", { A: "1 2" }],
    ["A=1\nA=2", { A: "2" }],
    ["A=b=c==", { A: "b=c==" }],
    ["A=1 # one", { A: "1" }],
    ["A=1\t# one # two", { A: "1" }],
    ["A=# none", { A: "" }],
    ["URL=http://host/#part", { URL: "http://host/#part" }],
    ["A=it's", { A: "it's" }],
    ["A=\\n$HOME`x`", { A: "\\n$HOME`x`" }],
    ["A='it is #1 \\n $HOME '", { A: "it is #1 \\n $HOME " }],
    ["A=' \" '", { A: ' " ' }],
    ['A="it is #1 "', { A: "it is #1 " }],
    ['A="a\\nb\\tc\\rd\\\\e\\"f\\$g\\`h"', { A: 'a\nb\tc\rd\\e"f$g`h' }],
    ['A="\\d\\\'$HOME"', { A: "\\d\\'$HOME" }],
    ['A="\\\\n"', { A: "\\n" }],
    ["A=\"1\"   # one\nB='2'# two", { A: "1", B: "2" }],
    ["A=''\nB=\"\"", { A: "", B: "" }],
    ['KEY="-----BEGIN-----\n  ab \n\n-----END-----\n"\nB=1', {
      KEY: "-----BEGIN-----\n  ab \n\n-----END-----\n",
      B: "1",
    }],
    ["A='one\r\ntwo'", { A: "one\ntwo" }],
    ["A=한글", { A: "한글" }],
  ];
  for (const [text, variables] of cases) {
    await t.step(JSON.stringify(text), () => assertEquals(Object.fromEntries(parseEnvFile(text)), variables));
  }
  assertEquals([...parseEnvFile("__proto__=1\nconstructor=2")], [["__proto__", "1"], ["constructor", "2"]]);
});

Deno.test("parseEnvFile() names the line that is wrong, and no value", async (t) => {
  const name = "a name has letters, digits and _, no digit first";
  const cases: [text: string, message: string][] = [
    ["A=1\nsecret", "line 2: NAME=VALUE is needed, it has no ="],
    ["export A", "line 1: NAME=VALUE is needed, it has no ="],
    ["\n\n# c\n=1", `line 4: ${name}`],
    ["1A=1", `line 1: ${name}`],
    ["A-B=1", `line 1: ${name}`],
    ["A.B=1", `line 1: ${name}`],
    ["é=1", `line 1: ${name}`],
    ["; A=1", `line 1: ${name}`],
    ["set A=1", `line 1: ${name}`],
    ["A =1", "line 1: no blank stands before the ="],
    ["A='secret", "line 1: the ' of A is not closed"],
    ['B=1\r\nA="secret\\"', 'line 2: the " of A is not closed'],
    ['A="secret\\', 'line 1: the " of A is not closed'],
    ['A="sec"ret', 'line 1: something follows the closing " of A'],
    ["A='it''s'", "line 1: something follows the closing ' of A"],
    ["A='one\ntwo'\nB='\n\n'\n?", "line 6: NAME=VALUE is needed, it has no ="],
    ["A='1' B='2'", "line 1: something follows the closing ' of A"],
    ["A=a\0b", "line 1: a value holds no NUL"],
    ["A='a\0b'", "line 1: a value holds no NUL"],
  ];
  for (const [text, message] of cases) {
    await t.step(JSON.stringify(text), () => {
      const error = assertThrows(() => parseEnvFile(text), ValueError);
      assertEquals(error.message, message);
    });
  }
});

Deno.test("parseEnvFile() takes time in proportion", () => {
  const long = "x".repeat(1_000_000);
  assertEquals(parseEnvFile(`A=${long}`).get("A")?.length, long.length);
  assertEquals(parseEnvFile(`A=${" ".repeat(100_000)}x`).get("A"), "x");
  assertEquals(parseEnvFile(`A=x${" ".repeat(200_000)}y`).get("A")?.length, 200_002);
  assertEquals(parseEnvFile(`A=x${" y".repeat(200_000)}`).get("A")?.length, 400_001);
  assertEquals(parseEnvFile(`A="${"\n".repeat(200_000)}"`).get("A")?.length, 200_000);
  assertEquals(parseEnvFile("A=1\n".repeat(200_000)).size, 1);
});

Deno.test("parseEnvAssignment() takes the value as it is", async (t) => {
  const good: [text: string, name: string, value: string][] = [
    ["A=1", "A", "1"],
    ["A=", "A", ""],
    ["A= '1' # x ", "A", " '1' # x "],
    ["A=b=c", "A", "b=c"],
    ['A="\\n"', "A", '"\\n"'],
    ["A=1\n2", "A", "1\n2"],
  ];
  for (const [text, name, value] of good) {
    await t.step(JSON.stringify(text), () => assertEquals(parseEnvAssignment(text), { name, value }));
  }
  for (const text of ["", "A", "=1", "1A=1", " A=1", "A =1", "export A=1", "A\0=1", "A=\0"]) {
    await t.step(
      `${JSON.stringify(text)} is refused`,
      () => void assertThrows(() => parseEnvAssignment(text), ValueError),
    );
  }
});
