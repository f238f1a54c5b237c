// SPDX-License-Identifier: Apache-2.0
// All alerts that are not ok, filtered by musterd, and beside them what happens now.
import { get } from "./api.js";
import { h, render_list } from "./dom.js";
import { age, count, number } from "./format.js";
import { device_link, go, go_quietly, link } from "./route.js";
import { poll } from "./poll.js";
import { badge } from "./badge.js";
import { live_list } from "./live_list.js";
import { cards, cell, column, row } from "./table.js";
import { show_answered, show_error, show_trouble } from "./status.js";

const every_ms = 3000;
const page_rows = 100;
const typing_ms = 400;
const choices = {
	state: [["", "firing"], ["pending", "pending"], ["recovering", "recovering"], ["all", "all that are not ok"]],
	severity: [["", "any severity"], ["critical", "critical"], ["warning", "warning"], ["info", "info"]],
};

export function title() {
	return "Alerts";
}

function value_text({ value, threshold }) {
	if (value === null || value === undefined)
		return "–";
	return threshold === null || threshold === undefined ? number(value) : `${number(value)} (limit ${number(threshold)})`;
}

function alert_row(alert) {
	const summary = alert.annotations?.summary ?? "";
	return row(cell("state", "", badge(alert.severity, alert.severity ?? "none"), alert.state === "firing" ? null :
		h("span", { className: "tag" }, alert.state)),
	cell("all", "", h("a", { href: link("rules", { name: alert.name }) }, alert.name), summary ? h("div", { className: "reason", title: summary },
		summary) : null),
	cell("id", "", h("a", { href: device_link(alert.device) }, alert.device)), cell("number", "Value", value_text(alert)),
	cell("number last", "", age(alert.since_ms)));
}

function select(name, label, parameters, change) {
	const element = h("select", { id: `alerts-${name}`, onchange: () => change(name, element.value) }, choices[name].map(([value, words]) =>
		h("option", { value, selected: (parameters[name] ?? "") === value }, words)));
	return h("div", { className: "field" }, h("label", { for: `alerts-${name}` }, label), element);
}

function text_field(name, label, placeholder, parameters, change) {
	let timer = 0;
	const element = h("input", { type: "search", id: `alerts-${name}`, value: parameters[name] ?? "", placeholder, maxlength: 120, autocomplete: "off",
		spellcheck: "false", oninput() {
			clearTimeout(timer);
			timer = setTimeout(() => change(name, element.value.trim()), typing_ms);
		} });
	return h("div", { className: "field" }, h("label", { for: `alerts-${name}` }, label), element);
}

export function mount(root, place) {
	let { parameters } = place;
	const change = (name, value) => (name in choices ? go : go_quietly)(link("alerts", { ...parameters, [name]: value, after: "" }));
	const form = h("form", { className: "fields-row", role: "search", onsubmit: (event) => event.preventDefault() },
		select("state", "State", parameters, change), select("severity", "Severity", parameters, change),
		text_field("device", "Device", "exact id", parameters, change), text_field("match", "Labels", "severity=~\"crit.*\"", parameters, change));
	const body = h("tbody", {});
	const error = h("div", {});
	const empty = h("p", { className: "faint", hidden: true }, "No alert is like that.");
	const summary = h("span", { className: "faint", role: "status" });
	const steps = h("nav", { className: "pager", "aria-label": "Pages" });
	const live = live_list();
	const head = [["Severity"], ["Alert"], ["Device"], ["Value", "number"], ["Since", "number"]];
	const table = cards("Alerts", "alerts", row(head.map(([name, className = ""]) => column(name, className))), body);

	root.append(h("div", { className: "head" }, h("h1", {}, "Alerts")), h("div", { className: "split" }, h("section", { className: "panel",
		"aria-label": "Alerts" }, form, error, table, empty, h("div", { className: "toolbar" }, summary, steps)), live.element));

	function show(page, asked) {
		render_list(body, page.alerts, (alert) => `${alert.uid} ${alert.device}`, alert_row);
		summary.textContent = page.total === 1 ? "1 alert" : `${count(page.total)} alerts`;
		steps.replaceChildren(...[asked.after ? h("a", { className: "step", href: link("alerts", { ...asked, after: "" }) }, "First") : "",
			page.next !== null ? h("a", { className: "step", href: link("alerts", { ...asked, after: page.next }) }, "Next") : ""]);
		empty.hidden = page.alerts.length > 0;
		show_error(error, null);
		show_answered();
	}

	async function load() {
		const asked = parameters;
		const { state, severity, device, match, after } = asked;
		const page = await get("/api/v1/alerts", { limit: page_rows, state, severity, device, match, after });
		if (asked === parameters)
			show(page, asked);
		else
			polling.now();
	}

	function failed(problem) {
		if (problem.status >= 400 && problem.status < 500)
			show_error(error, problem);
		else
			show_trouble(problem);
	}

	const polling = poll(every_ms, load, failed);
	return {
		update(next) {
			parameters = next.parameters;
			for (const name of ["state", "severity", "device", "match"]) {
				const input = document.getElementById(`alerts-${name}`);
				if (document.activeElement !== input)
					input.value = parameters[name] ?? "";
			}
			polling.now();
		},
		fleet: () => null,
		unmount() {
			polling.stop();
			live.stop();
		},
	};
}
