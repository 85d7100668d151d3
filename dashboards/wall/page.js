// What all pages are made of: whose words they speak, and elements with text that is never markup.

import { chooseLanguage, speaker } from "./texts.js";

export const asked = new URLSearchParams(location.search);
export const language = chooseLanguage(asked.get("lang"), navigator.languages ?? []);
const regional = (navigator.languages ?? []).find((tag) => tag.toLowerCase().split("-")[0] === language);
export const tongue = speaker(language, regional);
export const { say } = tongue;
export const DASH = "–";
export const SIGN = { act: "■", warn: "▲" };
export const $ = (id) => document.getElementById(id);

export function put(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

/** A name from outside: its own direction, and whole in the tooltip when the cell cuts it. */
export function name(value, className) {
  const element = make("bdi", className, value);
  element.title = value;
  return element;
}

/** The rule of an episode in words; of one that is newer than this page, its code. */
export function ruleText(code) {
  return tongue.has(`rule_${code}`) ? say(`rule_${code}`) : String(code ?? "").replaceAll("_", " ");
}

/** Where there are several tenants and none is asked for: whose page is wanted? */
export function drawChoice(tenants) {
  $("choice").hidden = !tenants.length;
  document.querySelector("main").hidden = tenants.length > 0;
  const links = tenants.map((tenant) => {
    const query = new URLSearchParams(asked);
    query.set("tenant", tenant);
    const link = make("a", "", name(tenant));
    link.href = `?${query}`;
    return make("li", "", link);
  });
  $("choice").querySelector("ul").replaceChildren(...links);
}

/** Since when nothing is heard, in words. */
export const staleText = (condition, clock) => (condition.since == null ? say("noData") : say("stale", { time: clock.time(condition.since) }));

/** Whose picture it is, of when, how old, and what is wrong with it. */
export function drawState(picture, condition, clock) {
  put($("title"), picture?.title || "Pult");
  const asOf = picture?.as_of ?? null;
  put($("clock"), asOf === null ? "–:–:–" : clock.time(asOf));
  if (asOf !== null) $("clock").dateTime = new Date(asOf).toISOString();
  const told = {
    stale: () => `${SIGN.act} ${staleText(condition, clock)}`,
    unreadable: () => `${SIGN.act} ${say("unreadable")}`,
    ended: () => say("recordingOver"),
    connecting: () => say("waitingForData"),
  }[condition.kind];
  const playing = picture?.mode === "recording" ? (picture.speed > 1 ? say("recordingSpeed", { speed: tongue.fine(picture.speed) }) : say("recording")) : "";
  const odd = picture && !["live", "recording", "ended"].includes(picture.mode) ? picture.mode : "";
  put($("state"), told ? told() : playing || odd);
  const age = picture === null ? "" : condition.age < 2000 ? say("updatedNow") : say("updated", { ago: tongue.ago(condition.age) });
  put($("age"), condition.kind === "late" ? `${SIGN.warn} ${age}` : age);
}

/** Language, fixed texts and colours, also when the system's change. */
export function dress() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
  for (const element of document.querySelectorAll("[data-text]")) put(element, say(element.dataset.text));
  const wanted = asked.get("theme");
  const light = matchMedia("(prefers-color-scheme: light)");
  const apply = () => {
    const system = light.matches ? "light" : "dark";
    document.documentElement.dataset.theme = wanted === "light" || wanted === "dark" ? wanted : system;
  };
  light.addEventListener("change", apply);
  apply();
}
