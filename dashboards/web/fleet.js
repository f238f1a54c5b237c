// SPDX-License-Identifier: Apache-2.0
// The fleet: how many are how, the table of devices, and what happens now. A click on a count filters the table.
import { h, region, render_list } from "./dom.js";
import { count } from "./format.js";
import { link } from "./route.js";
import { badge } from "./badge.js";
import * as words from "./words.js";
import { device_table } from "./devices.js";
import { live_list } from "./live_list.js";

const shown_max = 8;

// The gravest first, as condition.h orders them.
const states = [
	["crash_loop", "critical"], ["hanging", "critical"], ["power", "critical"], ["offline", "critical"], ["silent", "critical"],
	["heap_leak", "warning"], ["heap_low", "warning"], ["sockets_low", "warning"], ["weak_signal", "warning"], ["flapping", "warning"],
	["flash", "warning"], ["clock", "warning"], ["rolled_back", "info"], ["new", "info"], ["healthy", "ok"],
];

export function title() {
	return "Fleet";
}

// The place with this filter on, or off if it was on; the page of the table begins anew.
function toggled(parameters, name, value) {
	const next = { ...parameters, after: "", offset: "" };
	next[name] = parameters[name] === value ? "" : value;
	return link("", next);
}

// "" and "other" of the firmware counts are sums, nothing that the API can filter by.
function is_filter({ name, value }) {
	return name !== "firmware" || (value !== "" && value !== "other");
}

function bar(part, whole) {
	const fill = h("span", {});
	fill.style.width = `${Math.min(100, 100 * part / Math.max(whole, 1))}%`;
	return h("span", { className: "bar", "aria-hidden": "true" }, fill);
}

function count_row(row) {
	const { name, value, label, severity, total, of, parameters } = row;
	const inside = [severity ? badge(severity, label) : h("span", { className: "label" }, label),
		bar(total, of), h("span", { className: "number" }, count(total))];
	if (!is_filter(row))
		return h("li", {}, h("span", { className: "count" }, inside));
	const is_on = parameters[name] === value;
	return h("li", {}, h("a", { href: toggled(parameters, name, value), className: "count", "aria-current": is_on ? "true" : null,
		title: is_on ? "Show all devices again" : "Show only these devices" }, inside));
}

function state_rows(fleet, parameters) {
	const known = states.filter(([name]) => fleet.states[name]);
	const others = Object.keys(fleet.states).filter((name) => !states.some(([known_name]) => known_name === name));
	return [...known, ...others.map((name) => [name, "none"])].map(([name, severity]) => ({ name: "state", value: name, label: words.state(name),
		severity, total: fleet.states[name], of: fleet.devices, parameters }));
}

function firmware_rows(fleet, parameters) {
	return Object.entries(fleet.firmware).sort((a, b) => b[1] - a[1]).slice(0, shown_max).map(([version, total]) => ({ name: "firmware",
		value: version, label: version || "not told yet", severity: null, total, of: fleet.devices, parameters }));
}

const grave = { critical: 0, warning: 1, info: 2 };

function alert_rows(fleet, parameters) {
	return fleet.alerts.filter((alert) => alert.firing > 0).sort((a, b) => grave[a.severity] - grave[b.severity] || b.firing - a.firing)
		.map((alert) => ({ name: "alert", value: alert.name, label: alert.name, severity: alert.severity, total: alert.firing,
			of: fleet.devices, parameters }));
}

function severity_link(severity, total, parameters) {
	return h("a", { className: "severity", href: toggled(parameters, "severity", severity), title: "Devices whose gravest alert is this",
		"aria-current": parameters.severity === severity ? "true" : null }, badge(severity, `${count(total)} ${severity}`));
}

// "60 devices, 58 online", and those with an alert by its severity.
function total_children({ counts, parameters }) {
	const alerting = ["critical", "warning", "info"].filter((severity) => counts.severities[severity] > 0);
	return [h("strong", {}, count(counts.devices)), " devices, ", h("strong", {}, count(counts.online)), " online",
		...alerting.map((severity) => severity_link(severity, counts.severities[severity], parameters))];
}

function panel(heading) {
	const list = h("ul", { className: "counts" });
	const empty = h("p", { className: "faint", hidden: true });
	const element = h("section", { className: "panel", "aria-label": heading }, h("h2", {}, heading), list, empty);
	return {
		element,
		show(rows, nothing) {
			render_list(list, rows, (row) => row.value, count_row);
			empty.textContent = nothing;
			empty.hidden = rows.length > 0;
		},
	};
}

export function mount(root, place) {
	let at = place, counts = null;
	const heading = h("h1", {}, "Fleet");
	const total = region(h("p", { className: "total" }), total_children);
	const panels = { state: panel("State"), alert: panel("Firing alerts"), firmware: panel("Firmware") };
	const table = device_table(place);
	const live = live_list();

	function show_counts() {
		if (!counts)
			return;
		const parameters = at.parameters;
		total.show({ counts, parameters });
		panels.state.show(state_rows(counts, parameters), "No device has reported yet.");
		panels.alert.show(alert_rows(counts, parameters), "No alert is firing.");
		panels.firmware.show(firmware_rows(counts, parameters), "Not told yet.");
	}

	root.append(h("div", { className: "head" }, heading, total.element),
		h("div", { className: "panels" }, panels.state.element, panels.alert.element, panels.firmware.element),
		h("div", { className: "split" }, table.element, live.element));
	return {
		update(next) {
			at = next;
			show_counts();
			table.update(next);
		},
		fleet(next) {
			counts = next;
			show_counts();
		},
		unmount() {
			table.stop();
			live.stop();
		},
	};
}
