// A stream of pictures, and how far the newest of them may be trusted.
//
// A page trusts its own monotonic clock for the age of what it shows, never the server's: a server
// that hangs sends nothing, and the figures must grow old by themselves.

import { asked } from "./page.js";

const LATE_MS = 5_000; // older than this: said in the header, and no longer "all clear"
const STALE_MS = 15_000; // older than this: not to be acted on
const REOPEN_MS = 2_000; // pause before a closed stream is opened again
const HUNG_MS = 10_000; // a stream that stays silent this long after it went stale is opened anew

// ---------------------------------------------------------------- what a picture is

export const text = (value) => typeof value === "string";
export const flag = (value) => typeof value === "boolean";
export const count = (value) => value == null || (Number.isFinite(value) && value >= 0);
export const ratio = (value) => count(value) && (value ?? 0) <= 1;
export const instant = (value) => value == null || Math.abs(value) <= 8.64e15; // the range of a Date
export const words = (value) => value == null || text(value);
export const maybe = (each) => (value) => value == null || each(value);
export const list = (each) => (value) => Array.isArray(value) && value.every((item) => fits(item, each));
export const byName = (value) => value !== null && typeof value === "object" && Object.values(value).every(count);

function fits(value, shape) {
  if (typeof shape === "function") return shape(value);
  if (value === null || typeof value !== "object") return false;
  return Object.entries(shape).every(([name, inner]) => fits(value[name], inner));
}

function read(message, shape) {
  try {
    const picture = JSON.parse(message);
    return fits(picture, shape) ? picture : null;
  } catch {
    return null;
  }
}

// ---------------------------------------------------------------- whose word it is

/** Exceptions that say more of a source than that it is silent. */
export const OF_SOURCE = new Set(["source_lost", "source_refused", "source_failed", "source_gap"]);

/** Sources that do not answer; one that never did is known by its exception only. */
function silentSources({ sources, exceptions }) {
  const known = new Set(sources.map((each) => each.source));
  const unheard = exceptions.filter((each) => each.code === "source_silent" && !known.has(each.source));
  return [
    ...sources.filter((each) => each.silent),
    ...unheard.map((each) => ({ source: each.source ?? "", last_at: null })),
  ];
}

/** How far a picture may be trusted: fresh, late, ended, stale, unreadable, or none came yet. */
function trust({ picture, at, broken, unreadable }) {
  const age = performance.now() - at;
  if (unreadable) return { kind: "unreadable", age, since: picture?.as_of ?? null };
  if (picture === null) return { kind: broken || age > LATE_MS ? "stale" : "connecting", age, since: null };
  if (broken || age > STALE_MS) return { kind: "stale", age, since: picture.as_of ?? null };
  if (picture.mode === "ended") return { kind: "ended", age };
  const silent = silentSources(picture);
  if (silent.length) {
    const times = silent.map((source) => source.last_at).filter((last) => last != null);
    return { kind: "stale", age, since: times.length ? Math.min(...times) : null, silent };
  }
  return { kind: age > LATE_MS ? "late" : "fresh", age };
}

// ---------------------------------------------------------------- the stream

function address(path) {
  const scope = new URLSearchParams();
  for (const name of ["queues", "team", "tenant"]) {
    for (const value of asked.getAll(name)) scope.append(name, value);
  }
  const query = scope.toString();
  return query ? `${path}?${query}` : path;
}

/**
 * The pictures at a path, of the shape given; `paint` is called when something has changed, and
 * `refused` when the server takes no more questions.
 */
export function feed(path, shape, paint, refused = () => {}) {
  const seen = { picture: null, at: performance.now(), broken: false, unreadable: false, version: null };
  let stream = null;
  let openedAt = 0;

  function receive(message) {
    const picture = read(message, shape);
    if (picture === null) {
      seen.unreadable = true;
      paint();
      return;
    }
    if (seen.version !== null && picture.version !== seen.version) {
      location.reload(); // the server was replaced by another version: so is its page
      return;
    }
    Object.assign(seen, { picture, at: performance.now(), broken: false, unreadable: false, version: picture.version });
    paint();
  }

  function open() {
    stream?.close();
    openedAt = performance.now();
    const mine = new EventSource(address(path));
    stream = mine;
    mine.addEventListener("picture", (event) => {
      if (mine === stream) receive(event.data);
    });
    mine.addEventListener("error", () => {
      if (mine !== stream) return;
      seen.broken = true;
      paint();
      // A refused answer closes the stream for good; only a lost connection is retried by the browser.
      if (mine.readyState === EventSource.CLOSED) {
        refused();
        setTimeout(() => {
          if (mine === stream) open();
        }, REOPEN_MS);
      }
    });
  }

  // A page that the browser keeps for "back" would hold its stream, one of the six that a host may have.
  addEventListener("pagehide", () => {
    stream?.close();
    stream = null;
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });

  return Object.assign(seen, {
    open,
    condition: () => trust(seen),
    // A machine that vanished from the network leaves the stream open and silent for ever.
    watch() {
      const now = performance.now();
      if (stream && now - seen.at > STALE_MS && now - openedAt > HUNG_MS) open();
    },
  });
}
