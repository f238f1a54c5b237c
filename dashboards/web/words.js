// SPDX-License-Identifier: Apache-2.0
// Words for the names that the API gives. A name that is not here is shown as it is.

const states = {
	crash_loop: "Crash loop", hanging: "Hanging", power: "Brown-outs", offline: "Offline", silent: "Silent", heap_leak: "Heap leak",
	heap_low: "Heap low", sockets_low: "Sockets low", weak_signal: "Weak signal", flapping: "Flapping", flash: "Flash", clock: "Clock wrong",
	rolled_back: "Rolled back", new: "New", healthy: "Healthy",
};

export function state(name) {
	return states[name] ?? plain(name);
}

// "GAP_OVERWRITTEN" -> "Gap overwritten"
export function plain(name, prefix = "") {
	const words = String(name ?? "").replace(prefix, "").replaceAll("_", " ").toLowerCase();
	return words.charAt(0).toUpperCase() + words.slice(1);
}

const resets = {
	RESET_POWER_ON: "Power on", RESET_EXTERNAL: "Reset pin", RESET_SOFTWARE: "Restart by software", RESET_SLEEP: "Woke from sleep",
	RESET_DEBUG: "Debugger or USB", RESET_CRASH: "Crash (panic)", RESET_HANG: "Hang (watchdog)", RESET_BROWN_OUT: "Brown-out",
	RESET_HARDWARE: "Hardware fault", RESET_UNKNOWN: "Unknown",
};

const causes = {
	CAUSE_LIVENESS: "a task stopped reporting", CAUSE_COMMAND: "asked for by an operator", CAUSE_ROLLBACK: "rollback", CAUSE_UPDATE: "update",
	CAUSE_NETWORK: "last step of network recovery", CAUSE_HEAP_STARVED: "no heap left", CAUSE_ASSERT: "assert failed",
	CAUSE_BOOT_LOOP: "boot guard went back to the other slot", CAUSE_APPLICATION: "asked for by the application",
	CAUSE_NO_ACK: "trial ended without the collector's word",
};

export function reset(name) {
	return resets[name] ?? plain(name, "RESET_");
}

export function cause(name) {
	return name === "CAUSE_NONE" || !name ? "" : causes[name] ?? plain(name, "CAUSE_").toLowerCase();
}

const qualities = { TIME_NONE: "not set", TIME_RTC: "kept by its RTC", TIME_SNTP: "set by SNTP", TIME_SERVER: "set by musterd" };

export function time_quality(name) {
	return qualities[name] ?? plain(name, "TIME_");
}

const sources = { TIME_RTC: "rtc", TIME_SNTP: "sntp", TIME_SERVER: "server" };

// Which clock the time of a record is of; "came": it had no time, so it is when musterd got it.
export function time_source(quality) {
	return sources[quality] ?? "came";
}

const networks = {
	NETWORK_DOWN: "down", NETWORK_CONNECTED: "connected", NETWORK_RECONNECTING: "reconnecting", NETWORK_SCANNING: "scanning for its networks",
	NETWORK_FALLBACK: "fallback: its own access point is open", NETWORK_RECOVERY: "recovery: only a scan now and then",
};

export function network(name) {
	return networks[name] ?? plain(name, "NETWORK_");
}

// meaning, remedy
const outcomes = {
	OUTCOME_TOO_LARGE: ["The command is larger than the device takes.", "A signed command may have 1024 bytes."],
	OUTCOME_MALFORMED: ["The device could not read the command.", "Is the device's agent older than musterd?"],
	OUTCOME_UNKNOWN_KEY: ["The device does not know the collector's key.",
		"Put its public half on the device, or use `muster rollback` with an operator's key."],
	OUTCOME_BAD_SIGNATURE: ["The signature does not belong to the command.", "Try again; if it persists, look at who can publish on the broker."],
	OUTCOME_WRONG_DEVICE: ["The command is addressed to another device.", "Try again; if it persists, look at who can publish on the broker."],
	OUTCOME_WRONG_ROLE: ["The device does not let the collector's key do this.", "Use `muster rollback` with an operator's key."],
	OUTCOME_REPLAYED: ["The device has already taken this or a later command of the key.", "Try again; the command gets a new counter."],
	OUTCOME_EXPIRED: ["The command's time was over when the device read it.", "Try again; compare the clocks of the collector and the device."],
	OUTCOME_UNSUPPORTED: ["The device does not know this command.", "Update the device's agent."],
	OUTCOME_RUNNING_MISMATCH: ["The device runs another firmware than the command takes away.", "Look at the slots above: is it back already?"],
	OUTCOME_TARGET_MISMATCH: ["The other slot holds another firmware than the command names.", "Look at the slots above, then try again."],
	OUTCOME_NOT_READY: ["The device cannot boot its other slot.", "The detail says why; an update is the way out."],
	OUTCOME_BUSY: ["The device is at work on an update or another rollback.", "Wait until it is done, then try again."],
	OUTCOME_FAILED: ["The device tried and could not.", "The detail says why; look at its boots above."],
	OUTCOME_ID_REUSED: ["The device knows another command with this id.", "Try again; the command gets a new id."],
};

export function outcome(name) {
	const [meaning, remedy] = outcomes[name] ?? [name ? plain(name, "OUTCOME_") : "", ""];
	return { meaning, remedy };
}

const update_is_the_way = "An update is the only way to another firmware.";
const blocks = {
	ROLLBACK_READY: ["Ready.", ""],
	ROLLBACK_NO_IMAGE: ["Its other slot holds no image.", update_is_the_way],
	ROLLBACK_DAMAGED: ["The image in its other slot is damaged.", update_is_the_way],
	ROLLBACK_SLOT_INVALID: ["The image in its other slot was rejected earlier.", update_is_the_way],
	ROLLBACK_QUARANTINED: ["The image in its other slot was left because it crashed or hung.", update_is_the_way],
	ROLLBACK_SECURITY_FLOOR: ["The image in its other slot is below the security floor.", update_is_the_way],
	ROLLBACK_BUSY: ["An update is being written.", "Wait until it is done."],
	ROLLBACK_UNCHECKED: ["It still verifies the image in its other slot.", "Try again in a minute."],
};

export function block(name) {
	const [meaning, remedy] = blocks[name] ?? [plain(name, "ROLLBACK_"), ""];
	return { meaning, remedy };
}

// The steps of a rollback in their order; what the operator should make of each.
export const steps = [
	{ state: "queued", text: "Queued: it is given to the device as soon as the device can be reached." },
	{ state: "sent", text: "Sent to the device." },
	{ state: "accepted", text: "Accepted: the device checked it and will do it." },
	{ state: "done", text: "Switched: the device says that it is done and restarts." },
	{ state: "confirmed", text: "Confirmed: the device runs the other firmware." },
];

export const endings = {
	refused: "Refused by the device.",
	failed: "Failed on the device.",
	expired: "Expired: no answer in time. A late answer is still taken.",
};
