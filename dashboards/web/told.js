// SPDX-License-Identifier: Apache-2.0
// What a device has told, in words: what it lost, its own notices, its records. The words are musterd's, the same as `muster device` and
// `muster records` print.
import { device_path, get } from "./api.js";
import { h, region } from "./dom.js";
import { moment, text } from "./format.js";
import { poll } from "./poll.js";
import { show_error } from "./status.js";
import { cell, fixed_table, row } from "./table.js";
import * as words from "./words.js";

// ---- losses and notices

function loss_row({ at_ms, text: said }) {
	return row(cell("", "", moment(at_ms)), cell("all", "", said));
}

function losses_children({ losses, link_reasons }) {
	const failed = link_reasons.map((reason) => reason.text).join(", ");
	return [fixed_table("Lost, newest first", [["When"], ["What, and the reason it gives"]], losses.map(loss_row),
		"No lost link or session has been reported yet."),
	...(failed ? [h("p", { className: "faint" }, `Its link failed, lost or not to be had: ${failed} since its boot.`)] : [])];
}

function notice_row([name, { at_ms, text: said }]) {
	return row(cell("", "", moment(at_ms)), cell("all", "", h("code", {}, name), ` ${said}`));
}

function notices_children(notices) {
	const newest_first = Object.entries(notices).sort(([, a], [, b]) => b.at_ms - a.at_ms);
	return [fixed_table("Notices, newest first", [["When"], ["What"]], newest_first.map(notice_row),
		"The agent has had nothing to notice yet.")];
}

export function losses_region() {
	return region(h("div", {}), losses_children);
}

// The latest of each of the agent's own events.
export function notices_region() {
	return region(h("div", {}), notices_children);
}

// ---- records

const records_every_ms = 15000; // each time, musterd walks back along the device's heartbeats
const records_shown = 20;
// Heartbeats are numbers: they are in the charts and among the metrics.
const stories = "boot_report,link,ota,command_result,event,log,gap";

// When it was made: by the device's clock if it had a time, else when it came.
function made_ms({ wall_ms, recv_ms }) {
	return Number(wall_ms) > 0 ? Number(wall_ms) : recv_ms;
}

function record_row(record) {
	return row(cell("", "", moment(made_ms(record)), " ", h("span", { className: "faint" }, words.time_source(record.time_quality))),
		cell("number", "Boot", text(record.boot)), cell("", "Kind", words.plain(record.kind.split("_")[0])),
		cell("all", "", record.undecodable ? h("code", {}, record.undecodable) : record.text));
}

function older(id) {
	return h("p", { className: "faint hint" }, "Older ones: ", h("code", {}, `muster records ${id} --limit 1000`));
}

const clocks = "rtc, sntp, server: by the device's clock, and what set it. came: it had no time, so this is when musterd got it.";

// next: where older ones begin, also if there is none of these kinds among those that musterd has looked at.
function records_children({ id, records, next }) {
	const none = next === null ? "Nothing but heartbeats is kept of it." : "Its newest records are all heartbeats.";
	return [fixed_table("Records, newest first", [["When, by which clock"], ["Boot", "number"], ["Kind"], ["What"]], records.map(record_row), none),
		records.length ? h("p", { className: "faint hint" }, clocks) : null, next === null ? null : older(id)];
}

export function records_region(id) {
	const error = h("div", {});
	const list = region(h("div", {}), records_children);

	async function load() {
		const { records, next } = await get(`${device_path(id)}/records`, { kind: stories, limit: records_shown });
		list.show({ id, records, next });
		show_error(error, null);
	}

	// That musterd is away, or has no such device, is told above.
	function failed(problem) {
		if (problem.status !== 0 && problem.status !== 404)
			show_error(error, problem);
	}

	const polling = poll(records_every_ms, load, failed);
	return { element: h("div", { className: "records" }, error, list.element), stop: polling.stop };
}
