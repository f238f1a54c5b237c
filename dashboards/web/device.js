// SPDX-License-Identifier: Apache-2.0
// One device: first what is wrong with it and what to do, then facts, charts, slots, boots and commands.
import { device_path, get } from "./api.js";
import { h, region, render_list } from "./dom.js";
import { age, bytes, count, dbm, duration, metric, moment, number, text } from "./format.js";
import { link } from "./route.js";
import { poll } from "./poll.js";
import { badge } from "./badge.js";
import { chart_section } from "./charts.js";
import { slots_region } from "./slots.js";
import { cell, fixed_table, row } from "./table.js";
import { losses_region, notices_region, records_region } from "./told.js";
import { why_region } from "./why.js";
import { show_answered, show_error, show_trouble } from "./status.js";
import * as words from "./words.js";

const every_ms = 3000;
const commands_shown = 5;

export function title(place) {
	return place.id;
}

function online_badge(device) {
	if (device.online === null)
		return badge("none", "not heard since musterd started");
	return device.online ? badge("ok", "online") : badge("warning", "offline");
}

function head_children(device) {
	const { alerts } = device;
	return [badge(device.condition.severity, words.state(device.condition.state)), online_badge(device),
		alerts.length ? badge(alerts[0].severity, alerts.length === 1 ? "1 alert" : `${count(alerts.length)} alerts`) : null,
		device.acked === false ? h("span", { className: "tag", title: "Sends plain JSON: musterd cannot tell it what has arrived" },
			"unacknowledged") : null,
		h("span", { className: "faint" }, "last seen ", age(device.last_seen_ms))];
}

// Plain JSON says nothing of a clock.
function clock_text({ acked, time_quality: quality, clock_offset_ms: offset_ms }) {
	if (acked === false)
		return text(null);
	if (quality === "TIME_NONE")
		return "not set: its records bear the time of their arrival";
	return `${words.time_quality(quality)}, ${count(Math.abs(offset_ms))} ms ${offset_ms < 0 ? "behind" : "ahead of"} ours at its last record`;
}

function network_text({ network_state: state }) {
	return state?.text ? `${words.network(state.text)}, as it last told` : text(null);
}

function verdict_text({ verdict }) {
	return verdict ? verdict.text ?? "healthy" : text(null);
}

// [name, text] or [name, text, moment]
function facts_of(device) {
	const { ledger } = device;
	return [["Firmware", text(device.firmware)], ["Hardware", text(device.hardware)], ["Agent", text(device.agent)],
		["Boot", device.boot ? `number ${count(device.boot)}` : "–"], ["Uptime", duration(device.uptime_s)],
		["Heap free", bytes(device.heap_free_bytes)], ["Signal", dbm(device.rssi_dbm)], ["Reconnects", count(device.session_reconnects)],
		["First seen", "", device.first_seen_ms], ["Session", device.presence_since_ms ? "since " : "", device.presence_since_ms],
		["Clock", clock_text(device)], ["Network", network_text(device.metrics)], ["Finds itself", verdict_text(device.metrics)],
		["Records", `${count(ledger.accepted)} stored, ${count(ledger.unexplained)} missing without a reason, ` +
			`${count(ledger.dead_letters)} refused`]];
}

function fact_item([name, said, at_ms]) {
	return h("div", {}, h("dt", {}, name), h("dd", {}, said, at_ms === undefined ? null : moment(at_ms)));
}

function boot_row(boot) {
	const cause = words.cause(boot.cause);
	const details = [cause, boot.task ? `task ${boot.task}` : "", boot.hung_token ? `waited for ${boot.hung_token}` : "", boot.pc ? `at ${boot.pc}` : ""];
	const is_bad = ["RESET_CRASH", "RESET_HANG", "RESET_BROWN_OUT", "RESET_HARDWARE"].includes(boot.class);
	return row(cell("number", "Boot", boot.count > 1 ? `${count(boot.boot)} (×${boot.count})` : count(boot.boot)),
		cell("", "", moment(boot.at_ms || null)), cell("", "", badge(is_bad ? "critical" : "none", words.reset(boot.class))),
		cell("all", "", details.filter(Boolean).join(", ") || "–"), cell("number", "Ran before", duration(boot.previous_uptime_s)),
		cell("", "Image", boot.sha ? h("code", {}, boot.sha) : "–"));
}

function boots_children(boots) {
	return [fixed_table("Boots, newest first", [["Boot", "number"], ["When"], ["Why"], ["Detail"], ["Ran before", "number"], ["Image"]],
		boots.map(boot_row), "No boot has been reported yet.")];
}

function command_row(command) {
	const { meaning } = words.outcome(command.outcome);
	const is_bad = command.state in words.endings;
	const is_good = command.state === "confirmed" || (command.state === "done" && command.body !== "rollback");
	const severity = is_good ? "ok" : is_bad ? "critical" : "info";
	return row(cell("", "", moment(command.created_ms)), cell("", "", words.plain(command.body)), cell("", "", badge(severity, command.state)),
		cell("all", "", [is_bad ? meaning : "", command.detail ?? ""].filter(Boolean).join(" ") || "–"), cell("", "By", text(command.actor)));
}

function commands_children(commands) {
	return [fixed_table("Commands, newest first", [["When"], ["What"], ["State"], ["Detail"], ["By"]], commands.map(command_row),
		"No command has been given to this device.")];
}

function metric_row([name, value]) {
	return row(cell("", "", h("code", {}, name)), cell("number", "", value.text ? words.plain(value.text) : metric(value.value, value.unit)));
}

function app_row([name, value]) {
	return row(cell("", "", h("code", {}, name)), cell("number", "", number(value.value)));
}

// Ages change with every answer; they are not shown, so they must not build the table anew.
function without_ages(metrics) {
	return Object.entries(metrics).map(([name, { value, unit, text: words_of_it }]) => [name, { value, unit, text: words_of_it }]);
}

function metrics_children({ metrics, app }) {
	return [fixed_table("Metrics", [["Metric"], ["Latest value", "number"]], [...metrics.map(metric_row), ...app.map(app_row)],
		"No metric has been reported yet.")];
}

function section(name, ...children) {
	return h("section", { className: "panel", "aria-label": name }, h("h2", {}, name), ...children);
}

export function mount(root, place) {
	const { id } = place;
	const path = device_path(id);
	const error = h("div", {});
	const content = h("div", { className: "stack", hidden: true });
	const head = region(h("div", { className: "badges" }), head_children);
	const facts = h("dl", { className: "facts" });
	const boots = region(h("div", {}), boots_children);
	const commands = region(h("div", {}), commands_children);
	const metrics = region(h("div", {}), metrics_children);
	const losses = losses_region();
	const notices = notices_region();
	const records = records_region(id);
	const why = why_region();
	const slots = slots_region(() => polling.now());
	const charts = chart_section(id);
	let at = place;

	content.append(section("What is wrong, and what to do", why.element), h("div", { className: "halves" }, section("Facts", facts),
		section("Firmware slots and rollback", slots.element)), charts.element, section("Boots", boots.element),
	h("div", { className: "halves" }, section("Lost connections", losses.element), section("Notices", notices.element)),
	section("Records in words", records.element), section("Commands", commands.element), h("details", { className: "panel" }, h("summary", {}, "All metrics"), metrics.element));
	root.append(h("p", { className: "crumbs" }, h("a", { href: link("") }, "Fleet"), " › device"),
		h("div", { className: "head" }, h("h1", {}, id), head.element), error, content);

	async function load() {
		const [device, reasons, given] = await Promise.all([get(path), get(`${path}/why`),
			get("/api/v1/commands", { device: id, limit: commands_shown })]);
		content.hidden = false;
		show_error(error, null);
		const alerts = reasons.findings.filter((finding) => finding.source === "alert");
		head.show({ condition: device.condition, online: device.online, acked: device.acked, alerts, last_seen_ms: device.last_seen_ms });
		why.show(reasons);
		render_list(facts, facts_of(device), ([name]) => name, fact_item);
		slots.show(device);
		boots.show(device.boots);
		losses.show({ losses: device.losses, link_reasons: device.link_reasons });
		notices.show(device.notices);
		commands.show(given.commands);
		metrics.show({ metrics: without_ages(device.metrics), app: without_ages(device.app) });
		charts.update(at);
		charts.show_limits(device.metrics);
		show_answered();
	}

	function failed(problem) {
		if (problem.status === 404)
			show_error(error, problem);
		else
			show_trouble(problem);
	}

	const polling = poll(every_ms, load, failed);
	return {
		update(next) {
			at = next;
			if (!content.hidden)
				charts.update(at);
		},
		fleet: () => null,
		unmount() {
			polling.stop();
			records.stop();
			charts.stop();
		},
	};
}
