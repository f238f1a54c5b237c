// SPDX-License-Identifier: Apache-2.0
// The two slots of a device, whether it can go back, and the button that asks for it.
import { h, region } from "./dom.js";
import { moment, text } from "./format.js";
import { badge } from "./badge.js";
import { open_rollback } from "./rollback.js";
import * as words from "./words.js";

function slot(name, firmware, sha, note) {
	return h("div", { className: "slot" }, h("h3", {}, name), h("p", {}, h("strong", {}, text(firmware))), h("p", {}, h("code", {}, text(sha))),
		note ? h("p", { className: "faint" }, note) : null);
}

// Why there is nothing to press, or null.
function obstacle({ running_sha, other_sha, rollback_ready, block }, is_acked) {
	if (!is_acked)
		return { meaning: "A device that sends plain JSON takes no commands.", remedy: "Muster's agent in its firmware would bring them." };
	if (!running_sha || !other_sha)
		return { meaning: "The device has not said yet which firmware is in its two slots.", remedy: "Wait for its next heartbeat." };
	if (running_sha === other_sha)
		return { meaning: "Both of its slots hold the same firmware: there is nothing to go back to.", remedy: "" };
	return rollback_ready === false ? words.block(block) : null;
}

function children({ id, firmware, ota, acked, last_result }, after) {
	const problem = obstacle(ota, acked);
	const button = h("button", { type: "button", className: "danger", id: "rollback-open", disabled: problem !== null,
		onclick: () => open_rollback({ id, firmware, ota }, after) }, "Roll back…");
	return [h("div", { className: "slots" }, slot(`Runs (slot ${ota.slot})`, firmware, ota.running_sha, ota.state ? words.plain(ota.state, "OTA_") : ""),
		slot("Other slot", ota.other_firmware, ota.other_sha, "")),
	h("p", {}, problem ? badge("warning", "cannot roll back") : badge("ok", "ready to roll back"), " ",
		problem ? `${problem.meaning} ${problem.remedy}` : ""),
	ota.rolled_back_ms ? h("p", { className: "faint" }, "Last went back ", moment(ota.rolled_back_ms)) : null,
	last_result ? h("p", { className: "faint" }, "Last answer to a command: ", words.plain(last_result.outcome, "OUTCOME_").toLowerCase(), " ",
		moment(last_result.at_ms)) : null, h("p", {}, button)];
}

// after(): called when a rollback was asked for or has ended.
export function slots_region(after) {
	const place = region(h("div", {}), (device) => children(device, after));
	return {
		element: place.element,
		show: ({ id, firmware, ota, acked, last_result }) => place.show({ id, firmware, ota, acked, last_result }),
	};
}
