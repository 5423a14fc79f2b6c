/**
 * The suite of faults once more, with confined handlers: those groups whose faults happen inside of a worker, or to one. The
 * others, in which confinement has less to say, are in tests/soak/confined_faults_test.ts. With the compiled binary.
 *
 * @module
 */
import { confineHandlers } from "../support/confinement.ts";

confineHandlers();
await import("../gateway/faults_test.ts");
await import("../gateway/faults_stuck_test.ts");
await import("../gateway/faults_stop_test.ts");
await import("../gateway/faults_drain_test.ts");
await import("../gateway/faults_disk_test.ts");
