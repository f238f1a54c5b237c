// SPDX-License-Identifier: Apache-2.0
// Starts the page: one view at a time, chosen by the hash, in the frame of index.html.
//
// A view is {title, mount(root, place) -> {update(place), fleet(counts), unmount()}}; update is called when only its parameters change.
import { get } from "./api.js";
import { by_id, announce } from "./dom.js";
import { set_server_time, tick } from "./format.js";
import { parse } from "./route.js";
import { poll } from "./poll.js";
import { plain } from "./words.js";
import * as live from "./live.js";
import * as status from "./status.js";
import * as fleet_view from "./fleet.js";
import * as device_view from "./device.js";
import * as alerts_view from "./alerts.js";
import * as rules_view from "./rules.js";

const views = { fleet: fleet_view, device: device_view, alerts: alerts_view, rules: rules_view };
const fleet_every_ms = 2000;

let current = null; // {place, view, shown}
let fleet = null;   // the last answer of /api/v1/fleet

function is_same(a, b) {
	return a.view === b.view && a.id === b.id;
}

function mark_current(name) {
	for (const anchor of document.querySelectorAll("nav a")) {
		if (anchor.dataset.view === name || (name === "device" && anchor.dataset.view === "fleet"))
			anchor.setAttribute("aria-current", "page");
		else
			anchor.removeAttribute("aria-current");
	}
}

function show() {
	const place = parse(location.hash);
	const view = views[place.view] ?? fleet_view;
	if (current && current.view === view && is_same(current.place, place)) {
		current.place = place;
		current.shown.update(place);
		return;
	}
	const is_first = !current;
	by_id("rollback").close(); // "back" while it is open: it belongs to the device that is left
	current?.shown.unmount();
	const main = by_id("main");
	main.replaceChildren();
	document.title = `${view.title(place)} – Muster`;
	mark_current(views[place.view] ? place.view : "fleet");
	current = { place, view, shown: view.mount(main, place) };
	if (fleet)
		current.shown.fleet(fleet);
	if (is_first)
		return;
	scrollTo(0, 0);
	main.focus({ preventScroll: true });
}

async function load_fleet() {
	fleet = await get("/api/v1/fleet");
	set_server_time(fleet.at_ms);
	status.show_answered();
	status.show_links(fleet, live.is_open());
	const firing = fleet.alerts.reduce((sum, alert) => sum + alert.firing, 0);
	by_id("firing").textContent = firing;
	by_id("firing").hidden = firing === 0;
	current.shown.fleet(fleet);
}

function on_live(event) {
	status.show_links(fleet, live.is_open());
	if (event && event.to === "firing" && event.from !== "firing")
		announce(`${plain(event.severity)} alert: ${event.name} on ${event.device}`);
}

async function show_version() {
	const version = await get("/api/v1/version");
	by_id("version").textContent = `musterd ${version.version} (${version.commit})`;
}

addEventListener("hashchange", show);
by_id("skip").addEventListener("click", (event) => {
	event.preventDefault(); // the hash is the place
	by_id("main").focus();
});
setInterval(() => {
	tick();
	status.show_freshness();
}, 1000);
show();
live.subscribe(on_live);
live.start();
poll(fleet_every_ms, load_fleet, (problem) => {
	status.show_trouble(problem);
	status.show_links(fleet, live.is_open());
});
show_version().catch(() => null);
