// The wall: one picture a second from `live`, drawn so that it cannot be mistaken for a better one.
//
// How old it is, feed.js knows. Names are untrusted; they reach the page through textContent only.

import { byName, count, feed, flag, instant, list, maybe, OF_SOURCE, ratio, text, words } from "./feed.js";
import { $, asked, DASH, drawChoice, drawState, dress, make, name, put, ruleText, say, SIGN, staleText, tongue } from "./page.js";

const FAR_UNDER = 0.1; // a level this far under its target is red, less is orange
const ENOUGH_CALLS = 5; // fewer counted calls say too little about a level to colour it

const WORSE = { act: 0, warn: 1, "": 2, quiet: 3 };

// ---------------------------------------------------------------- what a picture is

const SHAPE = {
  version: text, title: words, timezone: text, mode: text, speed: count, as_of: instant,
  sources: list({ source: text, last_at: instant, silent: flag }),
  tenants: maybe((value) => list(text)(value)),
  scope: { queues: list(text), team: words },
  service_level: { ratio, in_time: count, counted: count, target: ratio, answer_within_ms: count, history: list(ratio) },
  waiting: { now: count, past_target: count, close: count },
  longest: { wait_ms: count, queue: words, past_target: (value) => value == null || flag(value) },
  agents: { logged_in: count, states: byName, reasons: byName, occupancy: ratio },
  abandoned: { ratio, abandoned: count, offered: count },
  queues: list({ queue: text, ratio, target: ratio, in_time: count, counted: count, waiting: count, longest_ms: count, past_target: count }),
  crm: maybe((value) => [value.cards_open, value.filling_ms].every(count) && ratio(value.satisfaction)),
  exceptions: list({ severity: text, code: text, queue: words, team: words, tenant: words, source: words, rule: words, count, ratio, target: ratio, since: instant }),
  all_clear: flag,
};

const seen = feed("live", SHAPE, paint);
const { condition } = seen;

// ---------------------------------------------------------------- drawing

/** A tile: its figure, what the figure means, and whether that is a deviation. */
function tile(id, severity, figure, foot) {
  const panel = $(id);
  panel.dataset.severity = severity;
  const num = panel.querySelector(".num");
  num.replaceChildren(...figure);
  num.classList.toggle("none", num.textContent === DASH);
  const line = panel.querySelector(".foot");
  line.replaceChildren(...foot.filter(Boolean).map((each) => make("span", "", each)));
  fit(num);
  fit(line);
}

/** Makes a text smaller until it is whole: how wide it is depends on the reader's fonts. */
function fit(element) {
  element.style.setProperty("--fit", "1");
  const over = element.scrollWidth / Math.max(1, element.clientWidth);
  if (over > 1) element.style.setProperty("--fit", String(Math.max(0.4, 0.98 / over)));
}

/** The percent of a ratio, its sign small; a dash when there is nothing to take a share of. */
function shareFigure(value, options) {
  if (value == null) return [DASH];
  return tongue.shareParts(value, options).map((part) =>
    part.type === "percentSign" ? make("small", "", part.value) : part.type === "literal" ? make("small", "thin", part.value) : part.value,
  );
}

const known = (value) => (value == null ? DASH : tongue.count(value));
const strong = (severity, words_) => make("span", "say", severity ? `${SIGN[severity]} ` : "", words_);

function levelSeverity({ ratio: value, target, counted }) {
  if (value == null || target == null || value >= target) return "";
  if (counted != null && counted < ENOUGH_CALLS) return "";
  return target - value > FAR_UNDER + 1e-9 ? "act" : "warn";
}

/** Nothing is known of the scope: it is misspelt, or nothing has been heard yet. */
const isUnknown = (picture) => picture.waiting.now == null;

const noCallsText = (picture) => (isUnknown(picture) ? "" : say(picture.queues.length ? "noCalls" : "noCallsYet"));

function drawLevel(picture) {
  const level = picture.service_level;
  const severity = levelSeverity(level);
  const foot = [];
  if (level.ratio == null) {
    foot.push(picture.waiting.now > 0 ? say("nothingCounted") : noCallsText(picture));
  } else {
    if (severity) {
      const under = (level.target - level.ratio) * 100;
      const n = under < 1 ? Math.max(0.1, Math.round(under * 10) / 10) : Math.round(under);
      foot.push(strong(severity, say("pointsUnder", { n })));
    }
    if (level.counted != null) {
      foot.push(say(severity ? "ofCounted" : "inTime", { n: level.counted, inTime: known(level.in_time) }));
    }
  }
  tile("level", severity, shareFigure(level.ratio, { target: level.target }), foot);
  const within = level.answer_within_ms == null ? say("byQueue") : say("within", { time: tongue.seconds(level.answer_within_ms) });
  $("level").querySelector(".target").replaceChildren(
    ...(level.target == null ? [] : [make("b", "", say("target", { ratio: tongue.share(level.target) })), make("span", "", within)]),
  );
  drawSpark(level.history, level.target);
}

// A gap in the history stays a gap. The scale has two fixed ranges, so that a small dip never looks like a fall.
function drawSpark(history, target) {
  const line = (className, d) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", className);
    path.setAttribute("d", d);
    return path;
  };
  const floor = [...history, target].every((value) => value == null || value >= 0.5) ? 0.5 : 0;
  const y = (value) => (36 - ((value - floor) / (1 - floor)) * 32).toFixed(1);
  const step = history.length > 1 ? 292 / (history.length - 1) : 0;
  let trace = "";
  let last = null;
  history.forEach((value, index) => {
    if (value == null) return;
    const x = (2 + index * step).toFixed(1);
    trace += (index > 0 && history[index - 1] != null ? "L" : "M") + `${x} ${y(value)}`;
    if (history[index - 1] == null && history[index + 1] == null) trace += "h0"; // a round cap makes it a dot
    last = `M${x} ${y(value)}h0`;
  });
  const paths = [];
  if (last && target != null) paths.push(line("goal", `M0 ${y(target)}H300`));
  if (last) paths.push(line("trace", trace), line("end", last));
  $("spark").replaceChildren(...paths);
}

function drawTiles(picture) {
  const { waiting, longest, agents, abandoned } = picture;
  const past = waiting.past_target > 0;
  const near = waiting.close > 0 ? say(past ? "close" : "closeAlone", { n: waiting.close }) : "";
  tile("waiting", past ? "warn" : "", [known(waiting.now)], [
    past ? strong("warn", say("pastTarget", { n: waiting.past_target })) : "",
    near,
  ]);

  const late = longest.wait_ms != null && longest.past_target === true;
  const who = longest.queue ? name(longest.queue, "") : "";
  const nobody = waiting.now == null ? "" : say("nobodyWaits");
  tile("longest", late ? "act" : "", [longest.wait_ms == null ? DASH : tongue.wait(longest.wait_ms)],
    longest.wait_ms == null ? [nobody] : [late ? strong("act", who) : who]);

  const ready = agents.logged_in === 0 ? 0 : agents.states.ready;
  const alarm = picture.exceptions.find((each) => each.code === "nobody_ready");
  const none = ready === 0 && alarm ? severityOf(alarm) : "";
  const logged = agents.logged_in == null ? "" : agents.logged_in === 0 ? say("nobodyLoggedIn") : say("ofLoggedIn", { n: known(agents.logged_in) });
  tile("free", none, [known(ready)], !none ? [logged] : agents.logged_in === 0 ? [strong(none, logged)] : [strong(none, say("nobodyFree")), logged]);

  const digits = abandoned.ratio === 0 || abandoned.ratio === 1 ? 0 : 1;
  tile("lost", "", shareFigure(abandoned.ratio, { digits }), [
    abandoned.ratio == null ? noCallsText(picture)
      : abandoned.offered == null ? ""
      : say("lostOf", { n: abandoned.offered, lost: known(abandoned.abandoned) }),
  ]);
}

const severityOf = (exception) => (exception.severity === "act" ? "act" : "warn");

function queueSeverity(queue) {
  if (queue.past_target > 0) return "act";
  return levelSeverity(queue);
}

/** Worst first: what needs action, then how far under target, then who waits longest; silent queues last. */
function ranked(queues) {
  const under = (queue) => (queue.ratio == null || queue.target == null ? Infinity : queue.ratio - queue.target);
  return queues
    .map((queue) => ({ queue, severity: queueSeverity(queue) }))
    .sort((a, b) => {
      const order = (each) => WORSE[each.severity || (each.queue.ratio == null ? "quiet" : "")];
      return order(a) - order(b) || compare(under(a.queue), under(b.queue)) || compare(b.queue.longest_ms ?? -1, a.queue.longest_ms ?? -1);
    });
}

const compare = (a, b) => (a === b ? 0 : a < b ? -1 : 1);

function bar(value, target, severity) {
  const fill = make("i", "");
  fill.style.width = `${value * 100}%`;
  const parts = [fill];
  if (target != null) {
    const mark = make("u", "");
    mark.style.left = `${target * 100}%`;
    parts.push(mark);
  }
  const element = make("div", "track", ...parts);
  element.dataset.severity = severity;
  return element;
}

function queueRow({ queue, severity }) {
  const level = levelSeverity(queue);
  const row = make("tr", "");
  row.dataset.severity = severity;
  const title = make("th", "", name(queue.queue));
  title.scope = "row";
  row.append(make("td", "sign", SIGN[severity] ?? ""), title);
  if (queue.ratio == null) {
    const cell = make("td", "dim", say(queue.waiting > 0 ? "nothingCounted" : "noCalls"));
    cell.colSpan = 2;
    row.append(cell);
  } else {
    const cell = make("td", "r level", tongue.share(queue.ratio, { target: queue.target }));
    cell.dataset.severity = level;
    row.append(make("td", "bar", bar(queue.ratio, queue.target, level)), cell);
  }
  const late = queue.past_target > 0 ? "act" : "";
  const wait = make("td", queue.longest_ms == null ? "r dim" : "r", queue.longest_ms == null ? DASH : tongue.wait(queue.longest_ms));
  wait.dataset.severity = late;
  row.append(make("td", queue.waiting > 0 ? "r" : "r dim", known(queue.waiting)), wait);
  return row;
}

function moreQueues(hidden) {
  const n = hidden.length;
  const out = hidden.filter((each) => each.severity).length;
  const quiet = hidden.filter((each) => !each.severity && each.queue.ratio == null).length;
  if (out) return say("moreOut", { n, out });
  if (quiet === n) return say("moreQuiet", { n });
  return quiet ? say("moreMixed", { n, fine: n - quiet, quiet }) : say("moreInTarget", { n });
}

/** Who an exception is about, and what is wrong, in two parts: only the name may be cut, unless it is `whole`. */
function exceptionParts(exception, clock) {
  const { code, queue, team, tenant, source, target } = exception;
  const n = exception.count ?? 0;
  // A source that brings nothing moves no clock: its instant says more than a duration.
  const time = exception.since == null ? DASH : clock.time(exception.since);
  const what = {
    queue_past_target: () => say("queuePastTarget", { n }),
    nobody_ready: () => say("nobodyReady"),
    level_under_target: () => say("levelUnderTarget", {
      ratio: exception.ratio == null ? DASH : tongue.share(exception.ratio, { target }),
      target: target == null ? DASH : tongue.share(target),
    }),
    source_silent: () => say("sourceSilent"),
    source_lost: () => (exception.since == null ? say("sourceLostOnce") : say("sourceLost", { time })),
    source_refused: () => say("sourceRefused"),
    source_failed: () => say("sourceFailed"),
    source_gap: () => say("sourceGap", { time }),
    violations: () => say("violationCount", { rule: ruleText(exception.rule), n }),
    numbers_differ: () => say("numbersDiffer", { n }),
    unknown_scope: () => say(team ? "unknownTeam" : tenant ? "unknownTenant" : "unknownQueue"),
  }[code];
  return {
    severity: severityOf(exception),
    who: queue || team || tenant || source || "",
    what: what ? what() : code.replaceAll("_", " "),
    since: OF_SOURCE.has(code) ? null : exception.since ?? null,
    whole: code === "unknown_scope",
    counts: code === "violations",
  };
}

function exceptionRow(each, asOf) {
  const lasting = each.since === null || asOf == null ? "" : tongue.duration(asOf - each.since);
  const row = make("li", "",
    make("span", "sign", SIGN[each.severity]),
    make("span", "line", each.who ? name(each.who, "who") : null, make("span", "what", each.what)),
    make("span", "lasting", lasting));
  row.dataset.severity = each.severity;
  row.classList.toggle("whole", each.whole === true);
  row.classList.toggle("counts", each.counts === true);
  return row;
}

/** Makes a line that must be whole a little smaller where it is too long, else two lines of it. */
function showWhole(row) {
  const who = row.querySelector(".who");
  const line = row.querySelector(".line");
  const over = (who.scrollWidth - who.clientWidth) / line.clientWidth;
  if (over <= 0) return;
  if (over < 0.3) {
    row.style.setProperty("--fit", String(0.97 / (1 + over)));
    return;
  }
  row.classList.add("two");
  for (let part = 1; part > 0.4 && line.offsetHeight > row.clientHeight; part -= 0.05) {
    row.style.setProperty("--fit", String(part - 0.05));
  }
}

/** Makes a count of violations smaller where it is too long: rules have longer names than figures. */
function showCount(row) {
  const parts = [...row.querySelectorAll(".who, .what")];
  const over = parts.reduce((sum, each) => sum + each.scrollWidth - each.clientWidth, 0);
  if (over > 0) row.style.setProperty("--fit", String(Math.max(0.6, 0.97 / (1 + over / row.querySelector(".line").clientWidth))));
}

/** What the attention panel says: exceptions, one plain sentence, or both; never comfort from silence. */
function attention(picture, state, clock) {
  const lines = [];
  const lost = (since) => (since === null ? say("noDataEver") : say("noDataLast", { time: clock.time(since) }));
  if (state.kind === "unreadable") return { lines: [{ severity: "act", who: "", what: say("unreadable"), since: null }, { severity: "act", who: "", what: lost(state.since), since: null }] };
  if (state.kind === "connecting") return { lines, sentence: say("waitingForData") };
  if (state.kind === "stale" && !state.silent) return { lines: [{ severity: "act", who: "", what: lost(state.since), since: null }] };
  const explained = new Set(picture.exceptions.filter((each) => OF_SOURCE.has(each.code)).map((each) => each.source));
  for (const source of state.silent ?? []) {
    // Why nothing comes says more than that nothing comes.
    if (!explained.has(source.source)) lines.push({ severity: "act", who: source.source, what: lost(source.last_at ?? null), since: null });
  }
  const told = new Set((state.silent ?? []).map((source) => source.source));
  const rest = picture.exceptions.filter((each) => !(each.code === "source_silent" && told.has(each.source)));
  lines.push(...rest.map((each) => exceptionParts(each, clock)).sort((a, b) => WORSE[a.severity] - WORSE[b.severity]));
  if (lines.length) return { lines };
  if (state.kind === "ended") return { lines, sentence: say("recordingOver") };
  if (state.kind === "late") return { lines, sentence: say("waitingForData") };
  const overall = levelSeverity(picture.service_level);
  if (overall) {
    // The sum may be under target while no queue is: a red tile must never stand beside "all clear".
    const { ratio: value, target } = picture.service_level;
    return { lines: [{ severity: overall, who: "", what: say("overallUnder", { ratio: tongue.share(value, { target }), target: tongue.share(target) }), since: null }] };
  }
  const deviates = picture.waiting.past_target > 0 || picture.queues.some(queueSeverity);
  if (state.kind === "fresh" && picture.all_clear && !deviates) return { lines, clear: true };
  return { lines, sentence: say("noVerdict") };
}

/** Rows of both lists have one height, so that they align across the wall; the rest is counted. */
function drawLists(picture, state, clock) {
  const root = getComputedStyle(document.documentElement);
  const unit = parseFloat(getComputedStyle(document.body).fontSize) / 2;
  const flowing = root.getPropertyValue("--flow").trim() === "1";
  const box = $("queues").querySelector(".rows");
  const room = box.clientHeight - box.querySelector("thead").offsetHeight;
  const fit = flowing ? Infinity : Math.max(2, Math.floor(room / (5.4 * unit)));
  const queues = picture ? ranked(picture.queues) : [];
  const said = attention(picture, state, clock);
  const rows = Math.min(fit, Math.max(queues.length, said.lines.length, 1));
  const height = flowing ? 5 : Math.min(6.4, Math.floor((room / rows / unit) * 100) / 100);
  document.documentElement.style.setProperty("--row", `calc(${height} * var(--u))`);

  const shown = queues.length > fit ? queues.slice(0, fit - 1) : queues;
  const table = shown.map(queueRow);
  if (shown.length < queues.length) table.push(spanning(moreQueues(queues.slice(shown.length)), "more"));
  if (!queues.length) table.push(spanning(picture && !isUnknown(picture) ? say("noCallsYet") : DASH, "nothing"));
  $("queues").querySelector("tbody").replaceChildren(...table);

  const listed = said.lines.length > fit ? said.lines.slice(0, fit - 1) : said.lines;
  const items = listed.map((each) => exceptionRow(each, picture?.as_of));
  if (listed.length < said.lines.length) items.push(make("li", "more", say("more", { n: said.lines.length - listed.length })));
  if (said.sentence) items.push(make("li", "nothing", said.sentence));
  if (said.clear) items.push(make("li", "clear", make("b", "", "✓ ", say("allClear")), make("span", "", say("allClearWhy"))));
  $("attention").querySelector("ul").replaceChildren(...items);
  if (!flowing) items.filter((item) => item.classList.contains("whole")).forEach(showWhole);
  if (!flowing) items.filter((item) => item.classList.contains("counts")).forEach(showCount);

  $("attention").classList.toggle("timeless", !said.lines.some((each) => each.since !== null));

  const aloud = picture?.tenants?.length ? say("whoseWall") : said.clear ? say("allClear") : said.lines.map((each) => `${each.who} ${each.what}`.trim()).join("; ");
  put($("said"), aloud || said.sentence || "");
}

function spanning(words_, className) {
  const cell = make("td", className, words_);
  cell.colSpan = 6;
  return make("tr", "", cell);
}

/** What a CRM tells, for who asks for it with ?crm=on; dashes until one is heard. */
function drawCrm(crm) {
  put($("cards-open"), known(crm?.cards_open));
  put($("card-filling"), crm?.filling_ms == null ? DASH : tongue.wait(crm.filling_ms));
  put($("satisfied"), crm?.satisfaction == null ? DASH : tongue.share(crm.satisfaction));
}

const STATES = ["talking", "holding", "wrapup", "reserved", "ready", "not_ready"];

function drawPeople(agents) {
  const states = agents?.states ?? {};
  const others = Object.keys(states).filter((each) => !STATES.includes(each));
  const present = [...STATES, ...others].filter((each) => states[each] > 0);
  const label = (state) => (tongue.has(`state_${state}`) ? say(`state_${state}`) : state);
  put($("people-name"), say("people", { n: known(agents?.logged_in) }));
  put($("occupancy"), agents?.occupancy == null ? "" : say("occupancy", { ratio: tongue.share(agents.occupancy) }));
  const strip = $("people").querySelector(".strip");
  strip.replaceChildren(...present.map((state) => {
    const part = make("i", "", tongue.count(states[state]));
    part.dataset.state = state;
    part.style.flexGrow = String(states[state]);
    return part;
  }));
  strip.classList.toggle("empty", present.length === 0);
  const keys = present.map((state) => {
    const item = make("li", "", `${label(state)} `, make("b", "", tongue.count(states[state])));
    item.dataset.state = state;
    return item;
  });
  const why = Object.entries(agents?.reasons ?? {}).filter(([reason, n]) => reason && n > 0).sort(([a, x], [b, y]) => y - x || compare(a, b));
  if (why.length) {
    const reasons = why.map(([reason, n]) => `${reason} ${tongue.count(n)}`).join(say("comma"));
    keys.push(make("li", "why", name(say("reasons", { reasons }))));
  }
  if (!present.length && agents?.logged_in === 0) keys.push(make("li", "why", say("nobodyLoggedIn")));
  $("people").querySelector(".key").replaceChildren(...keys);
}

function drawHeader(picture, state, clock) {
  drawState(picture, state, clock);
  const scope = picture ? [...(picture.scope.team ? [say("team", { team: picture.scope.team })] : []), ...picture.scope.queues] : [];
  put($("scope"), scope.join(say("comma")));
  $("scope").title = $("scope").textContent;
  put($("day"), picture?.as_of == null ? "" : clock.day(picture.as_of));

  const now = picture?.service_level;
  const facts = now ? [now.ratio == null ? DASH : tongue.share(now.ratio, { target: now.target }), ...(picture.waiting.now == null ? [] : [say("waitingTitle", { n: picture.waiting.now })])] : [];
  const trusted = state.kind === "fresh" || state.kind === "late";
  document.title = [...(trusted ? facts : [$("state").textContent]), "Pult"].filter(Boolean).join(" · ");
}

let drawn = "";

/** Draw what is known; a picture that cannot be drawn is as unreadable as one that cannot be parsed. */
function paint(again = false) {
  try {
    draw(again);
  } catch {
    Object.assign(seen, { picture: null, unreadable: true });
    draw(true);
  }
}

function draw(again) {
  const { picture } = seen;
  const state = condition();
  const clock = tongue.clock(picture?.timezone ?? "UTC");
  document.documentElement.dataset.state = state.kind;
  drawHeader(picture, state, clock);

  const key = JSON.stringify([state.kind, state.since ?? null, picture]);
  if (key === drawn && !again) return;
  drawn = key;
  drawChoice(picture?.tenants ?? []);
  if (picture) {
    drawLevel(picture);
    drawTiles(picture);
  }
  drawPeople(picture?.agents);
  drawCrm(picture?.crm);
  drawLists(picture, state, clock);
  const stamp = { stale: () => staleText(state, clock), unreadable: () => say("unreadable") }[state.kind]?.();
  put($("queues-name"), stamp ?? say("queues"));
  if (stamp) {
    put($("occupancy"), stamp);
    for (const foot of document.querySelectorAll(".tile .foot")) foot.replaceChildren(strong("", stamp));
  }
}

// ---------------------------------------------------------------- start

dress();
$("crm").hidden = asked.get("crm") !== "on";
$("people").classList.toggle("crm", asked.get("crm") === "on");
paint();
seen.open();
setInterval(() => {
  seen.watch();
  paint();
}, 250);
addEventListener("resize", () => paint(true));
document.addEventListener("visibilitychange", () => paint(true));
