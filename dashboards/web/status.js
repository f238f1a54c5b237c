// SPDX-License-Identifier: Apache-2.0
// The frame around every view: connections, how fresh what is shown is, and trouble with musterd itself.
import { by_id, h } from "./dom.js";
import { clock, count, duration } from "./format.js";

const stale_after_ms = 10000;
let updated_ms = 0; // of the last good answer, by our clock
let is_away = false;

function chip(name, level, title) {
	return h("li", { className: `chip ${level}`, title }, h("span", { className: "dot", "aria-hidden": "true" }), name,
		h("span", { className: "unseen" }, `: ${title}`));
}

// A connection of musterd's; what it was before musterd went away says nothing of now.
function link_chip(name, is_good, title) {
	return is_away ? chip(name, "unknown", "not known while musterd does not answer") : chip(name, is_good ? "good" : "bad", title);
}

// /api/v1/fleet and whether the stream of alerts is open.
export function show_links(fleet, stream_is_open) {
	const chips = [];
	if (fleet) {
		chips.push(link_chip("Broker", fleet.broker_up, fleet.broker_up ? "musterd has a session with the broker" :
			"musterd has no session with the broker: no device can be heard"));
		chips.push(link_chip("Store", fleet.store_ok, fleet.store_ok ? "records are stored" : "records cannot be stored: see the log of musterd"));
		if (fleet.kafka?.configured)
			chips.push(link_chip("Kafka", fleet.kafka.up, `${fleet.kafka.up ? "connected" : "not connected"}, ` +
				`${count(fleet.kafka.backlog)} records wait`));
	}
	chips.push(stream_is_open ? chip("Live", "good", "alerts arrive as they happen") : chip("Live", "bad", "the stream of alerts is interrupted"));
	by_id("links").replaceChildren(...chips);
}

export function show_answered() {
	updated_ms = Date.now();
	is_away = false;
	by_id("trouble").hidden = true;
	show_freshness();
}

// An error that concerns all that is shown. Views show their own errors (a device that is not there) themselves.
export function show_trouble(error) {
	const box = by_id("trouble");
	is_away = true;
	const since = updated_ms ? ` What is shown is from ${clock(updated_ms)}.` : "";
	const words = `${sentence(error.message)}. ${sentence(error.remedy)}${since}`;
	if (box.textContent !== words)
		box.textContent = words; // role=alert: said once, not with every try
	box.hidden = false;
	show_freshness();
}

export function show_freshness() {
	const age_ms = Date.now() - updated_ms;
	const is_stale = is_away || age_ms > stale_after_ms;
	by_id("freshness").textContent = updated_ms ? `Last update ${duration(age_ms / 1000)} ago` : "";
	by_id("freshness").classList.toggle("stale", updated_ms > 0 && is_stale);
	document.body.classList.toggle("stale", updated_ms > 0 && is_stale);
}

function sentence(text) {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

// Shows an error (null: none) at its place in a view. The same one twice is said once.
export function show_error(place, error) {
	const words = error ? `${error.message}. ${error.where} ${error.remedy}` : "";
	if (place.dataset.error === words)
		return;
	place.dataset.error = words;
	place.replaceChildren(error ? h("div", { className: "note bad", role: "alert" },
		h("p", {}, h("strong", {}, sentence(error.message)), error.where ? ` (${error.where})` : ""),
		error.remedy ? h("p", {}, sentence(error.remedy)) : null) : "");
}
