// SPDX-License-Identifier: Apache-2.0
// The table of devices: filtered, sorted and paged by musterd; what is asked for is in the hash.
import { get } from "./api.js";
import { h, render_list } from "./dom.js";
import { age, bytes, count, dbm, duration, text } from "./format.js";
import { device_link, go, go_quietly, link } from "./route.js";
import { poll } from "./poll.js";
import { badge } from "./badge.js";
import { show_answered, show_error, show_trouble } from "./status.js";
import { cards, cell, column as column_head, row } from "./table.js";
import * as words from "./words.js";

const every_ms = 3000;
const page_rows = 50;
const typing_ms = 250;
const filters = { q: "search", state: "state", severity: "severity", firmware: "firmware", alert: "alert" };

// The first order is what the first click on the heading asks for: what needs a look comes first.
const columns = [
	{ name: "State", orders: ["worst"] },
	{ name: "Device", orders: ["id", "-id"] },
	{ name: "Alerts", orders: ["-alerts", "alerts"], className: "number" },
	{ name: "Firmware", orders: ["firmware", "-firmware"] },
	{ name: "Heap free", orders: ["heap", "-heap"], className: "number" },
	{ name: "Signal", orders: ["rssi", "-rssi"], className: "number" },
	{ name: "Uptime", orders: ["uptime", "-uptime"], className: "number" },
	{ name: "Last seen", orders: ["-last_seen", "last_seen"], className: "number" },
];
const default_order = "-alerts"; // the gravest alert first
const marked_order = "worst";

function reason_of(device) {
	return device.condition.reasons[0]?.text ?? "";
}

function alerts_cell({ firing, severity }) {
	return firing ? badge(severity, count(firing), `${count(firing)} firing, the gravest ${severity}`) : "0";
}

function device_row(device) {
	const { condition } = device;
	const not_acked = device.acked === false ? h("span", { className: "tag", title: "Sends plain JSON: musterd cannot tell it what has arrived" },
		"unacknowledged") : null;
	return row(cell("state", "", badge(condition.severity, words.state(condition.state)), h("div", { className: "reason", title: reason_of(device) },
		reason_of(device))),
	cell("id", "", h("a", { href: device_link(device.id) }, device.id), not_acked), cell("number", "Alerts", alerts_cell(device.alerts)),
	cell("", "Firmware", text(device.firmware)), cell("number", "Heap", bytes(device.heap_free_bytes)),
	cell("number", "Signal", dbm(device.rssi_dbm)), cell("number", "Up", duration(device.uptime_s)),
	cell("number last", "", age(device.last_seen_ms)));
}

function next_order(column, order) {
	const at = column.orders.indexOf(order);
	return column.orders[(at + 1) % column.orders.length];
}

function sort_of(column, order) {
	if (!column.orders.includes(order))
		return null;
	return order.startsWith("-") ? "descending" : "ascending";
}

function heading(column, parameters) {
	const order = parameters.order ?? default_order;
	const sort = sort_of(column, order);
	const button = h("button", { type: "button", onclick: () =>
		go(link("", { ...parameters, order: next_order(column, order), after: "", offset: "" })) }, column.name,
	h("span", { className: "arrow", "aria-hidden": "true" }, sort === "descending" ? "▾" : sort ? "▴" : ""));
	return column_head(column.name, column.className ?? "", { "aria-sort": sort }, button);
}

function filter_tag(name, parameters) {
	return h("li", {}, h("a", { className: "filter", href: link("", { ...parameters, [name]: "", after: "", offset: "" }),
		title: "Take this filter away" }, `${filters[name]}: ${name === "state" ? words.state(parameters[name]) : parameters[name]}`,
	h("span", { "aria-hidden": "true" }, " ×")));
}

// Arrows go from row to row, so that a hand can stay on the keys.
function on_key(event) {
	const steps = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" };
	const anchor = event.target.closest("tr")?.[steps[event.key] ?? ""]?.querySelector("a");
	if (!anchor)
		return;
	event.preventDefault();
	anchor.focus();
}

function search_box(get_parameters) {
	let timer = 0;
	const input = h("input", { type: "search", id: "search", placeholder: "Device or firmware", maxlength: 64, autocomplete: "off", spellcheck: "false",
		value: get_parameters().q ?? "", oninput() {
			clearTimeout(timer);
			timer = setTimeout(() => go_quietly(link("", { ...get_parameters(), q: input.value.trim(), after: "", offset: "" })), typing_ms);
		} });
	const form = h("form", { className: "search", role: "search", onsubmit: (event) => event.preventDefault() },
		h("label", { for: "search" }, "Search"), input);
	return { form, input };
}

// Pages of "worst" go on behind a mark in the list (after), the others by number (offset).
function pager(parameters, page) {
	const is_marked = parameters.order === marked_order;
	const is_first = !parameters.after && !Number(parameters.offset ?? 0);
	const next = page.next === null ? null : { ...parameters, after: is_marked ? page.next : "", offset: is_marked ? "" : page.next };
	const offset = Number(parameters.offset ?? 0);
	const before = !is_marked && offset > 0 ? { ...parameters, offset: Math.max(0, offset - page_rows) || "" } : null;
	const step = (label, to, id) => h(to ? "a" : "span", { className: "step", href: to ? link("", to) : null, id, "aria-disabled": to ? null : "true" },
		label);
	return [step("First", is_first ? null : { ...parameters, after: "", offset: "" }, "page-first"),
		is_marked ? null : step("Previous", before, "page-previous"), step("Next", next, "page-next")];
}

export function device_table(place) {
	let parameters = place.parameters, shown = "";
	const search = search_box(() => parameters);
	const tags = h("ul", { className: "filters", "aria-label": "Filters" });
	const head = row();
	const body = h("tbody", { onkeydown: on_key });
	const table = cards("Devices", "devices", head, body);
	const summary = h("span", { className: "faint", role: "status" });
	const steps = h("nav", { className: "pager", "aria-label": "Pages" });
	const error = h("div", {});
	const empty = h("p", { className: "faint", hidden: true }, "No device is like that.");
	const element = h("section", { className: "panel", "aria-label": "Devices" }, h("div", { className: "toolbar" }, h("h2", {}, "Devices"), search.form),
		tags, error, table, empty, h("div", { className: "toolbar" }, summary, steps));

	function show_frame() {
		render_list(head, columns.map((column) => ({ column, parameters })), (item) => item.column.name,
			(item) => heading(item.column, item.parameters));
		render_list(tags, Object.keys(filters).filter((name) => parameters[name] && name !== "q").map((name) => ({ name, parameters })),
			(item) => item.name, (item) => filter_tag(item.name, item.parameters));
		if (document.activeElement !== search.input)
			search.input.value = parameters.q ?? "";
	}

	function show_page(page, asked) {
		render_list(body, page.devices, (device) => device.id, device_row);
		summary.textContent = page.total === 1 ? "1 device" : `${count(page.total)} devices`;
		const state = JSON.stringify([asked, page.next]);
		if (state !== shown)
			steps.replaceChildren(...pager(asked, page).filter(Boolean));
		shown = state;
		empty.hidden = page.devices.length > 0;
		show_error(error, null);
		show_answered();
	}

	async function load() {
		const asked = parameters;
		const { q, state, severity, firmware, alert, after, offset, order = default_order } = asked;
		const page = await get("/api/v1/devices", { limit: page_rows, order, q, state, severity, firmware, alert, after, offset });
		if (asked === parameters)
			show_page(page, asked);
		else
			polling.now(); // asked for something else meanwhile
	}

	// A filter in a link may be wrong; that is no trouble of the whole page.
	function failed(problem) {
		if (problem.status >= 400 && problem.status < 500)
			show_error(error, problem);
		else
			show_trouble(problem);
	}

	show_frame();
	const polling = poll(every_ms, load, failed);
	return {
		element,
		update(next) {
			parameters = next.parameters;
			show_frame();
			polling.now();
		},
		stop: polling.stop,
	};
}
