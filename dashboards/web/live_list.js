// SPDX-License-Identifier: Apache-2.0
// The last transitions of alerts, newest first, as they happen.
import { h, render_list } from "./dom.js";
import { age, count } from "./format.js";
import { device_link, link } from "./route.js";
import { badge } from "./badge.js";
import * as live from "./live.js";

const shown_max = 20;

// What has become of the alert, in a word.
function verb({ from, to, severity, was_severity }) {
	if (to === "firing" && from === "firing")
		return was_severity ? `${was_severity} → ${severity}` : severity;
	return to === "firing" ? severity : "resolved";
}

function row(event) {
	if (event.skipped !== undefined)
		return h("li", { className: "event skipped" }, h("a", { href: link("alerts") }, `${count(event.skipped)} skipped`),
			": more happened than could be shown here");
	const is_over = event.to === "ok";
	return h("li", { className: "event" }, h("div", { className: "event-head" }, badge(is_over ? "ok" : event.severity, verb(event)), age(event.at_ms)),
		h("div", {}, h("strong", {}, event.name), " ", h("a", { href: device_link(event.device) }, event.device)),
		event.annotations?.summary && !is_over ? h("p", { className: "faint" }, event.annotations.summary) : null);
}

// For one device, or for all. Returns {element, stop()}.
export function live_list() {
	const list = h("ol", { className: "events" });
	const empty = h("p", { className: "faint" }, "Nothing has happened yet.");
	const element = h("section", { className: "panel live", "aria-label": "Live alerts" }, h("h2", {}, "Live alerts"), empty, list);

	function show() {
		const events = live.events().slice(0, shown_max);
		render_list(list, events, (event) => `${event.n}${event.skipped === undefined ? "" : "s"}`, row);
		empty.hidden = events.length > 0;
	}
	show();
	return { element, stop: live.subscribe(show) };
}
