// The charts, and the table of findings: filtered, sorted, and shown a hundred rows at a time. The part of the address
// behind # holds the filter, so that a link or a bar leads to its findings.

const STEP = 100;
const data = JSON.parse(document.getElementById("data").textContent);
const form = document.querySelector(".filters");
const body = document.querySelector("#list tbody");
const count = document.getElementById("count");
const more = document.getElementById("more");
const heads = [...document.querySelectorAll("#list th")];

const findings = data.findings.map((fields, position) => {
  const [row, time, api, order, rule, severity, message, help, pointer, reason, money, rank] = fields;
  const name = data.rules[rule];
  const text = [time, api, order, rule, name, severity, message, help, pointer, reason, money].join("\n").toLowerCase();
  return { position, row, time, api, order, rule, name, severity, message, help, pointer, reason, money, rank, text };
});

let sorting = { key: "", down: false };
let matching = findings;
let visible = STEP;

const collator = new Intl.Collator("en", { numeric: true });

function compare(one, other) {
  const { key, down } = sorting;
  const order = key === "money" ? one.rank - other.rank : key ? collator.compare(one[key], other[key]) : 0;
  return (down ? -order : order) || one.position - other.position;
}

function wanted() {
  const { text, rule, severity, api } = Object.fromEntries(new FormData(form));
  return { words: text.toLowerCase().split(/\s+/).filter(Boolean), rule, severity, api };
}

function choose() {
  const { words, rule, severity, api } = wanted();
  matching = findings
    .filter((one) => (!rule || one.rule === rule) && (!severity || one.severity === severity) && (!api || one.api === api))
    .filter((one) => words.every((word) => one.text.includes(word)))
    .sort(compare);
  visible = STEP;
  show();
}

function many(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function says() {
  const { words, rule, severity, api } = wanted();
  const inFile = data.matches
    .filter(([code, level, where]) => (!rule || code === rule) && (!severity || level === severity) && (!api || where === api))
    .reduce((sum, match) => sum + match[3], 0);
  const rows = matching.length > visible ? `, ${visible.toLocaleString("en")} shown` : "";
  const beyond = words.length || inFile === matching.length ? "" : `; the findings file has ${inFile.toLocaleString("en")}`;
  return `${many(matching.length, "finding")} on this page${rows}${beyond}.`;
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function cell(label, parts, className) {
  const made = element("td", "", className);
  made.setAttribute("role", "cell");
  made.dataset.label = label;
  const inner = element("div", "");
  inner.append(...parts);
  made.append(inner);
  return made;
}

// Which request, and where in it: a long pointer breaks before a slash.
function place(one) {
  const made = element("p", `row ${one.row} `, "note pointer");
  for (const part of (one.pointer || "/").split(/(?=\/)/)) made.append(document.createElement("wbr"), part);
  return made;
}

function note(text) {
  return text ? [element("p", text, "note")] : [];
}

function line(one) {
  const made = element("tr", "");
  made.setAttribute("role", "row");
  made.append(
    cell("Time (UTC)", [one.time || "–"], "time"),
    cell("Severity", [element("span", one.severity, `severity ${one.severity === "error" ? "error" : "warning"}`)]),
    cell("Rule", [element("strong", one.rule), " ", element("span", one.name, "name")]),
    cell("API", [one.api]),
    cell("Order", [one.order || "–", ...note(one.reason)], "order"),
    cell("What is wrong", [
      element("p", one.message),
      ...note(one.help),
      place(one),
    ], "message"),
    cell("Money", [one.money || "–"], "number"),
  );
  return made;
}

function show() {
  body.replaceChildren(...matching.slice(0, visible).map(line));
  count.textContent = says();
  more.hidden = matching.length <= visible;
}

function sort(head) {
  const key = head.dataset.sort;
  // Money begins with the largest; a second press turns the order round.
  sorting = { key, down: sorting.key === key ? !sorting.down : key === "money" };
  for (const one of heads) one.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
  choose();
}

function write() {
  const filled = [...new FormData(form)].filter(([, value]) => value);
  const address = new URLSearchParams(filled).toString().replaceAll("+", "%20");
  history.replaceState(null, "", `#${address}`);
}

function read() {
  const asked = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
  if (![...asked.keys()].some((key) => form.elements.namedItem(key))) return;
  for (const name of ["text", "rule", "severity", "api"]) form.elements.namedItem(name).value = asked.get(name) ?? "";
  choose();
  document.getElementById("findings").focus();
}

function go(address) {
  if (location.hash === `#${address}`) read();
  else location.hash = address;
}

form.addEventListener("input", () => { choose(); write(); });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { choose(); write(); }));
more.addEventListener("click", () => {
  const before = visible;
  visible += STEP;
  show();
  const next = body.rows[before];
  next.tabIndex = -1;
  next.focus();
});
for (const head of heads) head.firstElementChild.addEventListener("click", () => sort(head));
window.addEventListener("hashchange", read);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link && link.hash === location.hash) read();
});
choose();
read();

// `ast` with its interpreter: no text is ever run as a program, which the page's policy would refuse.
const options = {
  mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, tooltip: { disableDefaultStyle: true },
};
const drawn = Object.entries(data.charts).map(async ([id, chart]) => {
  const { view } = await vegaEmbed(document.getElementById(id), chart, options);
  view.addEventListener("click", (event, item) => {
    if (item?.datum?.go) go(item.datum.go);
  });
});
Promise.all(drawn).then(() => { document.body.dataset.drawn = "yes"; });
