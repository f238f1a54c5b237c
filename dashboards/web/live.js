// SPDX-License-Identifier: Apache-2.0
// The stream of alerts (server-sent events): one for the whole page, the last transitions kept in memory.
//
// The browser reconnects by itself and says what it has (Last-Event-ID). Where it gives up (503, a restart of musterd) a new stream is opened
// behind the last transition. In a hidden tab the stream is closed: a browser has six connections a host, for all tabs together.
import { get } from "./api.js";

const kept_max = 200;
const first_shown = 30;
const retry_ms = 3000;
const hidden_for_ms = 5000;

let source = null, timer = 0, hidden_timer = 0, is_reading = false;
let last_n = null; // number of the last transition that we have; null: the log has not been read
const kept = [];   // newest first: {n, ...transition} or {n, skipped: count}
const listeners = new Set();

export function is_open() {
	return source?.readyState === EventSource.OPEN;
}

export function events() {
	return kept;
}

// changed(event): a new one, or null: open or closed.
export function subscribe(changed) {
	listeners.add(changed);
	return () => listeners.delete(changed);
}

function tell(event) {
	listeners.forEach((changed) => changed(event));
}

function keep(event) {
	kept.unshift(event);
	kept.length = Math.min(kept.length, kept_max);
	tell(event);
}

function parse(message) {
	try {
		return JSON.parse(message.data);
	} catch {
		return null;
	}
}

function on_alert(message) {
	const transition = parse(message);
	if (!transition || (last_n !== null && transition.n <= last_n))
		return;
	last_n = transition.n;
	keep(transition);
}

function on_skipped(message) {
	const gap = parse(message);
	if (!gap)
		return;
	last_n = gap.next - 1;
	keep({ n: last_n, skipped: gap.skipped });
}

function retry() {
	clearTimeout(timer);
	timer = setTimeout(open, retry_ms);
}

// As the stream chooses: the beginning and end of firing, and changes of severity.
function is_news({ from, to }) {
	const was_firing = from === "firing" || from === "recovering";
	return to === "firing" ? from !== "recovering" : to === "ok" && was_firing;
}

// What was before this page: so that it does not begin empty, and nothing is missed between log and stream.
async function read_log() {
	const page = await get("/api/v1/alerts/log", { limit: first_shown });
	last_n = page.transitions.length ? page.transitions[0].n : 0;
	kept.push(...page.transitions.filter(is_news));
	tell(null);
}

async function open() {
	clearTimeout(timer);
	if (source || is_reading || document.hidden)
		return;
	is_reading = true;
	try {
		if (last_n === null)
			await read_log();
	} catch {
		retry();
		return;
	} finally {
		is_reading = false;
	}
	source = new EventSource(`/api/v1/alerts/stream?after=${last_n}`);
	source.addEventListener("alert", on_alert);
	source.addEventListener("skipped", on_skipped);
	source.addEventListener("open", () => tell(null));
	source.addEventListener("error", () => {
		if (source?.readyState === EventSource.CLOSED) {
			source = null;
			retry();
		}
		tell(null);
	});
}

function close() {
	source?.close();
	source = null;
	tell(null);
}

export function start() {
	document.addEventListener("visibilitychange", () => {
		clearTimeout(hidden_timer);
		if (document.hidden)
			hidden_timer = setTimeout(close, hidden_for_ms);
		else
			open();
	});
	// A page that is left may be kept for "back", frozen, and its stream with it: six of those, and the browser asks this host nothing more.
	addEventListener("pagehide", close);
	addEventListener("pageshow", open);
	open();
}
