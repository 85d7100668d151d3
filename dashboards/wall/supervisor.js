// The supervisor's page: everybody by name, who needs attention first.
//
// Times run on the source's clock, as on the wall: they stand still when it does. Names are
// untrusted; they reach the page through textContent only.

import { count, feed, flag, instant, list, maybe, OF_SOURCE, text, words } from "./feed.js";
import { $, asked, DASH, drawChoice, drawState, dress, make, name, put, ruleText, say, SIGN, staleText, tongue } from "./page.js";

const VIOLATION = { episode: text, rule: text, severity: text, acknowledged: flag, since: instant };
const SHAPE = {
  version: text, title: words, timezone: text, mode: text, speed: count, as_of: instant,
  sources: list({ source: text, last_at: instant, silent: flag }),
  tenants: maybe((value) => list(text)(value)),
  scope: { queues: list(text), team: words },
  teams: list(text), counted_since: instant,
  people: list({
    agent: text, team: text, state: text, reason: text, since: instant, logged_in_since: instant,
    answered: count, talk_mean_ms: count, missed: count, breaks: count, break_ms: count, break_since: instant,
    violations: list(VIOLATION),
  }),
  team_violations: list({ ...VIOLATION, team: text }),
  exceptions: list({ severity: text, code: text, queue: words, team: words, tenant: words, source: words, since: instant }),
};

const RANK = { critical: 0, warning: 1, info: 2 };
const MARK = { critical: "act", warning: "warn", info: "info" };
const SIGNS = { ...SIGN, info: "·" };
const byText = new Intl.Collator(undefined, { numeric: true }).compare;

const seen = feed("supervisor/live", SHAPE, paint, askAgain);
let drawn = "";

/** A stream that is refused for good: if the door is shut, show the door. */
async function askAgain() {
  try {
    const answer = await fetch(location.href, { method: "GET", cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) location.reload();
  } catch {
    // The server is away; the feed tries again.
  }
}

// ---------------------------------------------------------------- what a row is

/** Time from an instant to now on the source's clock; null where one of them is unknown. */
const lasting = (since, asOf) => (since == null || asOf == null ? null : Math.max(0, asOf - since));

const worst = (person) => Math.min(9, ...person.violations.map((each) => RANK[each.severity] ?? 1));
const oldest = (person) => Math.min(Infinity, ...person.violations.map((each) => each.since ?? Infinity));

/** Time on breaks today, the present one included. */
function breakTime(person, asOf) {
  if (person.break_ms == null) return null;
  return person.break_ms + (person.break_since == null ? 0 : lasting(person.break_since, asOf) ?? 0);
}

const STATES = ["talking", "holding", "wrapup", "reserved", "ready", "not_ready", "offline", ""];
const place = (state) => (STATES.indexOf(state) + STATES.length) % STATES.length;

/** Columns: how a cell is written, and what it is sorted by; unknown always comes last. */
const COLUMNS = [
  { key: "columnName", id: "name", by: (p) => p.agent, cell: (p) => person(p) },
  { key: "columnTeam", id: "team", by: (p) => p.team || null, cell: (p) => named(p.team) },
  { key: "columnState", id: "state", by: (p) => place(p.state), cell: (p) => state(p) },
  { key: "lasting", id: "for", right: true, down: true, by: (p, now) => lasting(p.since, now), cell: (p, now) => wait(lasting(p.since, now)) },
  { key: "columnViolations", id: "violations", by: (p) => (p.violations.length ? worst(p) : null), cell: (p, now) => violations(p, now) },
  { key: "columnAnswered", id: "answered", right: true, down: true, by: (p) => p.answered, cell: (p) => known(p.answered) },
  { key: "columnTalk", id: "talk", right: true, down: true, by: (p) => p.talk_mean_ms, cell: (p) => wait(p.talk_mean_ms) },
  { key: "columnMissed", id: "missed", right: true, down: true, by: (p) => p.missed, cell: (p) => known(p.missed) },
  { key: "columnBreaks", id: "breaks", right: true, down: true, by: (p) => p.breaks, cell: (p) => known(p.breaks) },
  { key: "columnBreakTime", id: "break-time", right: true, down: true, by: breakTime, cell: (p, now) => wait(breakTime(p, now)) },
  { key: "columnLogin", id: "login", right: true, by: (p) => p.logged_in_since, cell: (p, _, clock) => (p.logged_in_since == null ? DASH : clock.time(p.logged_in_since)) },
];

const sorting = { id: "violations", down: false };

function sorted(people, asOf) {
  const column = COLUMNS.find((each) => each.id === sorting.id);
  const sign = sorting.down ? -1 : 1;
  const away = (person) => (person.state === "offline" || person.state === "" ? 1 : 0);
  const values = new Map(people.map((each) => [each, column.by(each, asOf)]));
  return [...people].sort((a, b) => {
    const [x, y] = [values.get(a), values.get(b)];
    if ((x == null) !== (y == null)) return x == null ? 1 : -1;
    const order = x == null ? 0 : typeof x === "string" ? byText(x, y) : x - y;
    return sign * order || (column.id === "violations" ? compare(oldest(a), oldest(b)) : 0) || away(a) - away(b) || byText(a.agent, b.agent);
  });
}

const compare = (a, b) => (a === b ? 0 : a < b ? -1 : 1);

// ---------------------------------------------------------------- cells

const known = (value) => (value == null ? DASH : tongue.count(value));
const wait = (ms) => (ms == null ? DASH : tongue.wait(ms));
const named = (value) => (value ? name(value) : DASH);
const person = (each) => name(each.agent);

function state(each) {
  if (!each.state) return DASH;
  const label = tongue.has(`is_${each.state}`) ? say(`is_${each.state}`) : each.state;
  const chip = make("span", "chip", label);
  chip.dataset.state = each.state;
  if (!each.reason) return chip;
  const cell = make("span", "", chip, " ", name(each.reason, "reason"));
  return cell;
}

function violation(each, asOf) {
  const severity = MARK[each.severity] ?? "warn";
  const command = `pult explain ${each.episode}`;
  const copy = make("button", "copy", command);
  copy.type = "button";
  copy.title = say("copy");
  copy.dataset.command = command;
  const line = make("li", "",
    make("span", "sign", SIGNS[severity]), make("span", "rule", ruleText(each.rule)),
    make("span", "since", wait(lasting(each.since, asOf))),
    each.acknowledged ? make("span", "seen", say("acknowledged")) : null, copy);
  line.dataset.severity = severity;
  return line;
}

const bySeverity = (a, b) => (RANK[a.severity] ?? 1) - (RANK[b.severity] ?? 1) || compare(a.since ?? Infinity, b.since ?? Infinity);
const violations = (each, asOf) => make("ul", "violations", ...[...each.violations].sort(bySeverity).map((one) => violation(one, asOf)));

// ---------------------------------------------------------------- drawing

/** Changes a row only where it says something else: a selection, a focus and a hover outlive it. */
function update(row, person, asOf, clock) {
  COLUMNS.forEach((column, index) => {
    const value = column.cell(person, asOf, clock);
    const html = typeof value === "string" ? value : value.outerHTML;
    const cell = row.children[index];
    if (cell.written === html) return;
    const old = cell.written;
    cell.written = html;
    if (column.id === "violations" && old !== undefined && tick(cell, value)) return;
    cell.replaceChildren(value);
  });
  row.dataset.severity = person.violations.length ? MARK[["critical", "warning", "info"][worst(person)]] ?? "warn" : "";
  row.classList.toggle("away", person.state === "offline");
}

/** Where only the times of the same episodes went on, writes just these. */
function tick(cell, fresh) {
  const key = (list_) => [...list_.querySelectorAll("li")].map((each) => [each.dataset.severity, each.querySelector(".copy").dataset.command, !!each.querySelector(".seen")].join()).join();
  if (!cell.firstElementChild || key(cell) !== key(fresh)) return false;
  const times = fresh.querySelectorAll(".since");
  cell.querySelectorAll(".since").forEach((each, index) => put(each, times[index].textContent));
  return true;
}

const rows = new Map();

function drawPeople(people, asOf, clock) {
  const body = document.querySelector("tbody");
  const wanted = sorted(people, asOf).map((each) => {
    let row = rows.get(each.agent);
    if (!row) {
      row = make("tr", "", ...COLUMNS.map((column, index) => {
        const cell = make(index ? "td" : "th", column.right ? "r" : "");
        if (!index) cell.scope = "row";
        cell.dataset.column = column.id;
        return cell;
      }));
      rows.set(each.agent, row);
    }
    update(row, each, asOf, clock);
    return row;
  });
  const staying = new Set(wanted);
  for (const [agent, row] of rows) {
    if (!staying.has(row)) {
      row.remove();
      rows.delete(agent);
    }
  }
  wanted.forEach((row, index) => {
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
  });
}

function drawColumns() {
  $("columns").replaceChildren(...COLUMNS.map((column) => {
    const button = make("button", "", say(column.key));
    button.type = "button";
    button.addEventListener("click", () => {
      const again = sorting.id === column.id;
      Object.assign(sorting, { id: column.id, down: again ? !sorting.down : Boolean(column.down) });
      drawColumns();
      paint(true);
      $("columns").querySelector(`[data-column="${column.id}"] button`).focus();
    });
    const head = make("th", column.right ? "r" : "", button);
    head.scope = "col";
    head.dataset.column = column.id;
    if (sorting.id === column.id) head.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
    return head;
  }));
}

/** What is wrong with the data or with a whole team, above the people. */
function drawNotes(picture, condition, clock) {
  const note = (severity, who, what) => {
    const line = make("li", "", make("span", "sign", SIGN[severity]), who ? name(who, "who") : null, make("span", "", what));
    line.dataset.severity = severity;
    return line;
  };
  const time = (each) => (each == null ? DASH : clock.time(each));
  const told = (each) => ({
    source_silent: () => say("sourceSilent"),
    source_lost: () => (each.since == null ? say("sourceLostOnce") : say("sourceLost", { time: time(each.since) })),
    source_refused: () => say("sourceRefused"),
    source_failed: () => say("sourceFailed"),
    source_gap: () => say("sourceGap", { time: time(each.since) }),
    unknown_scope: () => say(each.team ? "unknownTeam" : each.tenant ? "unknownTenant" : "unknownQueue"),
  })[each.code]?.() ?? each.code.replaceAll("_", " ");
  const notes = (picture?.exceptions ?? []).map((each) => note(each.severity === "act" ? "act" : "warn", each.source || each.queue || each.team || each.tenant || "", told(each)));
  const explained = new Set((picture?.exceptions ?? []).filter((each) => OF_SOURCE.has(each.code) || each.code === "source_silent").map((each) => each.source));
  for (const source of condition.silent ?? []) {
    if (!explained.has(source.source)) notes.push(note("act", source.source, say("sourceSilent")));
  }
  for (const each of [...(picture?.team_violations ?? [])].sort(bySeverity)) {
    const line = violation(each, picture.as_of);
    if (each.team) line.querySelector(".sign").after(name(each.team, "who"));
    notes.push(line);
  }
  $("notes").replaceChildren(...notes);
}

function drawTeams(picture) {
  const chosen = asked.get("team") ?? "";
  const teams = [...new Set([...(picture?.teams ?? []), ...(chosen ? [chosen] : [])])].sort(byText);
  const key = JSON.stringify(teams);
  if ($("team").dataset.teams === key) return;
  $("team").dataset.teams = key;
  const option = (value, label) => {
    const element = make("option", "", label);
    element.value = value;
    element.selected = value === chosen;
    return element;
  };
  $("team").replaceChildren(option("", say("allTeams")), ...teams.map((each) => option(each, each)));
  $("team").closest("label").hidden = teams.length === 0;
}

function drawHeader(picture, condition, clock) {
  drawState(picture, condition, clock);
  const people = picture?.people ?? [];
  const there = people.filter((each) => each.logged_in_since != null).length;
  const open = people.filter((each) => worst(each) <= RANK.warning).length;
  put($("counts"), picture?.as_of == null ? "" : say("floorCount", { n: there, open }));
  document.title = `${picture?.title || ""} · ${say("floor")} · Pult`.replace(/^ · /, "");
  put($("day"), picture?.counted_since == null ? say("today") : say("todaySince", { time: clock.time(picture.counted_since) }));
}

function paint(again = false) {
  try {
    draw(again);
  } catch (error) {
    console.error(error);
    Object.assign(seen, { picture: null, unreadable: true });
    draw(true);
  }
}

function draw(again) {
  const { picture } = seen;
  const condition = seen.condition();
  const clock = tongue.clock(picture?.timezone ?? "UTC");
  document.documentElement.dataset.state = condition.kind;
  drawHeader(picture, condition, clock);
  const key = JSON.stringify([condition.kind, condition.since ?? null, picture]);
  if (key === drawn && again !== true) return;
  drawn = key;
  drawChoice(picture?.tenants ?? []);
  drawTeams(picture);
  drawNotes(picture, condition, clock);
  drawPeople(picture?.people ?? [], picture?.as_of ?? null, clock);
  const nobody = picture !== null && !picture.people.length;
  $("nobody").hidden = !nobody;
  put($("nobody"), nobody ? say("nobodyHere") : "");
}

// ---------------------------------------------------------------- what a person does

$("team").addEventListener("change", () => {
  const query = new URLSearchParams(asked);
  if ($("team").value) query.set("team", $("team").value);
  else query.delete("team");
  location.search = query.toString();
});

/** Only a page over TLS or of this machine may use the clipboard; elsewhere the text is selected. */
async function take(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.command);
  } catch {
    getSelection().selectAllChildren(button);
    if (!document.execCommand("copy")) return;
  }
  put(button, say("copied"));
  setTimeout(() => put(button, button.dataset.command), 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".copy");
  if (button) take(button);
});

// ---------------------------------------------------------------- start

dress();
drawColumns();
paint();
seen.open();
setInterval(() => {
  seen.watch();
  paint();
}, 250);
document.addEventListener("visibilitychange", () => paint(true));
