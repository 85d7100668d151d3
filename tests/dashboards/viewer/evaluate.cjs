// Reads [[field configuration, value], ...] and writes [{text, color}, ...], as Grafana shows them.
//
// node evaluate.cjs FOLDER, where FOLDER holds node_modules.
const { createRequire } = require("node:module");
const path = require("node:path");

globalThis.navigator ??= { languages: ["en-US"] };
const load = createRequire(path.join(path.resolve(process.argv[2]), "package.json"));
const { createTheme, FieldType, getDisplayProcessor } = load("@grafana/data");

const theme = createTheme({ colors: { mode: "dark" } });

function shown([defaults, value]) {
  const steps = defaults.thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity }));
  const config = {
    ...defaults,
    color: { mode: "thresholds" },
    thresholds: { ...defaults.thresholds, steps },
  };
  const number = value === "NaN" ? NaN : value;
  const type = typeof number === "string" ? FieldType.string : FieldType.number;
  const field = { name: "A", type, config, values: [number] };
  const told = getDisplayProcessor({ field, theme, timeZone: "utc" })(number);
  const name = steps.find((step) => theme.visualization.getColorByName(step.color) === told.color)?.color;
  return { text: `${told.prefix ?? ""}${told.text}${told.suffix ?? ""}`, color: name ?? told.color };
}

let text = "";
process.stdin.on("data", (part) => (text += part));
process.stdin.on("end", () => console.log(JSON.stringify(JSON.parse(text).map(shown))));
