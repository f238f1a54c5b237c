// SPDX-License-Identifier: Apache-2.0
// Asks musterd. Every failure is an ApiError with what, where and remedy, also if there was no answer at all.

const timeout_ms = 15000;

export class ApiError extends Error {
	constructor(status, { what, where, remedy }) {
		super(what);
		this.status = status; // 0: no answer
		this.where = where ?? "";
		this.remedy = remedy ?? "";
	}
}

// {state: "silent", q: ""} -> "?state=silent"
function query(parameters) {
	const pairs = Object.entries(parameters).filter(([, value]) => value !== "" && value !== null && value !== undefined);
	return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

async function ask(path, options) {
	let response;
	try {
		response = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(timeout_ms) });
	} catch {
		throw new ApiError(0, { what: "musterd does not answer", where: location.host,
			remedy: "Is it running, and can this machine reach it? The page goes on trying." });
	}
	let body = null;
	try {
		body = await response.json();
	} catch {
		body = null;
	}
	if (response.ok && body !== null)
		return body;
	throw new ApiError(response.status, body?.error ?? { what: `musterd answered ${response.status} ${response.statusText}`.trim(), where: path,
		remedy: "Reload the page: it may be of another version than musterd." });
}

export function get(path, parameters = {}) {
	return ask(path + query(parameters));
}

export function post(path, body, token) {
	const headers = { "Content-Type": "application/json", "Authorization": `Bearer ${token}` };
	return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

export function device_path(id) {
	return `/api/v1/devices/${encodeURIComponent(id)}`;
}
