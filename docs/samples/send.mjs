// node send.mjs OPERATION BODY ORDER: sends the body only if refundkit finds no error in it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const COMMAND = ["check", "-", "--require-context", "--output-format", "json"];

// Body and order are texts: what is checked is what is sent, to the last digit.
function check(operation, body, order) {
  const input = `{"operation": ${JSON.stringify(operation)}, "body": ${body}, "order": ${order}}`;
  const { status, stdout, error } = spawnSync("refundkit", COMMAND, { input, encoding: "utf8", maxBuffer: 1 << 26 });
  if (error || (status !== 0 && status !== 1)) throw error ?? new Error(`exit status ${status}`);
  return { clean: status === 0, findings: JSON.parse(stdout).findings };
}

const [operation, body, order] = process.argv.slice(2);
try {
  const { clean, findings } = check(operation, readFileSync(body, "utf8"), readFileSync(order, "utf8"));
  if (clean) {
    console.log("clean"); // await fetch(…, {method: "POST", body}) goes here
  } else {
    for (const { code, message } of findings) console.log(`not sent: ${code} ${message}`);
    process.exitCode = 1;
  }
} catch (error) {
  console.log(`not sent: it could not be checked: ${error.message}`);
  process.exitCode = 2;
}
