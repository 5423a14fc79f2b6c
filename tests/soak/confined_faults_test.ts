/** The groups of faults that tests/confine/fault_suite_test.ts leaves out, with confined handlers. With the compiled binary. @module */
import { confineHandlers } from "../support/confinement.ts";

confineHandlers();
await import("../gateway/faults_silent_test.ts");
await import("../gateway/faults_reload_test.ts");
await import("../gateway/faults_recycle_test.ts");
await import("../gateway/mount_faults_test.ts");
await import("../gateway/upgrade_test.ts");
await import("../gateway/upgrade_refused_test.ts");
await import("./gateway_faults_test.ts");
