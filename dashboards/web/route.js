// SPDX-License-Identifier: Apache-2.0
// Where the reader is: "#/device/edge-7?range=6h". All of it is in the hash, so a place can be sent to a colleague and "back" works.

// -> {view: "device", id: "edge-7", parameters: {range: "6h"}}
export function parse(hash) {
	const [path, search = ""] = hash.replace(/^#/, "").split("?");
	const [view, ...rest] = path.split("/").filter(Boolean);
	return { view: view ?? "fleet", id: decode(rest.join("/")), parameters: Object.fromEntries(new URLSearchParams(search)) };
}

function decode(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text; // half an escape is no id either
	}
}

export function link(path, parameters = {}) {
	const pairs = Object.entries(parameters).filter(([, value]) => value !== "" && value !== null && value !== undefined);
	return `#/${path}${pairs.length ? `?${new URLSearchParams(pairs)}` : ""}`;
}

export function device_link(id, parameters) {
	return link(`device/${encodeURIComponent(id)}`, parameters);
}

export function go(hash) {
	location.hash = hash;
}

// The same without a step of "back": for what changes with each key that is pressed.
export function go_quietly(hash) {
	history.replaceState(null, "", hash);
	dispatchEvent(new HashChangeEvent("hashchange"));
}
