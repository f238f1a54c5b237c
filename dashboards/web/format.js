// SPDX-License-Identifier: Apache-2.0
// Values as people read them. What is not known is a dash.
import { h } from "./dom.js";

const dash = "–";
let skew_ms = 0; // server's clock minus ours

export function set_server_time(at_ms) {
	if (Number.isFinite(at_ms))
		skew_ms = at_ms - Date.now();
}

export function server_now_ms() {
	return Date.now() + skew_ms;
}

function known(value) {
	return value !== null && value !== undefined && value !== "";
}

export function text(value) {
	return known(value) ? String(value) : dash;
}

export function count(value) {
	return known(value) ? Number(value).toLocaleString("en") : dash;
}

export function bytes(value) {
	if (!known(value))
		return dash;
	const size = Math.abs(value);
	if (size < 1024)
		return `${value} B`;
	return size < 1048576 ? `${(value / 1024).toFixed(1)} KiB` : `${(value / 1048576).toFixed(1)} MiB`;
}

export function dbm(value) {
	return known(value) ? `${value} dBm`.replace("-", "−") : dash;
}

const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

// "3 min", "2 h": as coarse as `muster devices` says it.
export function duration(seconds) {
	if (!known(seconds))
		return dash;
	const whole = Math.max(0, Math.floor(seconds));
	const [size, unit] = units.find(([size]) => whole >= 2 * size) ?? units[3];
	return `${Math.floor(whole / size)} ${unit}`;
}

function two(number) {
	return String(number).padStart(2, "0");
}

export function clock(ms) {
	const at = new Date(ms);
	return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function date_and_clock(ms) {
	const at = new Date(ms);
	return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ms)}`;
}

function both_times(ms) {
	return `${date_and_clock(ms)} local, ${new Date(ms).toISOString().replace("T", " ").replace(/\.\d+Z/, "")} UTC`;
}

function age_text(ms) {
	return `${duration((server_now_ms() - ms) / 1000)} ago`;
}

// A <time> whose text goes on with the time; tick() does it.
export function age(ms) {
	if (!known(ms))
		return document.createTextNode(dash);
	return h("time", { "datetime": new Date(ms).toISOString(), "title": both_times(ms), "data-age": ms }, age_text(ms));
}

// Local time of day, with the date if it was not today.
export function moment(ms) {
	if (!known(ms))
		return document.createTextNode(dash);
	const is_today = new Date(ms).toDateString() === new Date().toDateString();
	return h("time", { datetime: new Date(ms).toISOString(), title: both_times(ms) }, is_today ? clock(ms) : date_and_clock(ms));
}

export function tick() {
	for (const element of document.querySelectorAll("time[data-age]")) {
		const now = age_text(Number(element.dataset.age));
		if (element.textContent !== now)
			element.textContent = now;
	}
}

export function number(value) {
	if (!known(value) || !Number.isFinite(Number(value)))
		return dash;
	return Number(value).toLocaleString("en", { maximumFractionDigits: 2 });
}

const with_unit = {
	bytes,
	bytes_per_hour: (value) => `${bytes(value)}/h`,
	seconds: duration,
	milliseconds: (value) => `${count(value)} ms`,
	dbm,
	decicelsius: (value) => `${(value / 10).toFixed(1)} °C`,
	permille: (value) => `${(value / 10).toFixed(1)} %`,
	flag: (value) => (value ? "yes" : "no"),
	microseconds: (value) => `${count(value)} µs`,
	microseconds_per_second: (value) => `${count(value)} µs/s`,
};

// A value with a unit of metrics.def.
export function metric(value, unit) {
	return known(value) ? (with_unit[unit] ?? count)(value) : dash;
}
