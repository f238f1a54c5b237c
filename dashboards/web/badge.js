// SPDX-License-Identifier: Apache-2.0
// A word with the colour and the sign of its severity; the sign is for those who do not tell colours apart.
import { h } from "./dom.js";

const levels = new Set(["ok", "info", "warning", "critical"]);

function level_of(severity) {
	return levels.has(severity) ? severity : "none";
}

export function badge(severity, text, title) {
	return h("span", { className: `badge ${level_of(severity)}`, title }, h("span", { className: "sign", "aria-hidden": "true" }), text);
}
