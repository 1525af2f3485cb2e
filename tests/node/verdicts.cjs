// Whether ajv accepts each body of each operation: {schemas, bodies} on standard input, {operation: [verdict, …]} out.
// The argument is the folder that has node_modules.
const { createRequire } = require("node:module");
const Ajv = createRequire(`${process.argv[2]}/`)("ajv/dist/2020").default;

const given = JSON.parse(require("node:fs").readFileSync(0, "utf-8"));
const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
// What our schemas say for us and for people, and a validator has no need to know.
ajv.addVocabulary(["x-rule", "x-aliases", "x-page-differs", "x-free-text", "xml"]);
for (const name of ["password", "date-time"]) ajv.addFormat(name, true);
const verdicts = {};
for (const [operation, schema] of Object.entries(given.schemas)) {
  const validate = ajv.compile(schema);
  verdicts[operation] = given.bodies[operation].map((body) => validate(JSON.parse(body)));
}
process.stdout.write(JSON.stringify(verdicts));
